import h5wasm, { type Dataset, type Group } from 'h5wasm/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { atomicNumber } from '../../src/crystal/elements.ts';
import { tf } from '../../src/engine/tf.ts';
import type { Box } from '../../src/simulate/box/grid.ts';
import { eachFrequency, gridLimit } from '../../src/simulate/box/grid.ts';
import { boxMultislice, type SlicedAtoms } from '../../src/simulate/box/multislice.ts';
import { SlicePotentials, type SpeciesAtoms } from '../../src/simulate/box/potential.ts';
import { interactionParameter, wavelength } from '../../src/simulate/electron.ts';
import { kirklandFactor, type ScatteringFactor } from '../../src/simulate/scattering.ts';

/*
 * Four patterns by abTEM (github.com/abTEM/abTEM, float64): Kirkland parameters (stored with them),
 * infinite projection, no thermal motion, hard probe aperture, 2/3 anti-alias aperture with its
 * taper of 0.01 grid frequencies, which is 3 % of the band.
 */
const CASES = ['si_001_100keV', 'si_110_100keV', 'gaas_110_200keV', 'srtio3_001_200keV'];
const TAPER = 0.03;

interface Golden {
  box: Box;
  specimen: SlicedAtoms;
  factors: ScatteringFactor;
  energy: number;
  radius: number;
  intensity: Float32Array;
}

let file: InstanceType<typeof h5wasm.File>;

beforeAll(async () => {
  await h5wasm.ready;
  file = new h5wasm.File('test/golden/multislice.h5', 'r');
});

const values = (group: Group, name: string): ArrayLike<number> =>
  (group.get(name) as Dataset).value as unknown as ArrayLike<number>;

function readCase(name: string): Golden {
  const group = file.get(name) as Group;
  const number = (key: string) => Number(group.attrs[key]!.value);
  const [width, height] = values(group, 'cell_angstrom') as [number, number];
  const step = number('slice_thickness_angstrom');
  const slices = Array.from({ length: number('n_slices') }, () => new Map<number, SpeciesAtoms>());
  const positions = values(group, 'positions_angstrom');
  Array.from(values(group, 'numbers'), Number).forEach((element, i) => {
    const [x, y, z] = [positions[3 * i]!, positions[3 * i + 1]!, positions[3 * i + 2]!];
    // abTEM leaves out atoms that rounding has put outside the cell (130 of Si [110]).
    if (x < 0 || y < 0) return;
    const slice = slices[Math.floor(z / step + 1e-6)]!;
    const species = slice.get(element) ?? { element, meanSquare: 0, u: [], v: [] };
    (species.u as number[]).push(x / width);
    (species.v as number[]).push(y / height);
    slice.set(element, species);
  });
  const table: Record<number, ArrayLike<number>> = {};
  for (const [key, attribute] of Object.entries(group.attrs)) {
    if (key.startsWith('kirkland_')) {
      table[atomicNumber(key.slice(9))!] = attribute.value as unknown as number[];
    }
  }
  const energy = number('energy_eV') / 1000;
  const sides = [
    [width, 0],
    [0, height],
  ] as const;
  const grid = { sides, rows: 128, columns: 128 };
  return {
    box: { ...grid, band: (2 / 3) * gridLimit(grid) },
    specimen: { step, slices: slices.map((slice) => [...slice.values()]) },
    factors: (element, q2) => kirklandFactor(table[element]!, q2),
    energy,
    radius: number('semiangle_mrad') / 1000 / wavelength(energy),
    intensity: values(group, 'intensity') as Float32Array,
  };
}

function simulate({ box, specimen, factors, energy, radius }: Golden): Float32Array {
  const potentials = new SlicePotentials({ box, placement: 'linear', factors });
  const [[pattern]] = boxMultislice({
    box,
    potentials,
    specimen,
    beams: [{ lambda: wavelength(energy), sigma: interactionParameter(energy) }],
    radii: [radius],
    positions: [[0.5, 0.5]],
    records: [specimen.slices.length],
    absorption: 0,
    taper: TAPER,
  }) as [[Float32Array]];
  potentials.dispose();
  return pattern;
}

describe('box mode against abTEM', () => {
  it.each(CASES)('%s', (name) => {
    const golden = readCase(name);
    const before = tf.memory().numTensors;
    const pattern = simulate(golden);
    expect(tf.memory().numTensors).toBe(before);
    let [difference, inside, total, expected] = [0, 0, 0, 0];
    eachFrequency(golden.box, (at, x, y) => {
      const [row, column] = [Math.floor(at / 128), at % 128];
      const theirs = golden.intensity[((row + 64) % 128) * 128 + ((column + 64) % 128)]!;
      total += pattern[at]!;
      expected += theirs;
      if (Math.hypot(x, y) >= golden.box.band) return;
      inside += theirs;
      difference += Math.abs(pattern[at]! - theirs);
    });
    expect(difference / inside).toBeLessThan(1e-4);
    expect(Math.abs(total / expected - 1)).toBeLessThan(1e-4);
    expect(total).toBeLessThanOrEqual(1 + 1e-5);
  });
});
