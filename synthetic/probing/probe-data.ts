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
  /** Position of the boundary on the path, and what it means. */
  t: number;
  axis: PathAxis;
  /** The three patterns. */
  patterns: readonly { zone: Vec3; reach: number; reflections: readonly ChangedReflection[] }[];
  cells: { from: Cell; to: Cell };
}

/** What a position on a path means, and its unit. */
export interface PathAxis {
  name: string;
  unit: string;
}

/** Probabilities of the class and of its partner along a path, and the likeliest space group there. */
export type ProbabilityCurve = readonly {
  t: number;
  own: number;
  partner: number;
  likeliest: number;
}[];

/** The atoms of a distorted crystal and how far they are moved at the boundary, angstrom. */
export interface MovedAtomsData {
  /** Amplitude at the boundary. */
  t: number;
  /** Zone axis that it is seen along. */
  zone: Vec3;
  /** Edges of the cell in projection. */
  edges: readonly (readonly [Point, Point])[];
  /** Where each atom of the cell starts and how it moves, in projection; how far it moves in space. */
  atoms: readonly { element: string; at: Point; move: Point; length: number }[];
}

/** A class and a supergroup: from which amplitude on the guide sees the lower symmetry. */
export interface RelationCell {
  spaceGroup: number;
  /** Space group of the crystals that are distorted. */
  from: number;
  /** Distortions that were tried, and those on which the guide changes sides. */
  tried: number;
  crossed: number;
  /** Median amplitude there, angstrom; null where none crosses. */
  amplitude: number | null;
  /** Distortions that it sees at neither end; those that it takes for the class without any amplitude. */
  unseen: number;
  seenAtOnce: number;
}

type Point = readonly [number, number];

export interface StripData {
  spaceGroup: number;
  partner: number;
  /** Side of the patterns. */
  size: number;
  axis: PathAxis;
  /** Triplets along the path, with their positions. */
  frames: readonly { t: number; pixels: Uint8Array }[];
  /** Probabilities along the path by the guide, and by classifiers of other seeds. */
  curve: ProbabilityCurve;
  verifiers: readonly ProbabilityCurve[];
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
