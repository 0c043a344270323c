import { describe, expect, it } from 'vitest';
import { analysePattern, analyseTriplet } from '../../src/codec/analysis.ts';
import { MODES, type PatternDiscs } from '../../src/codec/discs.ts';
import { tripletGeometry } from '../../src/codec/geometry.ts';
import {
  discTensors,
  renderPatterns,
  renderTriplets,
  storedPixels,
} from '../../src/codec/render.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { PIXEL_SCALE } from '../../src/dataset/examples.ts';
import { toPixels } from '../../src/dataset/intensity/transform.ts';
import { tf } from '../../src/engine/tf.ts';
import { simulationSchema } from '../../src/simulate/options.ts';
import { simulateTriplets } from '../../src/simulate/triplets.ts';
import { GALLIUM_ARSENIDE, SILICON, TITANIUM } from '../support/crystals.ts';
import { randomDiscs } from './random-discs.ts';

/** Stored values of patterns, one array each. */
function draw(patterns: readonly PatternDiscs[]): Float32Array[] {
  return tf.tidy(() => {
    const grey = renderPatterns(discTensors(patterns)).div(PIXEL_SCALE).round();
    return tf.unstack(grey).map((image) => image.dataSync() as Float32Array);
  });
}

const random = (seed: number, options = {}): PatternDiscs =>
  randomDiscs(new Stream(seed, 'analysis'), options);

/** Mean absolute error of one coefficient over the discs well on the detector. */
function error(found: PatternDiscs, truth: PatternDiscs, mode: number): number {
  const { h, k, basis, size } = truth.geometry;
  const away: number[] = [];
  h.forEach((value, disc) => {
    const x = value * basis[0] + k[disc]! * basis[2];
    const y = value * basis[1] + k[disc]! * basis[3];
    if (Math.max(Math.abs(x), Math.abs(y)) > 0.4 * size) return;
    const at = disc * MODES + mode;
    away.push(Math.abs(found.coefficients[at]! - truth.coefficients[at]!));
  });
  return away.reduce((a, b) => a + b, 0) / away.length;
}

describe('analysis', () => {
  it('finds the discs that a pattern was drawn from', () => {
    for (const seed of [1, 2, 3]) {
      const truth = random(seed);
      const found = analysePattern(draw([truth])[0]!, truth.geometry);
      expect(error(found, truth, 0)).toBeLessThan(0.06);
      for (let mode = 1; mode < MODES; mode++) expect(error(found, truth, mode)).toBeLessThan(0.1);
      expect(found.background).toBeNull();
      expect(found.residualShare).toBeLessThan(0.02);
    }
  });

  it('tells discs that overlap apart', () => {
    const truth = random(4, { fill: 0.6 });
    const pixels = draw([truth])[0]!;
    const once = analysePattern(pixels, truth.geometry, { rounds: 0 });
    const found = analysePattern(pixels, truth.geometry, { rounds: 8 });
    expect(error(found, truth, 0)).toBeLessThan(0.15);
    expect(error(found, truth, 0)).toBeLessThan(0.6 * error(once, truth, 0));
  });

  it('finds a smooth background, and only where there is one', () => {
    const truth: PatternDiscs = { ...random(5, { fill: 0.33 }), background: [5, -1.5, -0.5] };
    const found = analysePattern(draw([truth])[0]!, truth.geometry);
    expect(found.background).not.toBeNull();
    const level = ([a, b, c]: readonly number[], s: number): number => a! + b! * s + c! * s * s;
    for (const s of [0.3, 0.6, 0.9, 1.2]) {
      const away = level(found.background!, s) - level(truth.background!, s);
      expect(Math.abs(away)).toBeLessThan(0.15);
    }
    const without = analysePattern(draw([truth])[0]!, truth.geometry, { background: false });
    expect(without.residualShare).toBeGreaterThan(2 * found.residualShare);
  });

  it('leaves what discs cannot carry in the residual', () => {
    const truth = random(6, { fill: 0.33 });
    const pixels = draw([truth])[0]!.slice();
    const line = Array.from({ length: 64 }, (_, x) => 20 * 64 + x).filter((at) => pixels[at] === 0);
    for (const at of line) pixels[at] = 60;
    const found = analysePattern(pixels, truth.geometry);
    const there = line.map((at) => found.residual[at]!);
    expect(there.filter((value) => value > 30).length).toBeGreaterThan(0.6 * line.length);
    const sum = pixels.reduce((a, b) => a + b, 0);
    expect(found.residualShare).toBeGreaterThan((0.5 * 60 * line.length) / sum);
  });

  it('says nothing of a dark pattern', () => {
    const { geometry } = random(7);
    const found = analysePattern(new Uint8Array(64 * 64), geometry);
    expect(found.residualShare).toBe(0);
    expect(found.coefficients.every((c, i) => (i % MODES === 0 ? c < 0 : c === 0))).toBe(true);
  });

  it('refuses an image of another size', () => {
    const { geometry } = random(8);
    expect(() => analysePattern(new Uint8Array(100), geometry)).toThrow(/64 x 64/);
  });
});

describe('round trip of simulated triplets', () => {
  const crystals: Crystal[] = [SILICON, GALLIUM_ARSENIDE, TITANIUM];
  it.each([
    ['standard', 64, 0.06],
    ['standard', 128, 0.06],
    ['strongest', 64, 0.08],
  ] as const)('%s zones at %i pixels leave at most %f', async (zones, size, bound) => {
    const settings = simulationSchema.parse({ size, zones });
    for await (const outcome of simulateTriplets(crystals, settings)) {
      if ('failed' in outcome) throw new Error(outcome.failed.reason);
      const { cell, spaceGroup, spacings, camera, stack } = outcome.ok;
      const pixels = toPixels(stack, size);
      const geometry = tripletGeometry({
        cell: cell!,
        spaceGroup,
        zones: outcome.ok.zones,
        spacings,
        camera,
      });
      const drawn = renderTriplets([analyseTriplet(pixels, geometry)]);
      const back = await storedPixels(drawn);
      drawn.dispose();
      let [away, sum] = [0, 0];
      pixels.forEach((value, at) => {
        away += Math.abs(value - back[at]!);
        sum += value;
      });
      expect(away / sum).toBeLessThan(bound);
    }
  });
});
