import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import { loadMinerals } from '../../src/crystal/minerals.ts';
import { simulationSchema } from '../../src/simulate/options.ts';
import { simulateTriplets } from '../../src/simulate/triplets.ts';
import { SILICON, TITANIUM } from '../support/crystals.ts';

const mineral = (formula: string): Crystal => {
  const found = loadMinerals().find((crystal) => crystal.formula === formula);
  if (!found) throw new Error(`no mineral ${formula}`);
  return found;
};

/** A light and a heavy cubic crystal, a metal, a chiral and a layered mineral, one without symmetry. */
const CRYSTALS: [string, () => Crystal][] = [
  ['silicon', () => SILICON],
  ['galena', () => mineral('Pb4 S4')],
  ['titanium', () => TITANIUM],
  ['quartz', () => mineral('Si3 O6')],
  ['gypsum without hydrogen', () => mineral('Ca4 S4 O24')],
  [
    'a generated triclinic crystal',
    () => generateCrystal({ spaceGroup: 2, stream: new Stream(7, 'convergence'), id: 'triclinic' }),
  ],
];

/** Patterns of a crystal, each (64 x 64), at a bandwidth; by default the default one. */
async function patterns(
  crystal: Crystal,
  energy: number,
  bandwidth?: number,
): Promise<Float32Array[]> {
  const options = simulationSchema.parse({ energies: [energy], bandwidth });
  for await (const outcome of simulateTriplets([crystal], options)) {
    if ('failed' in outcome) throw new Error(outcome.failed.reason);
    const { stack } = outcome.ok;
    return [0, 1, 2].map((zone) => stack.subarray(4096 * zone, 4096 * (zone + 1)));
  }
  throw new Error('no triplet');
}

/** The intensity that stands elsewhere than in the other pattern, as a share of all. */
function misplaced(pattern: Float32Array, other: Float32Array): number {
  let [sum, total] = [0, 0];
  for (let i = 0; i < pattern.length; i++) {
    sum += Math.abs(pattern[i]! - other[i]!);
    total += other[i]!;
  }
  return sum / total;
}

describe('the default bandwidth', () => {
  it.each([100, 200])('has converged at %d kV', async (energy) => {
    const errors: number[] = [];
    for (const [name, crystal] of CRYSTALS) {
      const ours = await patterns(crystal(), energy);
      const converged = await patterns(crystal(), energy, 4.5);
      ours.forEach((pattern, zone) => {
        const error = misplaced(pattern, converged[zone]!);
        expect(error, `${name}, pattern ${zone}`).toBeLessThan(0.05);
        errors.push(error);
      });
    }
    errors.sort((a, b) => a - b);
    expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(0.02);
    expect(errors[Math.floor(0.9 * errors.length)]).toBeLessThan(0.05);
  });

  it('leaves no edge inside the picture: its corners are lit', async () => {
    const [pattern] = (await patterns(mineral('Pb4 S4'), 200)) as [Float32Array];
    let [corner, ring] = [0, 0];
    for (let row = 0; row < 64; row++) {
      for (let column = 0; column < 64; column++) {
        const g = 0.04 * Math.hypot(row - 31.5, column - 31.5);
        if (g > 1.55) corner += pattern[64 * row + column]!;
        else if (g > 1.2 && g < 1.3) ring += pattern[64 * row + column]!;
      }
    }
    expect(corner).toBeGreaterThan(0.02 * ring);
  });
});
