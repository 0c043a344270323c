import type { PatternGeometry } from './geometry.ts';
import { GREYS_PER_LOG } from './modes.ts';
import { SmallSystems } from './solve.ts';

/** Log-intensity b0 + b1 s + b2 s^2, s = distance from the direct beam over half the side. */
export type Background = readonly [number, number, number];

/** Footprint sum below which a pixel counts as lying between the discs. */
const BETWEEN = 1e-3;
/** Pixels between the discs that a background needs. */
const FEWEST_PIXELS = 24;
/** Share of those pixels that must be lit. */
const LIT_SHARE = 0.5;

let known = { size: 0, centre: 0, distances: new Float32Array(0) };

/** Distance from the direct beam over half the side, for every pixel; not to be written to. */
function distances({ size, centre }: PatternGeometry): Float32Array {
  if (known.size !== size || known.centre !== centre) {
    const distances = Float32Array.from({ length: size * size }, (_, at) => {
      const row = Math.floor(at / size);
      return (Math.hypot((at % size) - centre, row - centre) * 2) / size;
    });
    known = { size, centre, distances };
  }
  return known.distances;
}

/** Linear intensity of a background on every pixel, units of the floor. */
export function backgroundLevels(background: Background, geometry: PatternGeometry): Float32Array {
  const [b0, b1, b2] = background;
  return distances(geometry).map((s) => Math.exp(b0 + b1 * s + b2 * s * s));
}

/**
 * Fits a smooth background to the pixels that no disc marks: least squares in log-intensity, twice,
 * the second time without the brightest twentieth, which holds higher-order lines rather than
 * background. Null where those pixels are too few, or mostly dark.
 */
export function fitBackground(
  pixels: ArrayLike<number>,
  covered: Float32Array,
  geometry: PatternGeometry,
): Background | null {
  const between: number[] = [];
  let lit = 0;
  covered.forEach((sum, at) => {
    if (sum >= BETWEEN) return;
    between.push(at);
    if (pixels[at]! > 0) lit++;
  });
  if (between.length < FEWEST_PIXELS || lit < LIT_SHARE * between.length) return null;
  const s = distances(geometry);
  const level = (at: number): number => pixels[at]! / GREYS_PER_LOG;
  const first = leastSquares(between, s, level);
  const excess = (at: number): number =>
    level(at) - (first[0] + first[1] * s[at]! + first[2] * s[at]! ** 2);
  between.sort((a, b) => excess(a) - excess(b) || a - b);
  return leastSquares(between.slice(0, Math.ceil(0.95 * between.length)), s, level);
}

function leastSquares(
  at: readonly number[],
  s: Float32Array,
  level: (pixel: number) => number,
): Background {
  const matrix = new Float64Array(9);
  const right = new Float64Array(3);
  for (const pixel of at) {
    const powers = [1, s[pixel]!, s[pixel]! ** 2];
    powers.forEach((p, i) => {
      right[i]! += p * level(pixel);
      powers.forEach((q, j) => {
        matrix[3 * i + j]! += p * q;
      });
    });
  }
  for (let i = 0; i < 3; i++) matrix[4 * i]! += 1e-3 * at.length;
  const system = new SmallSystems(1, 3);
  system.factor(0, matrix);
  system.solve(0, right);
  return [right[0]!, right[1]!, right[2]!];
}
