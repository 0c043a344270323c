import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchSampler, GROUP, groupedRows } from '../../gan/batches.ts';
import { groupSpread } from '../../gan/networks.ts';
import { tf } from '../../src/engine/tf.ts';
import { Stream } from '../../src/ground/stream.ts';
import { toyVectors } from '../support/toy-vectors.ts';

const samplerOf = (counts: readonly number[], seed: number): [BatchSampler, Int32Array] => {
  const labels = Int32Array.from(counts.flatMap((count, label) => Array(count).fill(label)));
  const stream = new Stream(seed, 'batches');
  return [new BatchSampler({ labels, classes: counts.length, stream }), labels];
};

const groups = (list: Int32Array): number[][] =>
  Array.from({ length: list.length / GROUP }, (_, i) => [
    ...list.subarray(i * GROUP, (i + 1) * GROUP),
  ]);

describe('a batch', () => {
  it('comes in groups of one class, of different members as far as the class has them', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(counts, fc.nat(1000), (sizes, seed) => {
        const [sampler, classOf] = samplerOf(sizes, seed);
        const labels = sampler.labels(10 * GROUP);
        const rows = sampler.members(labels);
        expect([...rows].map((row) => classOf[row])).toEqual([...labels]);
        groups(labels).forEach((group, i) => {
          expect(new Set(group).size).toBe(1);
          const different = new Set(groups(rows)[i]).size;
          expect(different).toBe(Math.min(GROUP, sizes[group[0]!]!));
        });
      }),
    );
  });

  it('moves real vectors no farther than it is told', () => {
    const [sampler] = samplerOf([5, 5], 3);
    const shifts = sampler.shifts(4000, 0.5);
    expect(Math.min(...shifts)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...shifts)).toBeLessThan(0.5);
    expect(shifts.reduce((a, b) => a + b, 0) / 4000).toBeCloseTo(0.25, 1);
    expect([...sampler.shifts(9, 0)]).toEqual(Array(9).fill(0));
  });
});

describe('how far groups spread', () => {
  it('is the mean over columns of the standard deviation within each group', () => {
    const far = [0, 0, 2, 2].map((x) => [x, 3 * x]);
    const alike = Array.from({ length: 4 }, () => [7, -7]);
    const spread = tf.tidy(() => groupSpread(tf.tensor2d([...far, ...alike])).arraySync());
    expect((spread as number[][]).flat().map((s) => Number(s.toFixed(3)))).toEqual([
      ...[2, 2, 2, 2],
      ...[0, 0, 0, 0],
    ]);
  });

  it('takes every training vector into account, in groups of its class', () => {
    const training = toyVectors();
    const rows = groupedRows(training);
    expect(rows.length % GROUP).toBe(0);
    expect(new Set(rows).size).toBe(training.labels.length);
    for (const group of groups(rows)) {
      expect(new Set(group.map((row) => training.labels[row])).size).toBe(1);
    }
  });
});
