import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACQUISITIONS, acquire, type PoolView, parseAcquisition } from '../../classifier/active.ts';
import { Stream } from '../../src/common/stream.ts';

/** Four rows: sure, torn between two classes, torn among three, fairly sure. */
const view = (): PoolView => ({
  probabilities: Float32Array.from(
    [
      [0.98, 0.01, 0.01],
      [0.5, 0.49, 0.01],
      [0.4, 0.3, 0.3],
      [0.8, 0.1, 0.1],
    ].flat(),
  ),
  features: Float32Array.from(
    [
      [0, 0],
      [1, 0],
      [9, 9],
      [1, 1],
    ].flat(),
  ),
  known: Float32Array.from([0, 0.1]),
  classCount: 3,
  featureCount: 2,
  stream: new Stream(2, 'pool'),
});

describe('which rows to add next', () => {
  it('margin: the two likeliest classes closest', () => {
    expect(acquire('margin', view(), 2)).toEqual([1, 2]);
  });

  it('entropy: the widest spread', () => {
    expect(acquire('entropy', view(), 2)).toEqual([2, 1]);
  });

  it('coreset: the row farthest from all that is covered, again and again', () => {
    expect(acquire('coreset', view(), 3)).toEqual([2, 3, 1]);
  });

  it('badge: the largest gradient first, never one of no length before others', () => {
    const chosen = acquire('badge', view(), 3);
    // Row 2 has the largest error and the longest feature; row 0 has a feature of no length.
    expect(chosen[0]).toBe(2);
    expect(chosen).not.toContain(0);
  });

  it.each(ACQUISITIONS)(
    '%s: distinct rows of the pool, as many as asked for or there are',
    (way) => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 12 }),
          fc.nat(15),
          fc.nat(99),
          (rows, wanted, seed) => {
            const stream = new Stream(seed, 'view');
            const raw = stream.uniforms(rows * 3, 0.01, 1);
            const sums = Array.from(
              { length: rows },
              (_, i) => raw[i * 3]! + raw[i * 3 + 1]! + raw[i * 3 + 2]!,
            );
            const chosen = acquire(
              way,
              {
                probabilities: raw.map((p, i) => p / sums[Math.floor(i / 3)]!),
                features: stream.normals(rows * 2),
                known: stream.normals(2),
                classCount: 3,
                featureCount: 2,
                stream,
              },
              wanted,
            );
            expect(chosen).toHaveLength(Math.min(rows, wanted));
            expect(new Set(chosen).size).toBe(chosen.length);
            expect(chosen.every((at) => at >= 0 && at < rows)).toBe(true);
          },
        ),
        { numRuns: 40 },
      );
    },
  );

  it('suggests the nearest name', () => {
    expect(() => parseAcquisition('marjin')).toThrow('did you mean "margin"');
  });
});
