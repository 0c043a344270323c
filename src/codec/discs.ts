import type { PatternGeometry } from './geometry.ts';

/**
 * What a disc holds beside its level: slopes, curvature and the two astigmatic forms, in disc
 * coordinates q = (x, y) / radius with x to the right and y up, |q| <= 1. The log-intensity of a
 * disc is sum_m c_m phi_m(q).
 */
const MODE_NAMES = ['level', 'x', 'y', '2r²-1', 'x²-y²', '2xy'] as const;

/** Coefficients of a disc: the level and five modes. */
export const MODES = MODE_NAMES.length;

/** A disc below this log-intensity (units of ln above the floor) leaves no trace in a pattern. */
export const ABSENT_LEVEL = -2;

/** Grey values (v, 0 to 255) a unit of log-intensity: v = 10 (ln I + 17). */
export const GREYS_PER_LOG = 10;

/** Largest log-intensity above the floor that a stored pixel can hold. */
export const LOG_CEILING = 255 / GREYS_PER_LOG;

/** Log-intensities outside these bounds are drawn at the bound. */
export const LOWEST_LEVEL = -8;
export const HIGHEST_LEVEL = 27;

/** Log-intensity b0 + b1 s + b2 s^2, s = distance from the direct beam over half the side. */
export type Background = readonly [number, number, number];

/**
 * One pattern as a lattice of discs: `coefficients` (discs, 6) belong to the indices in
 * `geometry.h` and `geometry.k`, levels in units of ln above the floor of the stored transform.
 */
export interface PatternDiscs {
  geometry: PatternGeometry;
  /** (discs, MODES) by rows: level, then five in-disc modes. */
  coefficients: Float32Array;
  /**
   * Smooth background: log-intensity b0 + b1 s + b2 s^2 with s = distance from the direct beam
   * over half the side; null where the pattern has none.
   */
  background: Background | null;
}

/** Three patterns of one crystal. */
export type TripletDiscs = readonly [PatternDiscs, PatternDiscs, PatternDiscs];

/** Discs whose diameter is more than this share of their distance cannot be told apart. */
export const MOST_OVERLAP = 1.35;

/**
 * Disc diameter over the distance of neighbouring discs: from 1 on they share pixels, and above
 * `MOST_OVERLAP` the level of a single disc means little, however well the pattern is drawn again.
 */
export function overlapOf({ h, k, basis, radius }: PatternGeometry): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let disc = 0; disc < h.length; disc++) {
    if (h[disc] === 0 && k[disc] === 0) continue;
    const x = h[disc]! * basis[0] + k[disc]! * basis[2];
    const y = h[disc]! * basis[1] + k[disc]! * basis[3];
    nearest = Math.min(nearest, x * x + y * y);
  }
  return (2 * radius) / Math.sqrt(nearest);
}

/** Rank of the indices of the discs that hold light: 0 for the direct beam alone, 1 for a row. */
export function litRank({ geometry: { h, k }, coefficients }: PatternDiscs): 0 | 1 | 2 {
  let first = -1;
  for (let disc = 0; disc < h.length; disc++) {
    if (coefficients[disc * MODES]! <= 0 || (h[disc] === 0 && k[disc] === 0)) continue;
    if (first < 0) first = disc;
    else if (h[first]! * k[disc]! !== k[first]! * h[disc]!) return 2;
  }
  return first < 0 ? 0 : 1;
}

/** Sum of the levels of the discs that hold light, where a condition on (h, k) holds. */
export function levelsWhere(
  { geometry: { h, k }, coefficients }: PatternDiscs,
  where: (h: number, k: number) => boolean,
): number {
  let sum = 0;
  for (let disc = 0; disc < h.length; disc++) {
    if (where(h[disc]!, k[disc]!)) sum += Math.max(0, coefficients[disc * MODES]!);
  }
  return sum;
}

/**
 * Turns the in-disc modes of one disc between detector axes and axes along the scattering vector
 * g. Slopes turn with the angle of g, the astigmatic pair with twice that angle; level and
 * curvature stay. Along g the modes of equal reflections agree in every crystal, whichever way the
 * lattice lies on the detector: the rocking of a beam runs along g.
 *
 * @param from coefficients (.., MODES), read at `at`.
 * @param cosine, sine of the angle by which the axes are turned: that of g to go from detector
 *   axes to axes along g, its negative to go back.
 */
export function turnModes(
  from: Float32Array,
  at: number,
  turn: { cosine: number; sine: number; to: Float32Array; toAt: number },
): void {
  const { cosine: c, sine: s, to, toAt } = turn;
  const [x, y] = [from[at + 1]!, from[at + 2]!];
  const [p, q] = [from[at + 4]!, from[at + 5]!];
  const [c2, s2] = [c * c - s * s, 2 * c * s];
  to[toAt] = from[at]!;
  to[toAt + 1] = c * x + s * y;
  to[toAt + 2] = c * y - s * x;
  to[toAt + 3] = from[at + 3]!;
  to[toAt + 4] = c2 * p + s2 * q;
  to[toAt + 5] = c2 * q - s2 * p;
}

/** Scattering vector of disc (h, k) in pixels and its direction; the direct beam looks right. */
export function discVector(
  basis: readonly [number, number, number, number],
  h: number,
  k: number,
): { length: number; cosine: number; sine: number } {
  const x = h * basis[0] + k * basis[2];
  const y = h * basis[1] + k * basis[3];
  const length = Math.hypot(x, y);
  return length === 0
    ? { length, cosine: 1, sine: 0 }
    : { length, cosine: x / length, sine: y / length };
}
