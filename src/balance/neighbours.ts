import { type Tensor2D, tf } from '../engine/tf.ts';

/** Row vectors, flat and row-major. */
export interface Vectors {
  count: number;
  dimension: number;
  values: Float32Array;
}

/** Rows of `vectors`. */
export function pickVectors(vectors: Vectors, rows: ArrayLike<number>): Vectors {
  const { dimension } = vectors;
  const values = new Float32Array(rows.length * dimension);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * dimension;
    values.set(vectors.values.subarray(from, from + dimension), i * dimension);
  }
  return { count: rows.length, dimension, values };
}

const BLOCK = 256;

/**
 * The `k` nearest rows of `among` to each row of `queries` by Euclidean distance, nearest first,
 * (queries.count, k) flat; -1 where `among` has fewer. A row at `self(i)` is left out for query i.
 */
export function nearestVectors(
  queries: Vectors,
  among: Vectors,
  options: { k: number; self?: (query: number) => number },
): Int32Array {
  const { k, self = () => -1 } = options;
  const out = new Int32Array(queries.count * k).fill(-1);
  const take = Math.min(k + 1, among.count);
  if (take === 0) return out;
  tf.tidy(() => {
    const table = tf.tensor2d(among.values, [among.count, among.dimension]);
    const norms = table.square().sum(1);
    for (let from = 0; from < queries.count; from += BLOCK) {
      const rows = Math.min(BLOCK, queries.count - from);
      const values = queries.values.subarray(
        from * queries.dimension,
        (from + rows) * queries.dimension,
      );
      const found = tf.tidy(() => {
        const block = tf.tensor2d(values, [rows, queries.dimension]);
        const score = block.matMul(table, false, true).mul(2).sub(norms) as Tensor2D;
        return tf.topk(score, take).indices.dataSync();
      });
      for (let row = 0; row < rows; row++) {
        const kept = Array.from(found.subarray(row * take, (row + 1) * take)).filter(
          (index) => index !== self(from + row),
        );
        out.set(kept.slice(0, k), (from + row) * k);
      }
    }
  });
  return out;
}
