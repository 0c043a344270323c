import type { TrainingVectors } from './batches.ts';

/** Rows of codec vectors, one after another. */
export interface VectorRows {
  readonly count: number;
  readonly width: number;
  readonly values: Float32Array;
}

/** Codec vectors with the class index of each. */
export interface LabelledRows extends VectorRows {
  readonly labels: Int32Array;
}

/** Rows of one width, one after another. */
export function joinRows(rows: readonly Float32Array[]): VectorRows {
  const width = rows[0]?.length ?? 0;
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    values.set(row, i * width);
  });
  return { count: rows.length, width, values };
}

/** Some rows of many, in the order asked for. */
export function vectorRows(
  { width, values }: Pick<VectorRows, 'width' | 'values'>,
  rows: readonly number[],
): VectorRows {
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    out.set(values.subarray(row * width, (row + 1) * width), i * width);
  });
  return { count: rows.length, width, values: out };
}

/** Some rows of training vectors, with their labels. */
export const labelledRows = (all: TrainingVectors, rows: readonly number[]): LabelledRows => ({
  ...vectorRows(all, rows),
  labels: Int32Array.from(rows, (row) => all.labels[row]!),
});
