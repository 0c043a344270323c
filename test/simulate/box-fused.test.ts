import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { KERNELS_FILE, realBinding } from '../../src/engine/binding.ts';
import { type Kernels, kernels, withoutKernels } from '../../src/engine/kernels.ts';
import { engine, tf } from '../../src/engine/tf.ts';
import type { Placement } from '../../src/simulate/box/deposit.ts';
import { type Box, boxArea, eachFrequency } from '../../src/simulate/box/grid.ts';
import { aperture, type BoxRun, boxMultislice } from '../../src/simulate/box/multislice.ts';
import { SlicePotentials, type SpeciesAtoms } from '../../src/simulate/box/potential.ts';
import { discPoints } from '../../src/simulate/box/probe.ts';
import { interactionParameter, wavelength } from '../../src/simulate/electron.ts';
import { emptyPlane, type Plane, transform } from '../../src/simulate/fourier.ts';
import { VOLT_SQUARE_ANGSTROM } from '../../src/simulate/projection.ts';
import { scatteringFactors } from '../../src/simulate/scattering.ts';
import { difference } from '../support/difference.ts';

interface Wanted {
  rows: number;
  columns: number;
  /** Atoms of every slice by their elements; none makes an empty slice. */
  slices: readonly (readonly number[])[];
  placement?: Placement;
}

/** A skewed box with atoms anywhere, also across its edges. */
function specimenOf({ rows, columns, slices, placement = 'exact' }: Wanted) {
  const stream = new Stream(3, `box/${rows}/${columns}`);
  const pixel = 0.15;
  const sides = [
    [rows * pixel, 0.3],
    [0.2 * columns * pixel, columns * pixel],
  ] as const;
  const box: Box = { sides, rows, columns, band: 0.31 / pixel };
  const atoms = slices.map((elements) =>
    elements.map((element): SpeciesAtoms => {
      const place = () => Array.from({ length: 3 }, () => stream.uniform() * 1.02 - 0.01);
      return { element, meanSquare: element === 8 ? 0.01 : 0, u: place(), v: place() };
    }),
  );
  const potentials = new SlicePotentials({
    box,
    placement,
    factors: scatteringFactors('kirkland'),
  });
  return { box, potentials, specimen: { step: 2.3, slices: atoms } };
}

/** Two energies, two probes, two thicknesses, an absorbing potential. */
function runOf(wanted: Wanted, more: Partial<BoxRun> = {}): BoxRun {
  const energies = [100, 200];
  return {
    ...specimenOf(wanted),
    beams: energies.map((energy) => ({
      lambda: wavelength(energy),
      sigma: interactionParameter(energy),
    })),
    radii: [0.5, 0.4],
    positions: [
      [0.5, 0.5],
      [0.1, 0.7],
    ],
    records: [2, 5],
    absorption: 0.1,
    taper: 0.05,
    ...more,
  };
}

const setThreads = (threads: number): void => {
  const path = join(dirname(realBinding()!), KERNELS_FILE);
  (createRequire(import.meta.url)(path) as { register(threads: number): string }).register(threads);
};

const cells: Wanted[] = [
  { rows: 30, columns: 54, slices: [[14, 8], [], [31], [8], [14, 31]] },
  { rows: 50, columns: 40, slices: [[14], [82]] },
  { rows: 128, columns: 90, slices: [[14], [8], [31, 14]], placement: 'linear' },
  { rows: 16, columns: 128, slices: [[], [14]] },
];

describe('the fused kernels of the box mode', () => {
  const run = kernels() as Kernels;
  afterEach(() => setThreads(engine.threads));

  it.each(cells)("give what TensorFlow's own operations give on $rows x $columns", (wanted) => {
    expect(run).not.toBeNull();
    const settings = runOf(wanted);
    const before = tf.memory().numTensors;
    const ours = boxMultislice(settings);
    settings.potentials.dispose();
    expect(tf.memory().numTensors).toBe(before);
    const theirs = withoutKernels(() => boxMultislice(settings));
    ours.forEach((records, e) => {
      records.forEach((pattern, t) => {
        expect(difference(pattern, theirs[e]![t]!), `energy ${e}, record ${t}`).toBeLessThan(1e-5);
      });
    });
    expect(boxMultislice(settings)).toEqual(ours);
    settings.potentials.dispose();
  });

  it.each(cells.slice(0, 2))('are right to single precision on $rows x $columns', (wanted) => {
    const settings = runOf(wanted);
    const ours = boxMultislice(settings);
    settings.beams.forEach((_, e) => {
      const truth = inDouble(settings, e);
      truth.forEach((pattern, t) => {
        expect(difference(ours[e]![t]!, pattern), `energy ${e}, record ${t}`).toBeLessThan(1e-5);
      });
    });
    settings.potentials.dispose();
  });

  it('do not ask how slices are cut into calls', () => {
    // Nineteen slices are two slabs; told that two of them repeat, they are one.
    const [one, other] = [[14, 8], [31]];
    const slices = Array.from({ length: 19 }, (_, i) => (i % 2 ? other : one));
    const box = { rows: 32, columns: 32, slices };
    const all = runOf(box, { records: [3, 19] });
    const atoms = all.specimen.slices;
    const repeating = { ...all.specimen, slices: atoms.map((_, i) => atoms[i % 2]!) };
    const told = { ...all.specimen, slices: atoms.slice(0, 2) };
    const few = boxMultislice({ ...all, specimen: told });
    // To rounding: which slice shares a complex plane with another depends on the cut.
    boxMultislice({ ...all, specimen: repeating }).forEach((records, e) => {
      records.forEach((pattern, t) => {
        expect(difference(few[e]![t]!, pattern)).toBeLessThan(2e-6);
      });
    });
    all.potentials.dispose();
  });

  it('go through slices that lie between the atoms, also where a call has no others', () => {
    const slices = [...Array.from({ length: 16 }, () => [14]), []];
    const settings = runOf({ rows: 16, columns: 16, slices }, { records: [17] });
    const ours = boxMultislice(settings);
    const theirs = withoutKernels(() => boxMultislice(settings));
    ours.forEach(([pattern], e) => {
      expect(difference(pattern!, theirs[e]![0]!)).toBeLessThan(1e-5);
    });
    settings.potentials.dispose();
  });

  it('give the same bits on one thread and on two', () => {
    // Four waves on this grid are enough work to wake the second.
    const settings = runOf(cells[2]!);
    setThreads(1);
    const alone = boxMultislice(settings);
    setThreads(2);
    expect(boxMultislice(settings)).toEqual(alone);
    settings.potentials.dispose();
  });

  it('refuse what does not fit together', () => {
    const zeros = (shape: number[]) => tf.zeros(shape);
    const waves = (rows: number) => [zeros([1, 1, 2, rows, 16]), zeros([1, 2, 16, 16])];
    expect(() => run('CbedBoxWaves', [...waves(14), zeros([4])], 1, 1)).toThrow(/small factors/);
    expect(() => run('CbedBoxWaves', [...waves(20), zeros([4])], 1, 1)).toThrow(/propagators/);
    expect(() => run('CbedBoxWaves', [...waves(16), zeros([4])], 1, 1)).toThrow(/another box/);
    const [counts, factors] = [tf.tensor2d([2], [1, 1]), zeros([1, 16, 16])];
    const make = (atoms: number[], mask: number[]) =>
      run('CbedBoxTransmissions', [zeros(atoms), counts, factors, zeros(mask), zeros([2])], 1, 1);
    expect(() => make([1, 18], [16, 16])).toThrow(/counts/);
    expect(() => make([2, 3], [16, 16])).toThrow(/reach/);
    expect(() => make([2, 18], [16, 18])).toThrow(/aperture/);
  });
});

