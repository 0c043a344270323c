import type { Cell, Vec3 } from '../../src/crystal/crystal.ts';

// What a probe of a boundary measured; src/report/figures draws it.

export interface MarginData {
  spaceGroup: number;
  partner: number;
  /** log p(class) - log p(partner) of each triplet, by kind. */
  real: readonly number[];
  realPartner: readonly number[];
  random: readonly number[];
  boundary: readonly number[];
  /** The same boundary samples under classifiers of other seeds. */
  boundaryElsewhere: readonly number[];
}

/** One triplet on the map. */
export interface EmbeddedPoint {
  kind: 'real' | 'real partner' | 'random' | 'boundary';
  x: number;
  y: number;
}

export interface EmbeddingData {
  spaceGroup: number;
  partner: number;
  points: readonly EmbeddedPoint[];
  /** Shares of the variance that the two axes keep. */
  kept: readonly [number, number];
}

/** One pair of classes: how often it is confused, and what was sampled at its boundary. */
export interface PairCell {
  spaceGroup: number;
  partner: number;
  /** Mean probability of the partner on held-out triplets of the class, 0 to 1. */
  confusion: number;
  /** Accepted boundary samples; null where the pair was not probed. */
  accepted: number | null;
}

/** One reflection on the pattern, at the boundary. */
export interface ChangedReflection {
  hkl: Vec3;
  /** Scattering vector in 1/angstrom, x to the right, y up. */
  x: number;
  y: number;
  /** ln of its intensity above the floor, at the start and at the boundary. */
  from: number;
  to: number;
}

export interface CrossingData {
  spaceGroup: number;
  partner: number;
  /** Position of the boundary on the path. */
  t: number;
  /** The three patterns. */
  patterns: readonly { zone: Vec3; reach: number; reflections: readonly ChangedReflection[] }[];
  cells: { from: Cell; to: Cell };
}

export interface StripData {
  spaceGroup: number;
  partner: number;
  /** Side of the patterns. */
  size: number;
  /** Triplets along the path, with their positions. */
  frames: readonly { t: number; pixels: Uint8Array }[];
  /** Probabilities along the path. */
  curve: readonly { t: number; own: number; partner: number }[];
  /** Where the two are equal; null where they never are. */
  crossing: number | null;
  /** The class that the guide finds likelier than both there; null where it is one of the two. */
  leader: { spaceGroup: number; probability: number } | null;
}

/** What one classifier sees on a grid over a plane of images. */
export interface PlanePanel {
  /** Such as `guide` or `seed 2`. */
  name: string;
  /** (rows, columns) 0: the class, 1: the partner, 2: any other. */
  region: Uint8Array;
  /** (rows, columns) log p(class) - log p(partner). */
  margin: Float32Array;
}

export interface PlaneFigureData {
  spaceGroup: number;
  partner: number;
  /** Coordinates of columns and rows, in grey levels a pixel (root mean square). */
  x: readonly number[];
  y: readonly number[];
  /** Real triplet of the class, real triplet of the partner, sample at the boundary. */
  points: readonly (readonly [number, number])[];
  panels: readonly PlanePanel[];
  /** Mean share of grid points on which two classifiers agree; null with one. */
  agreement: number | null;
  /** Share of the signal of the class, partner and boundary sample that is real. */
  caption?: string;
}
