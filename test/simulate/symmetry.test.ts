import { describe, expect, it } from 'vitest';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { simulationSchema } from '../../src/simulate/options.ts';
import type { Sample } from '../../src/simulate/sample.ts';
import { simulateTriplets } from '../../src/simulate/triplets.ts';
import { GALLIUM_ARSENIDE, SILICON } from '../support/crystals.ts';

async function simulate(crystal: Crystal): Promise<Sample> {
  for await (const outcome of simulateTriplets([crystal], simulationSchema.parse({}))) {
    if ('ok' in outcome) return outcome.ok;
    throw new Error(outcome.failed.reason);
  }
  throw new Error('nothing came');
}

type Move = (row: number, column: number, last: number) => [number, number];

/** Relative L1 difference of a pattern and its image under a move of the pixels. */
function residual(sample: Sample, zone: number, move: Move): number {
  const { size } = sample.camera;
  const pattern = sample.stack.subarray(zone * size * size, (zone + 1) * size * size);
  let [difference, total] = [0, 0];
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [r, c] = move(row, column, size - 1);
      difference += Math.abs(pattern[row * size + column]! - pattern[r * size + c]!);
      total += pattern[row * size + column]!;
    }
  }
  return difference / total;
}

const turn: Move = (r, c, last) => [c, last - r];
const twofold: Move = (r, c, last) => [last - r, last - c];
const upright: Move = (r, c, last) => [r, last - c];
const level: Move = (r, c, last) => [last - r, c];

describe('symmetry of periodic patterns', () => {
  it('silicon [001] is 4mm and [110] is 2mm', async () => {
    const sample = await simulate(SILICON);
    for (const move of [turn, upright, level]) expect(residual(sample, 0, move)).toBeLessThan(1e-5);
    for (const move of [twofold, upright, level]) {
      expect(residual(sample, 1, move)).toBeLessThan(1e-5);
    }
    expect(residual(sample, 1, turn)).toBeGreaterThan(0.1);
    for (const move of [twofold, upright, level]) {
      expect(residual(sample, 2, move)).toBeLessThan(1e-5);
    }
  });

  it('gallium arsenide [110] keeps one mirror only', async () => {
    const sample = await simulate(GALLIUM_ARSENIDE);
    const mirrors = [residual(sample, 1, upright), residual(sample, 1, level)];
    expect(Math.min(...mirrors)).toBeLessThan(1e-5);
    expect(Math.max(...mirrors)).toBeGreaterThan(0.01);
  });
});
