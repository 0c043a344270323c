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
