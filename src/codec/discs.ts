import type { Background } from './background.ts';
import type { PatternGeometry } from './geometry.ts';

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