/** Multiplies one plane by another, point by point. */
function multiply(plane: Plane, re: ArrayLike<number>, im: ArrayLike<number>, scale = 1): void {
  for (let at = 0; at < plane.re.length; at++) {
    const [a, b] = [plane.re[at]! * scale, plane.im[at]! * scale];
    plane.re[at] = a * re[at]! - b * im[at]!;
    plane.im[at] = a * im[at]! + b * re[at]!;
  }
}

/** Projected potential of a slice inside the band from the positions of its atoms, V angstrom. */
function potentialOf(box: Box, species: readonly SpeciesAtoms[]): Plane {
  const plane = emptyPlane(box.rows, box.columns);
  const [a, b] = box.sides;
  eachFrequency(box, (at, x, y) => {
    const q2 = x * x + y * y;
    if (q2 >= box.band ** 2) return;
    for (const { element, meanSquare, u, v } of species) {
      const blur = Math.exp(-2 * Math.PI ** 2 * meanSquare * q2);
      const f = (VOLT_SQUARE_ANGSTROM / boxArea(box)) * scatteringFactors('kirkland')(element, q2);
      for (let i = 0; i < u.length; i++) {
        const along = x * (u[i]! * a[0] + v[i]! * b[0]) + y * (u[i]! * a[1] + v[i]! * b[1]);
        plane.re[at]! += f * blur * Math.cos(2 * Math.PI * along);
        plane.im[at]! -= f * blur * Math.sin(2 * Math.PI * along);
      }
    }
  });
  return transform(plane, 1);
}

/** One energy of a run in double precision, record by record. */
function inDouble(run: BoxRun, energy: number): Float64Array[] {
  const { box, specimen, records, positions } = run;
  const { lambda, sigma } = run.beams[energy]!;
  const points = box.rows * box.columns;
  const none = new Float64Array(points);
  const mask = aperture(box, run.taper);
  const onward = emptyPlane(box.rows, box.columns);
  eachFrequency(box, (at, x, y) => {
    const phase = Math.PI * lambda * specimen.step * (x * x + y * y);
    onward.re[at] = mask[at]! * Math.cos(phase);
    onward.im[at] = -mask[at]! * Math.sin(phase);
  });
  const through = specimen.slices.map((species) => {
    const plane = potentialOf(box, species);
    plane.re.forEach((volts, at) => {
      const fade = Math.exp(-run.absorption * sigma * volts);
      plane.re[at] = fade * Math.cos(sigma * volts);
      plane.im[at] = fade * Math.sin(sigma * volts);
    });
    const spectrum = transform(plane, -1);
    multiply(spectrum, mask, none, 1 / points);
    return transform(spectrum, 1);
  });
  const out = records.map(() => new Float64Array(points));
  const [a, b] = box.sides;
  for (const [u, v] of positions) {
    let wave = emptyPlane(box.rows, box.columns);
    const disc = discPoints(box, run.radii[energy]!);
    for (const { at, x, y } of disc) {
      const phase = 2 * Math.PI * (x * (u * a[0] + v * b[0]) + y * (u * a[1] + v * b[1]));
      wave.re[at] = Math.cos(phase) / Math.sqrt(disc.length);
      wave.im[at] = -Math.sin(phase) / Math.sqrt(disc.length);
    }
    for (let done = 0; done < records.at(-1)!; done++) {
      const { re, im } = through[done % through.length]!;
      wave = transform(wave, 1);
      multiply(wave, re, im, 1 / points);
      wave = transform(wave, -1);
      multiply(wave, onward.re, onward.im);
      const record = records.indexOf(done + 1);
      if (record < 0) continue;
      wave.re.forEach((value, at) => {
        out[record]![at]! += (value ** 2 + wave.im[at]! ** 2) / positions.length;
      });
    }
  }
  return out;
}
