import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classCodes } from '../../gan/classes.ts';
import { groupSpread } from '../../gan/codec/networks.ts';
import { BatchSampler, batchSampler, GROUP, groupedRows } from '../../gan/training/batches.ts';
import { Stream } from '../../src/common/stream.ts';
import { tf } from '../../src/engine/tf.ts';
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

  it('turns real vectors no farther than it is told', () => {
    const [sampler] = samplerOf([5, 5], 3);
    const angles = sampler.angles(4000, 0.5);
    expect(Math.min(...angles)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...angles)).toBeLessThan(Math.PI / 4);
    expect(angles.reduce((a, b) => a + b, 0) / 4000).toBeCloseTo(Math.PI / 8, 1);
    expect([...sampler.angles(9, 0)]).toEqual(Array(9).fill(0));
  });

  it('borrows from classes of the crystal system alone, and no more than it is told', () => {
    // 14 is monoclinic like 11 and 15, 62 and 225 are of other systems
    const { values: codes, code } = classCodes([11, 14, 15, 62, 225]);
    const labels = Int32Array.from([0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4]);
    const data = { values: new Float32Array(12), width: 1, labels, codes, code };
    const sampler = batchSampler(data, new Stream(5, 'borrow'));
    const wanted = new Int32Array(4000).fill(1);
    const classesOf = (share: number) => [...sampler.partners(wanted, share)].map((r) => labels[r]);
    expect(new Set(classesOf(0))).toEqual(new Set([1]));
    const borrowed = classesOf(1);
    expect(new Set(borrowed)).toEqual(new Set([0, 1, 2]));
    expect(borrowed.filter((c) => c === 2).length / 4000).toBeCloseTo(4 / 9, 1);
    expect(classesOf(0.5).filter((c) => c !== 1).length / 4000).toBeCloseTo(0.5 * (6 / 9), 1);
    const alone = sampler.partners(new Int32Array(8).fill(4), 1);
    expect(new Set(alone)).toEqual(new Set([11]));
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
