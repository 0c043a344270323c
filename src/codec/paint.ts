import { HIGHEST_LEVEL, LOWEST_LEVEL, MODES } from './discs.ts';
import type { MarkList } from './mark-list.ts';

const STEPS = 256;
/** Powers of two from -HALF up; arguments of `exponential` stay within HALF ln 2. */
const HALF = 64;
const parts = Float64Array.from({ length: STEPS }, (_, i) => 2 ** (i / STEPS));
const powers = Float64Array.from({ length: 2 * HALF }, (_, i) => 2 ** (i - HALF));
const PER_UNIT = STEPS / Math.LN2;
const UNIT = Math.LN2 / STEPS;
const FIRST = HALF * STEPS;

/**
 * e^x to 1e-12 of its value for |x| < 44, several times faster than `Math.exp`: a table of 256
 * steps an octave and a cubic between them. Outside, the result is meaningless.
 */
export function exponential(x: number): number {
  const step = (x * PER_UNIT + FIRST + 0.5) | 0;
  const rest = x - (step - FIRST) * UNIT;
  const near = 1 + rest * (1 + rest * (0.5 + rest / 6));
  return parts[step & (STEPS - 1)]! * powers[step >> 8]! * near;
}

/** Log-intensity within a disc as a polynomial in disc coordinates. */
export interface DiscPolynomial {
  constant: number;
  x: number;
  y: number;
  xx: number;
  yy: number;
  xy: number;
}

/** The polynomial of the disc whose coefficients start at `at`. */
export function discPolynomial(c: Float32Array, at: number): DiscPolynomial {
  const curve = c[at + 3]!;
  const stretch = c[at + 4]!;
  return {
    constant: c[at]! - curve,
    x: c[at + 1]!,
    y: c[at + 2]!,
    xx: 2 * curve + stretch,
    yy: 2 * curve - stretch,
    xy: 2 * c[at + 5]!,
  };
}

/** Discs of one pattern: their marks, and coefficients (discs, MODES) from `first` on. */
export interface Painting {
  marks: MarkList;
  coefficients: Float32Array;
  first: number;
}

/**
 * Adds the discs of a pattern to an image of linear intensities: every mark is footprint times
 * exp(log-intensity).
 *
 * @param image (size, size).
 * @param marked receives the intensity of every mark.
 */
export function paint(
  { marks, coefficients, first }: Painting,
  image: Float32Array,
  marked: Float32Array,
): void {
  const { start, pixel, footprint, x: xs, y: ys } = marks;
  for (let disc = 0; disc < start.length - 1; disc++) {
    const { constant, x, y, xx, yy, xy } = discPolynomial(coefficients, (first + disc) * MODES);
    const end = start[disc + 1]!;
    for (let i = start[disc]!; i < end; i++) {
      const qx = xs[i]!;
      const qy = ys[i]!;
      const level = constant + qx * (x + xx * qx + xy * qy) + qy * (y + yy * qy);
      const held = level < LOWEST_LEVEL ? LOWEST_LEVEL : Math.min(level, HIGHEST_LEVEL);
      const value = footprint[i]! * exponential(held);
      marked[i] = value;
      image[pixel[i]!]! += value;
    }
  }
}

/**
 * Gradient of `paint` with respect to the coefficients, added to `into` from `first` on.
 *
 * @param slope gradient of a loss with respect to the image.
 * @param marked as `paint` left it.
 */
export function paintGradient(
  { marks, coefficients, first }: Painting,
  { slope, marked, into }: { slope: Float32Array; marked: Float32Array; into: Float32Array },
): void {
  const { start, pixel, x: xs, y: ys } = marks;
  for (let disc = 0; disc < start.length - 1; disc++) {
    const at = (first + disc) * MODES;
    const { constant, x, y, xx, yy, xy } = discPolynomial(coefficients, at);
    let [level, right, up, square, rise, shear] = [0, 0, 0, 0, 0, 0];
    const end = start[disc + 1]!;
    for (let i = start[disc]!; i < end; i++) {
      const qx = xs[i]!;
      const qy = ys[i]!;
      const value = constant + qx * (x + xx * qx + xy * qy) + qy * (y + yy * qy);
      if (value < LOWEST_LEVEL || value > HIGHEST_LEVEL) continue;
      const pull = slope[pixel[i]!]! * marked[i]!;
      level += pull;
      right += pull * qx;
      up += pull * qy;
      square += pull * qx * qx;
      rise += pull * qy * qy;
      shear += pull * qx * qy;
    }
    into[at]! += level;
    into[at + 1]! += right;
    into[at + 2]! += up;
    into[at + 3]! += 2 * (square + rise) - level;
    into[at + 4]! += square - rise;
    into[at + 5]! += 2 * shear;
  }
}
