import type { Vec3 } from '../crystal/crystal.ts';
import type { Camera } from '../simulate/camera.ts';
import type { SampleFacts } from '../simulate/sample.ts';
import type { Split } from './split.ts';
import type { StoreExamples } from './store-examples.ts';

/** Column by column what is known of each sample; NaN, or zone [0, 0, 0], where it is not known. */
export interface StoreRows {
  /** Space-group number. */
  spaceGroup: Int32Array;
  /** Position of the space group in `classes`. */
  label: Int32Array;
  /** 0 train, 1 validation, 2 test. */
  split: Uint8Array;
  /** Position of the material in `materials`. */
  material: Int32Array;
  /** (N, 6) lattice a, b, c in angstrom and alpha, beta, gamma in degrees. */
  cell: Float64Array;
  /** (N, 3, 3) zone axis of each pattern, direct-lattice indices. */
  zones: Float64Array;
  /** (N, 3, 3) direct-lattice direction that points up in each pattern. */
  inPlane: Float64Array;
  /** (N, 3) semi-convergence angles in rad. */
  semiAngles: Float64Array;
  /** (N, 3) interplanar spacings in angstrom that chose the zones. */
  spacings: Float64Array;
  /** Beam energy in keV. */
  energy: Float64Array;
  /** Specimen thickness in angstrom. */
  thickness: Float64Array;
  formula: readonly string[];
  /** Group name of the sample in its Summit file. */
  key: readonly string[];
}

/** A source file of a store: name, bytes and the digest of its catalogue. */
export interface StoreSource {
  name: string;
  bytes: number;
  samples: number;
  digest: string;
}

/** A prepared store, open for reading. */
export interface Store {
  readonly path: string;
  /** SHA-256 of the content: pixels, rows, camera. Says nothing of how it was made. */
  readonly digest: string;
  /** Number of samples. */
  readonly count: number;
  /** Pixels a side. */
  readonly size: number;
  readonly camera: Camera;
  /** Space groups in the store, ascending. */
  readonly classes: readonly number[];
  /** Names of the materials, ascending. */
  readonly materials: readonly string[];
  readonly rows: StoreRows;
  /** The resolved settings the store was prepared with. */
  readonly config: Record<string, unknown>;
  readonly sources: readonly StoreSource[];
  /** Rows of a split, ascending. */
  indices(split: Split): Int32Array;
  /** (indices.length, size, size, 3) stored pixels of these rows. */
  images(indices: ArrayLike<number>): Uint8Array;
  /** What is known of one row. */
  facts(row: number): SampleFacts;
  /** A split, or a list of rows, as examples. */
  examples(which: Split | ArrayLike<number>): StoreExamples;
  close(): void;
}

export interface OpenStoreOptions {
  /** Bytes of pixels that may be kept in memory; a larger store is read row by row. */
  memoryBudget?: number;
}

/** Three consecutive numbers of a column as a vector. */
export const vectorAt = (column: Float64Array, at: number): Vec3 => [
  column[at]!,
  column[at + 1]!,
  column[at + 2]!,
];
