import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { polarGrid } from '../../src/dataset/intensity/polar.ts';
import { tf } from '../../src/engine/tf.ts';
import {
  DESCRIPTORS,
  describe as described,
} from '../../synthetic/metrics/descriptors/descriptors.ts';
import { discLattices } from '../../synthetic/metrics/descriptors/lattice.ts';
import { FOLDS, symmetryResiduals } from '../../synthetic/metrics/descriptors/symmetry.ts';
import { toyPattern, toySample } from './toys.ts';

const grid = polarGrid(32, 15.5);
const values = (stream: Stream) => stream.uniforms(grid.rings * grid.angles);

/** The mean of a polar pattern over the rotations of a fold. */
function averaged(polar: Float32Array, fold: number): Float32Array {
  const step = grid.angles / fold;
  return polar.map((_, at) => {
    const [ring, n] = [Math.floor(at / grid.angles), at % grid.angles];
    let sum = 0;
    for (let turn = 0; turn < fold; turn++) {
      sum += polar[ring * grid.angles + ((n + turn * step) % grid.angles)]!;
    }
    return sum / fold;
  });
}

it.each(FOLDS.map((fold, i) => [fold, i]))(
  'a pattern averaged over %i-fold turns has no residual',
  (fold, i) => {
    const polar = averaged(values(new Stream(fold, 'fold')), fold);
    const [found] = symmetryResiduals(grid, polar, 1);
    expect(found!.rotations[i]).toBeLessThan(1e-3);
    // Noise has no other symmetry: 5-fold is not measured, so the highest not dividing `fold` counts.
    FOLDS.forEach((other, k) => {
      if (fold % other !== 0) expect(found!.rotations[k]).toBeGreaterThan(0.3);
    });
  },
);

it('noise loses sqrt(1 - 1/n) when it is averaged over n turns', () => {
  const [found] = symmetryResiduals(grid, values(new Stream(1, 'noise')), 1);
  FOLDS.forEach((fold, i) => expect(found!.rotations[i]).toBeCloseTo(Math.sqrt(1 - 1 / fold), 1));
});

it('finds a mirror line at any sampled angle', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 95 }), (shift) => {
      const half = values(new Stream(3, 'mirror'));
      const polar = half.map((_, at) => {
        const [ring, n] = [Math.floor(at / 96), at % 96];
        const image = (((shift - n) % 96) + 96) % 96;
        return (half[at]! + half[ring * 96 + image]!) / 2;
      });
      const [found] = symmetryResiduals(grid, polar, 1);
      expect(found!.mirror).toBeLessThan(1e-3);
      expect(found!.crossMirror).toBeGreaterThan(0.3);
    }),
    { numRuns: 20 },
  );
});

it('reads the net of an oblique pattern', () => {
  const pattern = toyPattern({
    size: 64,
    a: [7.3, 0],
    b: [3.1, 9.4],
    radius: 2,
    level: (x, y) => 220 - 3 * Math.hypot(x, y),
  });
  const [found] = discLattices(
    Float32Array.from(pattern, (v) => v / 255),
    1,
    64,
  );
  expect(found!.a).toBeCloseTo(7.3, 0);
  expect(Math.abs(found!.a - 7.3)).toBeLessThan(0.2);
  expect(Math.abs(found!.b - Math.hypot(3.1, 9.4))).toBeLessThan(0.3);
  expect(Math.abs(found!.angle - (180 / Math.PI) * Math.atan2(9.4, 3.1))).toBeLessThan(2);
  expect(found!.order).toBeGreaterThan(0.6);
});

it('describes a blank triplet without a number that is none', () => {
  const found = described({ pixels: new Uint8Array(2 * 32 * 32 * 3), count: 2, size: 32 });
  expect(found.width).toBe(DESCRIPTORS.length);
  expect([...found.values].every(Number.isFinite)).toBe(true);
});

it('frees its tensors, and does not depend on the batch', () => {
  const stream = new Stream(5, 'batch');
  const triplets = Array.from({ length: 70 }, (_, i) => toySample(i % 3, stream));
  const pixels = Uint8Array.from(triplets.flatMap((t) => [...t]));
  const before = tf.memory().numTensors;
  const all = described({ pixels, count: 70, size: 32 });
  expect(tf.memory().numTensors).toBe(before);
  const last = described({ pixels: triplets[69]!, count: 1, size: 32 });
  last.values.forEach((value, k) => {
    expect(all.values[69 * all.width + k]).toBeCloseTo(value, 5);
  });
});
