import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fromPixels,
  intensityOf,
  pixelOf,
  reduceStack,
  resampledCamera,
  toPixels,
} from '../../src/dataset/intensity/transform.ts';
import { discStack } from './fixture.ts';

interface AreaCase {
  from: number;
  to: number;
  image: number[];
  reduced: number[];
}

const { cases } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'golden', 'area.json'), 'utf8'),
) as { cases: AreaCase[] };

describe('stored values', () => {
  it.each([
    [0, 0],
    [-1, 0],
    [Math.exp(-17), 0],
    [Math.exp(-16.9), 1],
    [Math.exp(-5), 120],
    [1, 170],
    [Math.exp(8.5), 255],
    [1e9, 255],
  ])('of intensity %f is %i', (intensity, value) => {
    expect(pixelOf(intensity)).toBe(value);
  });

  it('stand for intensities that give them back', () => {
    for (let value = 0; value < 256; value++) expect(pixelOf(intensityOf(value))).toBe(value);
  });
});

describe('looking stored values up', () => {
  const size = 64;
  const lookedUp = (values: Float32Array): number[] => {
    const stack = new Float32Array(3 * size * size);
    stack.set(values);
    const pixels = toPixels(stack, size);
    return Array.from(values, (_, i) => pixels[3 * (i % size ** 2) + Math.floor(i / size ** 2)]!);
  };

  it('gives what computing them gives, for each float beside each step', () => {
    const bits = new Uint32Array(1);
    const single = new Float32Array(bits.buffer);
    const beside = Array.from({ length: 255 }, (_, i) => {
      single[0] = Math.exp((i + 0.5) / 10 - 17);
      const [middle] = bits;
      return [-2, -1, 0, 1, 2].map((step) => {
        bits[0] = middle! + step;
        return single[0]!;
      });
    }).flat();
    const values = Float32Array.from(beside);
    const computed = Array.from(values, pixelOf);
    expect(lookedUp(values)).toEqual(computed);
    expect(new Set(computed).size).toBe(256);
  });

  it('gives what computing them gives, anywhere', () => {
    const exponents = Array.from({ length: 9000 }, (_, i) => -30 + (i * 60) / 9000);
    const values = Float32Array.from(exponents, (x, i) => (i % 7 === 0 ? -1 : 1) * Math.exp(x));
    const edges = [0, -0, 1e-45, -1e-45, 3.4e38, Number.POSITIVE_INFINITY];
    values.set(edges);
    // Infinity makes the average of its block infinite; here each block is one pixel.
    expect(lookedUp(values)).toEqual(Array.from(values, pixelOf));
  });
});

describe('averaging by area', () => {
  it.each(cases)('agrees with OpenCV from $from to $to pixels', ({ from, to, image, reduced }) => {
    // Powers of e^0.1 apart, so that a stored value tells the average to 5 %; scaled to a mid value.
    const stack = Float32Array.from(
      [...image, ...image, ...image],
      (value) => Math.exp(-3) * value,
    );
    const { pixels } = reduceStack(stack, from, to);
    reduced.forEach((value, i) => {
      expect(pixels[3 * i]).toBe(pixelOf(Math.exp(-3) * value));
    });
  });

  it('keeps the mean intensity, whatever the sizes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 24 }),
        fc.integer({ min: 1, max: 24 }),
        (from, wanted) => {
          const to = Math.min(from, wanted);
          const flat = new Float32Array(3 * from * from).fill(0.02);
          expect(new Set(toPixels(flat, from, to))).toEqual(new Set([pixelOf(0.02)]));
        },
      ),
    );
  });

  it('stores exactly the value of the intensity', () => {
    const step = fc.integer({ min: 0, max: 256 }).map((value) => Math.exp((value - 0.5) / 10 - 17));
    const near = fc
      .tuple(step, fc.integer({ min: -4, max: 4 }))
      .map(([at, off]) => at * (1 + off * 2e-8));
    const any = fc.oneof(near, fc.float({ noNaN: true }));
    fc.assert(
      fc.property(fc.array(any, { minLength: 12, maxLength: 12 }), (values) => {
        const stack = Float32Array.from(values);
        const pixels = toPixels(stack, 2);
        stack.forEach((value, i) => {
          expect(pixels[3 * (i % 4) + Math.floor(i / 4)]).toBe(pixelOf(value));
        });
      }),
      { numRuns: 500 },
    );
  });

  it('averages before the logarithm', () => {
    const stack = new Float32Array(3 * 4);
    stack[0] = 1; // one of four pixels
    expect(toPixels(stack, 2, 1)[0]).toBe(pixelOf(0.25));
  });

  it('puts the three patterns in the channels, rows from the top', () => {
    const stack = new Float32Array(3 * 4);
    stack[1] = 1; // first pattern, top right
    stack[4 + 2] = Math.exp(-1); // second pattern, bottom left
    expect([...toPixels(stack, 2)]).toEqual([0, 0, 0, 170, 0, 0, 0, 160, 0, 0, 0, 0]);
  });

  it('tells what it met', () => {
    const stack = Float32Array.from({ length: 12 }, (_, i) => i - 2);
    expect(reduceStack(stack, 2, 1)).toMatchObject({
      minimum: -2,
      maximum: 9,
      mean: 3.5,
      finite: true,
    });
    stack[5] = Number.NaN;
    expect(reduceStack(stack, 2, 1).finite).toBe(false);
    stack[5] = Number.POSITIVE_INFINITY;
    expect(reduceStack(stack, 2, 1).finite).toBe(false);
  });
});

describe('the way back', () => {
  it.each([1, 2, 8])('gives the stored values again at %i times the size', (factor) => {
    const pixels = toPixels(discStack(3, 32), 32, 16);
    expect(toPixels(fromPixels(pixels, 16, 16 * factor), 16 * factor, 16)).toEqual(pixels);
  });

  it('refuses a size that is no multiple', () => {
    expect(() => fromPixels(new Uint8Array(12), 2, 3)).toThrow(/no multiple/);
  });
});

it('moves the direct beam with the pixels', () => {
  const fine = { size: 512, pixel: 0.01, centre: 256 };
  const coarse = resampledCamera(fine, 64);
  expect(coarse).toEqual({ size: 64, pixel: 0.08, centre: 31.5625 });
  // A scattering vector falls on the coarse pixel that holds its fine pixel.
  for (const g of [-1.3, 0, 0.77]) {
    const [onFine, onCoarse] = [fine, coarse].map(({ centre, pixel }) => centre + g / pixel);
    expect((onFine! + 0.5) / 8 - 0.5).toBeCloseTo(onCoarse!, 9);
  }
});
