import { complexMul, fft2, ifft2 } from '../../engine/complex.ts';
import { type Kernels, kernels } from '../../engine/kernels.ts';
import { numbersOf } from '../../engine/numbers.ts';
import { type Tensor, tf } from '../../engine/tf.ts';
import { fastSize } from '../fourier.ts';
import { type Box, eachFrequency } from './grid.ts';
import { type SlicePotentials, type SpeciesAtoms, speciesKey } from './potential.ts';
import { type ProbePosition, probes } from './probe.ts';

/** Transmission functions met again are kept while all of them take at most this many bytes. */
const KEPT_BYTES = 1 << 30;

/** A specimen in slices, met in turn and then again from the first. */
export interface SlicedAtoms {
  /** Slice thickness, angstrom. */
  step: number;
  /** Atoms of each slice. */
  slices: readonly (readonly SpeciesAtoms[])[];
  /** Share of the potential of the listed atoms that a slice carries; 1 where absent. */
  weight?: number;
}

export interface BoxRun {
  box: Box;
  potentials: SlicePotentials;
  specimen: SlicedAtoms;
  /** Wavelength in angstrom and interaction parameter in rad/(V angstrom) of each energy. */
  beams: readonly { lambda: number; sigma: number }[];
  /** Radius of the probe-forming aperture of each energy, 1/angstrom. */
  radii: readonly number[];
  positions: readonly ProbePosition[];
  /** Numbers of slices after which the intensity is recorded, ascending. */
  records: readonly number[];
  absorption: number;
  /** Share of the band over which the anti-alias aperture falls. */
  taper: number;
}

/**
 * The anti-alias aperture, (1, rows, columns): 1 inside the band, 0 outside, falling as a cosine
 * over the outermost `taper` (a share of the band).
 */
export function aperture(box: Box, taper: number): Float32Array {
  const out = new Float32Array(box.rows * box.columns);
  eachFrequency(box, (at, x, y) => {
    const share = Math.sqrt(x * x + y * y) / box.band;
    if (share > 1) return;
    const inner = 1 - taper;
    out[at] = share <= inner ? 1 : (1 + Math.cos((Math.PI * (share - inner)) / taper)) / 2;
  });
  return out;
}

/**
 * exp(-i pi lambda step k^2) times the anti-alias aperture, (2, rows, columns): real and imaginary
 * parts.
 */
function propagator(box: Box, lambda: number, step: number, mask: Float32Array): Float32Array {
  const out = new Float32Array(2 * mask.length);
  eachFrequency(box, (at, x, y) => {
    if (mask[at] === 0) return;
    const phase = Math.PI * lambda * step * (x * x + y * y);
    out[at] = Math.cos(phase) * mask[at]!;
    out[mask.length + at] = -Math.sin(phase) * mask[at]!;
  });
  return out;
}

/** exp(i sigma v (1 + i absorption)) of a slice, band-limited; (1, rows, columns) complex. */
const transmissionOf = (
  volts: Tensor,
  options: { sigma: number; absorption: number; aperture: Tensor },
): Tensor =>
  tf.tidy(() => {
    const phase = volts.mul(options.sigma);
    const [re, im] = [phase.cos(), phase.sin()];
    const wave =
      options.absorption > 0
        ? ((fade) => tf.complex(re.mul(fade), im.mul(fade)))(phase.mul(-options.absorption).exp())
        : tf.complex(re, im);
    return ifft2(complexMul(fft2(wave), options.aperture));
  });

/** Complex (count, rows, columns) from real and imaginary parts, (count, 2, rows, columns). */
const complexOf = (values: Float32Array, { rows, columns }: BoxRun['box']): Tensor =>
  tf.tidy(() => {
    const parts = tf.tensor4d(values, [values.length / (2 * rows * columns), 2, rows, columns]);
    const [re, im] = parts.unstack(1) as [Tensor, Tensor];
    return tf.complex(re, im);
  });

const intensity = (spectrum: Tensor): Float32Array =>
  numbersOf(() => tf.real(spectrum).square().add(tf.imag(spectrum).square()).mean(0));

/** Gives the transmission functions of a slice, one an energy; call inside `tf.tidy`. */
class ComposedSlices {
  private readonly run: BoxRun;
  private readonly cut: Tensor;
  private readonly kept = new Map<number, Tensor[]>();
  private readonly keeps: boolean;

