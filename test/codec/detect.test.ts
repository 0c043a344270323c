import { describe, expect, it } from 'vitest';
import { detectLattice } from '../../src/codec/detect.ts';
import { ABSENT_LEVEL, MODES, type PatternDiscs } from '../../src/codec/discs.ts';
import { basisError, reducedBasis, superlattices } from '../../src/codec/lattices.ts';
import { discTensors, renderPatterns, storedPixels } from '../../src/codec/render.ts';
import { Stream } from '../../src/common/stream.ts';
import { tf } from '../../src/engine/tf.ts';
import { randomDiscs } from './random-discs.ts';

async function draw(pattern: PatternDiscs): Promise<Uint8Array> {
  const image = tf.tidy(() => renderPatterns(discTensors([pattern])));
  const pixels = await storedPixels(image);
  image.dispose();
  return pixels;
}

const pattern = (seed: number, options = {}): PatternDiscs =>
  randomDiscs(new Stream(seed, 'detect'), { spacing: 8, fill: 0.4, ...options });

describe('lattice detection', () => {
  it.each([1, 2, 3, 4, 5])('finds basis and radius of a random pattern, seed %i', async (seed) => {
    const truth = pattern(seed);
    const found = detectLattice(await draw(truth), { size: 64 });
    expect(basisError(found.geometry.basis, truth.geometry.basis)).toBeLessThan(0.01);
    expect(Math.abs(found.geometry.radius / truth.geometry.radius - 1)).toBeLessThan(0.08);
    expect(found.residualShare).toBeLessThan(0.08);
  });

  it('refuses a dark pattern', () => {
    expect(() => detectLattice(new Uint8Array(64 * 64), { size: 64 })).toThrow(/no disc/);
  });

  it.each([
    ['the direct beam alone', (h: number, k: number) => h === 0 && k === 0],
    ['a row of discs', (_: number, k: number) => k === 0],
  ])('refuses %s', async (_, lit) => {
    const some = pattern(6);
    some.coefficients.fill(0);
    some.geometry.h.forEach((h, disc) => {
      some.coefficients[disc * MODES] = lit(h, some.geometry.k[disc]!) ? 12 : ABSENT_LEVEL;
    });
    const pixels = await draw(some);
    expect(() => detectLattice(pixels, { size: 64 })).toThrow(/no lattice/);
  });

  it('refuses noise', () => {
    const noise = Uint8Array.from(new Stream(3, 'noise').uniforms(64 * 64, 0, 120));
    expect(() => detectLattice(noise, { size: 64 })).toThrow(/lattice|overlap/);
  });
});

describe('lattices', () => {
  it('reduce to the same basis whatever spans them', () => {
    const basis = [5, 1, -1, 7] as const;
    const other = [5 + 2 * -1, 1 + 14, -1, 7] as const;
    expect(reducedBasis(other).map(Math.abs).sort()).toEqual(
      reducedBasis(basis).map(Math.abs).sort(),
    );
  });

  it('have as many superlattices as theory says', () => {
    // sigma(n): 3, 4 and 7 for n = 2, 3, 4.
    for (const [index, count] of [
      [2, 3],
      [3, 4],
      [4, 7],
    ] as const) {
      const all = superlattices([6, 0, 1, 7], index);
      expect(all.length).toBe(count);
      for (const [ax, ay, bx, by] of all) expect(ax * by - ay * bx).toBeCloseTo(42 / index, 9);
      expect(new Set(all.map((b) => b.map((v) => v.toFixed(6)).join())).size).toBe(count);
    }
  });
});
