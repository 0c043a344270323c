import { expect, it } from 'vitest';
import { batchRows, openCount } from '../../classifier/batches.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Examples } from '../../src/dataset/examples.ts';

/** Four real examples and three synthetic ones that enter at a point of the training. */
const mixture = (enterAt?: number): Examples => ({
  count: 7,
  size: 4,
  classes: [1, 2],
  labels: Int32Array.of(0, 0, 1, 1, 0, 1, 1),
  materials: Array.from({ length: 7 }, (_, i) => `m${i}`),
  images: (rows) => new Uint8Array(rows.length * 48),
  synthetic: Uint8Array.of(0, 0, 0, 0, 1, 1, 1),
  ...(enterAt !== undefined && { enterAt }),
});

it('opens the synthetic examples when their share of the training is over', () => {
  expect([0, 0.49, 0.5, 1].map((at) => openCount(mixture(0.5), at))).toEqual([4, 4, 7, 7]);
  expect([0, 1].map((at) => openCount(mixture(), at))).toEqual([7, 7]);
  const real: Examples = { ...mixture(0.5), synthetic: undefined };
  expect(openCount(real, 0)).toBe(7);
});

it('draws no synthetic row before, and each of them after', () => {
  const stream = new Stream(3, 'batches');
  const rowsAt = (update: number) =>
    batchRows(openCount(mixture(0.5), update / 20), { update, batch: 2, stream });
  const drawn = Array.from({ length: 20 }, (_, update) => [...rowsAt(update)]);
  expect(Math.max(...drawn.slice(0, 10).flat())).toBe(3);
  expect(new Set(drawn.slice(10).flat())).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
});
