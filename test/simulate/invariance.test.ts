import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Atom, Cell, Crystal, Vec3 } from '../../src/crystal/crystal.ts';
import { type SimulationSettings, simulationSchema } from '../../src/simulate/options.ts';
import type { Sample } from '../../src/simulate/sample.ts';
import { simulateTriplets } from '../../src/simulate/triplets.ts';
import { SILICON } from '../support/crystals.ts';

const wrap = (value: number): number => value - Math.floor(value);

const crystal = (cell: Cell, atoms: Atom[]): Crystal => ({
  id: 'test:P1',
  material: 'P1',
  formula: '',
  spaceGroup: 1,
  cell,
  atoms,
});

const ATOMS: Atom[] = [
  { element: 26, position: [0.1, 0.2, 0.3] },
  { element: 8, position: [0.55, 0.7, 0.15] },
  { element: 14, position: [0.8, 0.35, 0.6] },
];
const PLAIN = crystal([3.9, 4.6, 5.2, 90, 90, 90], ATOMS);

async function simulate(one: Crystal, settings: SimulationSettings = {}): Promise<Sample> {
  const options = simulationSchema.parse({ size: 32, ...settings });
  for await (const outcome of simulateTriplets([one], options)) {
    if ('failed' in outcome) throw new Error(outcome.failed.reason);
    return outcome.ok;
  }
  throw new Error('nothing came');
}

const pattern = (sample: Sample, zone: number): Float32Array => {
  const points = sample.camera.size ** 2;
  return sample.stack.slice(zone * points, (zone + 1) * points);
};

function difference(one: Float32Array, other: Float32Array): number {
  let [sum, total] = [0, 0];
  one.forEach((value, i) => {
    sum += Math.abs(value - other[i]!);
    total += value;
  });
  return sum / total;
}

describe('the pattern does not change', () => {
  it('when the crystal is moved', async () => {
    const still = await simulate(PLAIN);
    const shift = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(shift, shift, shift, async (u, v, w) => {
        const atoms = ATOMS.map(({ element, position: [x, y, z] }) => ({
          element,
          position: [wrap(x + u), wrap(y + v), wrap(z + w)] as Vec3,
        }));
        const there = await simulate(crystal(PLAIN.cell, atoms));
        expect(difference(still.stack, there.stack)).toBeLessThan(1e-4);
      }),
      { numRuns: 5 },
    );
  });

  it('when the axes are named in turn', async () => {
    const [a, b, c] = PLAIN.cell;
    const turned = crystal(
      [b, c, a, 90, 90, 90],
      ATOMS.map(({ element, position: [x, y, z] }) => ({ element, position: [y, z, x] })),
    );
    const [one, other] = [await simulate(PLAIN), await simulate(turned)];
    // [100] of one is [001] of the other, and so on.
    for (const [zone, same] of [
      [0, 2],
      [1, 0],
      [2, 1],
    ] as const) {
      const [mine, theirs] = [pattern(one, zone), pattern(other, same)];
      expect(Math.min(difference(mine, theirs), difference(mine, theirs.reverse()))).toBeLessThan(
        1e-4,
      );
    }
  });

  it('when the cell is doubled', async () => {
    const [a, b, c] = PLAIN.cell;
    const settings: SimulationSettings = {
      zones: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      semiangle: 1.5,
    };
    const double = crystal(
      [a, b, 2 * c, 90, 90, 90],
      ATOMS.flatMap(({ element, position: [x, y, z] }) => [
        { element, position: [x, y, z / 2] as Vec3 },
        { element, position: [x, y, (z + 1) / 2] as Vec3 },
      ]),
    );
    const [one, two] = [await simulate(PLAIN, settings), await simulate(double, settings)];
    for (const zone of [0, 1, 2]) {
      expect(difference(pattern(one, zone), pattern(two, zone))).toBeLessThan(1e-3);
    }
  });
});

describe('lists', () => {
  it('of energies and thicknesses give what each gives alone', async () => {
    const options = simulationSchema.parse({
      size: 32,
      energies: [100, 120],
      thicknesses: [50, 100],
    });
    const all: Sample[] = [];
    for await (const outcome of simulateTriplets([SILICON], options)) {
      if ('ok' in outcome) all.push(outcome.ok);
    }
    expect(all.map(({ energy, thickness, key }) => [energy, thickness, key])).toEqual([
      [100, 50, 'sample_0_0_0'],
      [100, 100, 'sample_0_0_1'],
      [120, 50, 'sample_0_2_0'],
      [120, 100, 'sample_0_2_1'],
    ]);
    const alone = await simulate(SILICON, { energies: [120] });
    expect(difference(alone.stack, all[3]!.stack)).toBeLessThan(1e-5);
    expect(difference(alone.stack, all[2]!.stack)).toBeGreaterThan(0.05);
  });

  it('of crystals go on after one that cannot be simulated', async () => {
    const wide = { ...crystal([45, 45, 45, 90, 90, 90], ATOMS), id: 'test:wide' };
    const found = [];
    const options = simulationSchema.parse({ size: 32 });
    for await (const outcome of simulateTriplets([SILICON, wide, PLAIN], options))
      found.push(outcome);
    expect(
      found.map((outcome) => ('ok' in outcome ? outcome.ok.material : outcome.failed)),
    ).toEqual([
      'Si',
      {
        id: 'test:wide',
        reason: expect.stringMatching(/^zone axis \[1 0 0\] projects the cell to 2025 square/),
      },
      'P1',
    ]);
  });
});
