import type { Cell } from '../crystal/crystal.ts';

/** What multitask heads learn beside the space group; a null cell is not known. */
export interface CrystalProperties {
  cell: Cell | null;
  /** Element counts of the cell: `Fe8 O14 F2`. */
  formula: string;
}

/**
 * Labelled triplets that a classifier or a GAN can learn from, read by index: a split of a
 * prepared store, or a mixture of real rows and synthetic ones. Nothing is copied until `images`
 * is called.
 */
export interface Examples {
  readonly count: number;
  /** Pixels a side. */
  readonly size: number;
  /** Space groups of the task, ascending; labels are positions in this list. */
  readonly classes: readonly number[];
  /** Class index of each example. */
  readonly labels: Int32Array;
  /** Material of each example. */
  readonly materials: readonly string[];
  /** Stored pixels, (indices.length, size, size, 3) in NHWC order. */
  images(indices: ArrayLike<number>): Uint8Array;
  /** Weight of each example in the loss; 1 where absent. */
  readonly weights?: Float32Array;
  /** 1 for synthetic examples; absent when all are real. */
  readonly synthetic?: Uint8Array;
  /** Soft labels: class index and probability of the second class of each example. */
  readonly partners?: { label: Int32Array; share: Float32Array };
  /** Properties of the crystal behind an example; null where they are not known. */
  readonly properties?: (index: number) => CrystalProperties | null;
}

/** Examples that hold nothing synthetic: the only ones that may judge (validation, test). */
export interface RealExamples extends Examples {
  readonly synthetic?: undefined;
}

/** Pixel values run from 0 to 255; networks see value / 128. */
export const PIXEL_SCALE = 1 / 128;

/** Distinct materials of each class: what tells how rare it is. */
export function materialCounts(
  examples: Pick<Examples, 'labels' | 'classes' | 'materials'>,
): number[] {
  const seen = examples.classes.map(() => new Set<string>());
  examples.labels.forEach((label, i) => {
    seen[label]!.add(examples.materials[i]!);
  });
  return seen.map((materials) => materials.size);
}

/** Examples of each class. */
export function classCounts(examples: Pick<Examples, 'labels' | 'classes'>): Int32Array {
  const counts = new Int32Array(examples.classes.length);
  for (const label of examples.labels) counts[label]!++;
  return counts;
}

const pick = <T extends Int32Array | Float32Array | Uint8Array>(
  values: T,
  rows: ArrayLike<number>,
): T => {
  const out = new (values.constructor as new (length: number) => T)(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]!]!;
  return out;
};

/** The rows of `examples` at `indices`, repeats allowed; pixels are read when asked for. */
export function selectExamples(examples: Examples, indices: ArrayLike<number>): Examples {
  const { weights, synthetic, partners, properties } = examples;
  return {
    count: indices.length,
    size: examples.size,
    classes: examples.classes,
    labels: pick(examples.labels, indices),
    materials: Array.from(indices, (row) => examples.materials[row]!),
    images: (rows) => examples.images(Array.from(rows, (row) => indices[row]!)),
    ...(weights && { weights: pick(weights, indices) }),
    ...(synthetic && { synthetic: pick(synthetic, indices) }),
    ...(partners && {
      partners: { label: pick(partners.label, indices), share: pick(partners.share, indices) },
    }),
    ...(properties && { properties: (index: number) => properties(indices[index]!) }),
  };
}
