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

/** Mean distance between different rows; NaN for fewer than two. */
export function meanDistance({
  count,
  width,
  values,
}: Pick<VectorRows, 'count' | 'width'> & { values: ArrayLike<number> }): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      let square = 0;
      for (let k = 0; k < width; k++) {
        square += (values[i * width + k]! - values[j * width + k]!) ** 2;
      }
      sum += Math.sqrt(square);
    }
  }
  return (2 * sum) / (count * (count - 1));
}

/** Some rows of training vectors, with their labels. */
export const labelledRows = (all: TrainingVectors, rows: readonly number[]): LabelledRows => ({
  ...vectorRows(all, rows),
  labels: Int32Array.from(rows, (row) => all.labels[row]!),
});
