import type { Vec3 } from '../crystal/crystal.ts';

/** Where the discs of one pattern are: lengths in pixels, x to the right, y up. */
export interface PatternGeometry {
  /** Pixels a side of the detector. */
  size: number;
  /** Column and row of the direct beam, from the centre of pixel (0, 0). */
  centre: number;
  /** Zone axis [uvw] of the conventional cell, without a common factor. */
  zone: Vec3;
  /** The conventional reflections hkl that have zone indices (1, 0) and (0, 1). */
  indexBasis: readonly [Vec3, Vec3];
  /** Disc (h, k) is centred at h (b0, b1) + k (b2, b3) from the direct beam. */
  basis: readonly [number, number, number, number];
  /** Disc radius. */
  radius: number;
  /** Zone indices of the discs that the centring allows and that touch the detector. */
  h: Int16Array;
  k: Int16Array;
}

export type TripletGeometry = readonly [PatternGeometry, PatternGeometry, PatternGeometry];
