import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exponential } from '../../src/codec/paint.ts';

it('the fast exponential is the exponential to 1e-12', () => {
  fc.assert(
    fc.property(fc.double({ min: -43, max: 43, noNaN: true }), (x) => {
      expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(1e-12);
    }),
    { numRuns: 2000, seed: 1, examples: [[0], [-8], [27], [Math.LN2], [-1e-17]] },
  );
});