  constructor(run: BoxRun, mask: Float32Array) {
    this.run = run;
    const shape: [number, number, number] = [1, run.box.rows, run.box.columns];
    this.cut = tf.keep(tf.tidy(() => tf.complex(tf.tensor3d(mask, shape), tf.zeros(shape))));
    const distinct = run.specimen.slices.length;
    const bytes = 8 * mask.length * distinct * run.beams.length;
    this.keeps = run.records.at(-1)! > distinct && bytes <= KEPT_BYTES;
  }

  of(index: number): Tensor[] {
    const known = this.kept.get(index);
    if (known) return known;
    const { potentials, specimen, beams, absorption } = this.run;
    const made = tf.tidy(() => {
      const volts = potentials.slice(specimen.slices[index]!);
      const weight = specimen.weight ?? 1;
      return beams.map(({ sigma }) =>
        transmissionOf(volts, { sigma: sigma * weight, absorption, aperture: this.cut }),
      );
    });
    if (this.keeps) this.kept.set(index, made.map(tf.keep));
    return made;
  }

  dispose(): void {
    tf.dispose([this.cut, ...[...this.kept.values()].flat()]);
  }
}

/**
 * Multislice of probes through a box by TensorFlow's own operations; see `boxMultislice`.
 *
 * Memory: about 32 bytes x grid points x (probe positions + energies), and 8 bytes x grid points
 * for each distinct slice and energy, of which at most 1 GiB is kept.
 */
function composedBox(run: BoxRun): Float32Array[][] {
  const { box, specimen, records } = run;
  const mask = aperture(box, run.taper);
  const transmissions = new ComposedSlices(run, mask);
  const onward = run.beams.map(({ lambda }) =>
    complexOf(propagator(box, lambda, specimen.step, mask), box),
  );
  let waves = run.radii.map((radius) => complexOf(probes(box, radius, run.positions), box));
  const out: Float32Array[][] = run.beams.map(() => []);
  for (let done = 0; done < records.at(-1)!; done++) {
    const next = tf.tidy(() => {
      const slices = transmissions.of(done % specimen.slices.length);
      return waves.map((wave, e) =>
        complexMul(fft2(complexMul(ifft2(wave), slices[e]!)), onward[e]!),
      );
    });
    tf.dispose(waves);
    waves = next;
    if (!records.includes(done + 1)) continue;
    for (const [e, wave] of waves.entries()) out[e]!.push(intensity(wave));
  }
  tf.dispose([...waves, ...onward]);
  transmissions.dispose();
  return out;
}

/** Transmission functions that are made in one call take about this many bytes. */
const SLAB_BYTES = 64 << 20;
/** Most slices of one call. */
const SLAB_SLICES = 16;

/** Most slices that waves go through in one call. */
const RUN = 256;

/** Arrays of equal length one after another. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const length = parts[0]!.length;
  const out = new Float32Array(parts.length * length);
  parts.forEach((part, i) => {
    out.set(part, i * length);
  });
  return out;
}

/** Transmission functions of slices, all energies of a slice in one tensor of the kernels' layout. */
class FusedSlices {
  private readonly kernels: Kernels;
  private readonly run: BoxRun;
  private readonly aperture: Tensor;
  private readonly optics: Tensor;
  private readonly kept: Tensor[] = [];
  private readonly keeps: boolean;
  private readonly slab: number;

  constructor(kernels: Kernels, run: BoxRun, mask: Float32Array) {
    this.kernels = kernels;
    this.run = run;
    const { box, specimen, beams, records, absorption } = run;
    const sigmas = beams.map(({ sigma }) => sigma * (specimen.weight ?? 1));
    this.aperture = tf.tensor2d(mask, [box.rows, box.columns]);
    this.optics = tf.tensor1d([absorption, ...sigmas]);
    const bytes = 8 * mask.length * beams.length;
    const distinct = specimen.slices.length;
    this.keeps = records.at(-1)! > distinct && bytes * distinct <= KEPT_BYTES;
    this.slab = Math.max(2, Math.min(SLAB_SLICES, 2 * Math.floor(SLAB_BYTES / bytes / 2)));
  }

  /** Those of at most `most` slices that are met one after another from number `done` on. */
  after(done: number, most: number): Tensor[] {
    const distinct = this.run.specimen.slices.length;
    const first = done % distinct;
    if (!this.keeps) return this.make(first, Math.min(most, this.slab, distinct - first));
    while (this.kept.length < distinct) {
      this.kept.push(
        ...this.make(this.kept.length, Math.min(this.slab, distinct - this.kept.length)),
      );
    }
    return Array.from(
      { length: Math.min(most, RUN) },
      (_, i) => this.kept[(first + i) % distinct]!,
    );
  }

