import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyPlane, fastSize, frequency, transform } from '../../src/simulate/fourier.ts';

const size = fc.constantFrom(2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 25, 30);

describe('transform', () => {
  it('is the sum that defines it', () => {
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 1000 }), (rows, columns, seed) => {
        const plane = emptyPlane(rows, columns);
        plane.re.forEach((_, i) => {
          plane.re[i] = Math.sin(seed + 3 * i);
          plane.im[i] = Math.cos(2 * seed + 5 * i * i);
        });
        const found = transform(plane, -1);
        const [h, k] = [seed % rows, (seed * 7) % columns];
        let [re, im] = [0, 0];
        for (let i = 0, at = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++, at++) {
            const angle = -2 * Math.PI * ((h * i) / rows + (k * j) / columns);
            re += plane.re[at]! * Math.cos(angle) - plane.im[at]! * Math.sin(angle);
            im += plane.re[at]! * Math.sin(angle) + plane.im[at]! * Math.cos(angle);
          }
        }
        expect(found.re[h * columns + k]).toBeCloseTo(re, 9);
        expect(found.im[h * columns + k]).toBeCloseTo(im, 9);
        const back = transform(found, 1);
        expect(back.re[0]! / (rows * columns)).toBeCloseTo(plane.re[0]!, 10);
      }),
      { numRuns: 40 },
    );
  });

  it('uses sizes of small factors and signed frequencies', () => {
    expect([13, 14, 17, 31, 97].map(fastSize)).toEqual([16, 16, 18, 32, 100]);
    expect([0, 1, 2, 3].map((i) => frequency(i, 4))).toEqual([0, 1, -2, -1]);
    expect([0, 1, 2, 3, 4].map((i) => frequency(i, 5))).toEqual([0, 1, 2, -2, -1]);
  });
});
