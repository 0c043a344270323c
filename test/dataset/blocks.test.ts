import fc from 'fast-check';
import { expect, it } from 'vitest';
import { areBlocks, blockAverages } from '../../src/dataset/intensity/averages.ts';

const shapes = fc.record({
  size: fc.integer({ min: 1, max: 9 }),
  quarter: fc.integer({ min: 1, max: 4 }),
});

/** The same in plain words: the mean of every block, the least and the largest pixel. */
function plainly(stack: Float32Array, size: number, ratio: number) {
  const width = size * ratio;
  const values = Array.from({ length: 3 * size * size }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    let sum = 0;
    for (let y = 0; y < ratio; y++) {
      for (let x = 0; x < ratio; x++) sum += stack[(row * ratio + y) * width + column * ratio + x]!;
    }
    return sum / ratio ** 2;
  });
  return {
    values,
    minimum: stack.reduce((a, b) => Math.min(a, b)),
    maximum: stack.reduce((a, b) => Math.max(a, b)),
  };
}

it('averages blocks as plain loops do, whatever was averaged before', () => {
  fc.assert(
    fc.property(
      shapes,
      fc.integer(),
      fc.double({ min: -30, max: 30, noNaN: true }),
      (shape, seed, scale) => {
        const { size, quarter } = shape;
        const ratio = 4 * quarter;
        expect(areBlocks(ratio)).toBe(true);
        const stack = Float32Array.from(
          { length: 3 * (size * ratio) ** 2 },
          (_, i) => Math.sin(i * 12.9898 + seed) * Math.exp(scale),
        );
        const [found, expected] = [blockAverages(stack, size, ratio), plainly(stack, size, ratio)];
        expect(found.minimum).toBe(expected.minimum);
        expect(found.maximum).toBe(expected.maximum);
        found.values.forEach((value, i) => {
          expect(Math.abs(value - expected.values[i]!)).toBeLessThan(1e-12 * Math.exp(scale));
        });
      },
    ),
  );
});

it('gives NaN and infinity away in their block alone', () => {
  const stack = new Float32Array(3 * 64).fill(1);
  stack[0] = Number.NaN;
  stack[191] = Number.POSITIVE_INFINITY;
  const { values } = blockAverages(stack, 2, 4);
  expect([...values]).toEqual([Number.NaN, ...new Array(10).fill(1), Number.POSITIVE_INFINITY]);
});

it.each([1, 2, 3, 6, 4.5, 8.1])('does not serve %f pixels a block', (ratio) => {
  expect(areBlocks(ratio)).toBe(false);
});