  /** Frees what `after` gave. */
  release(slices: readonly Tensor[]): void {
    if (!this.keeps) tf.dispose(slices as Tensor[]);
  }

  dispose(): void {
    tf.dispose([this.aperture, this.optics, ...this.kept]);
  }

  private make(first: number, count: number): Tensor[] {
    const { box, specimen, potentials } = this.run;
    const slices = specimen.slices.slice(first, first + count);
    const kinds = new Map<string, SpeciesAtoms>();
    for (const one of slices.flat()) kinds.set(speciesKey(one), one);
    // The kernel asks for a species, also where thin slices fall between the atoms.
    if (kinds.size === 0) kinds.set('none', { element: 1, meanSquare: 0, u: [], v: [] });
    const species = [...kinds.values()];
    const lists = slices.flatMap((slice) => {
      const known = new Map(slice.map((one) => [speciesKey(one), one]));
      return [...kinds.keys()].map((key) => known.get(key));
    });
    return tf.tidy(() => {
      const atoms = this.atoms(lists);
      const counts = lists.map((one) => one?.u.length ?? 0);
      const planes = species.map((one) => potentials.plane(one));
      const inputs = [
        atoms,
        tf.tensor2d(counts, [count, species.length]),
        tf.tensor3d(joined(planes), [species.length, box.rows, box.columns]),
        this.aperture,
        this.optics,
      ];
      return this.kernels('CbedBoxTransmissions', inputs, count, count);
    });
  }

  /** Where each atom falls on the grid, list by list. */
  private atoms(lists: readonly (SpeciesAtoms | undefined)[]): Tensor {
    const { reach, write } = this.run.potentials.spread;
    const width = 2 + 2 * reach;
    const count = lists.reduce((sum, one) => sum + (one?.u.length ?? 0), 0);
    const values = new Float32Array(count * width);
    let at = 0;
    for (const one of lists) {
      for (let i = 0; i < (one?.u.length ?? 0); i++, at += width) {
        write(values, at, one!.u[i]!, one!.v[i]!);
      }
    }
    return tf.tensor2d(values, [count, width]);
  }
}

/**
 * Multislice of probes through a box by the fused kernels; see `boxMultislice`.
 *
 * Memory: about 24 bytes x grid points x probe positions x energies; 8 bytes x grid points x
 * energies for each slice of a slab of at most 64 MiB (or two slices), or for every distinct slice
 * where slices repeat and all take at most 1 GiB; and (20 + 12 x energies) bytes x grid points for
 * each thread.
 */
function fusedBox(kernels: Kernels, run: BoxRun): Float32Array[][] {
  const { box, specimen, records, beams, positions } = run;
  const { rows, columns } = box;
  const mask = aperture(box, run.taper);
  const transmissions = new FusedSlices(kernels, run, mask);
  const shape: [number, number, number, number, number] = [
    beams.length,
    positions.length,
    2,
    rows,
    columns,
  ];
  const onward = tf.tensor4d(
    joined(beams.map(({ lambda }) => propagator(box, lambda, specimen.step, mask))),
    [beams.length, 2, rows, columns],
  );
  let waves: Tensor = tf.tensor5d(
    joined(run.radii.map((radius) => probes(box, radius, positions))),
    shape,
  );
  const out: Float32Array[][] = beams.map(() => []);
  let done = 0;
  for (const record of records) {
    while (done < record) {
      const slices = transmissions.after(done, record - done);
      const next = kernels('CbedBoxWaves', [waves, onward, ...slices], 1, slices.length)[0]!;
      transmissions.release(slices);
      waves.dispose();
      waves = next;
      done += slices.length;
    }
    const intensity = numbersOf(() => waves.square().sum(2).mean(1));
    out.forEach((list, e) => {
      list.push(intensity.slice(e * mask.length, (e + 1) * mask.length));
    });
  }
  tf.dispose([waves, onward]);
  transmissions.dispose();
  return out;
}

/**
 * Multislice of probes through a box: transmit, propagate, slice by slice; every energy shares the
 * potentials. Gives, for each energy and record, the intensity over the transform of the box
 * (row-major), a fraction of the probe, averaged over the probe positions. `composedBox` and
 * `fusedBox` state their memory.
 */
export function boxMultislice(run: BoxRun): Float32Array[][] {
  const fused = kernels();
  const { rows, columns } = run.box;
  const even = fastSize(rows) === rows && fastSize(columns) === columns;
  return fused && even ? fusedBox(fused, run) : composedBox(run);
}
