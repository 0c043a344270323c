import type { Examples } from '../../src/dataset/examples.ts';
import type { LabelledRows } from '../codec/vectors.ts';
import { toUnits } from './networks.ts';

/** Real triplets that a GAN on pixels learns from. */
export interface PixelData {
  examples: Examples;
  /** Digest of the prepared store. */
  store: string;
  /** Class indices that get at least half of every batch; none by default. */
  attention?: ReadonlySet<number>;
}

/** Some rows as the networks see them, triplets flattened. */
export function unitRows(examples: Examples, rows: readonly number[]): LabelledRows {
  const { size, labels } = examples;
  return {
    count: rows.length,
    width: 3 * size * size,
    values: toUnits(examples.images(rows)),
    labels: Int32Array.from(rows, (row) => labels[row]!),
  };
}
