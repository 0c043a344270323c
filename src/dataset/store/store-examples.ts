import type { RealExamples } from '../examples.ts';
import type { Split } from '../split.ts';
import type { Store } from './store.ts';

/** Rows of a store as examples. */
export interface StoreExamples extends RealExamples {
  readonly store: Store;
  /** Row of the store behind each example. */
  readonly rows: Int32Array;
}

/** A split, or a list of rows, of a store as examples; pixels are read when asked for. */
export function storeExamples(store: Store, which: Split | ArrayLike<number>): StoreExamples {
  const rows =
    typeof which === 'string' ? store.indices(which) : Int32Array.from(which as ArrayLike<number>);
  return {
    store,
    rows,
    count: rows.length,
    size: store.size,
    classes: store.classes,
    labels: rows.map((row) => store.rows.label[row]!),
    materials: Array.from(rows, (row) => store.materials[store.rows.material[row]!]!),
    images: (indices) => store.images(Array.from(indices, (i) => rows[i]!)),
    properties: (i) => store.facts(rows[i]!),
  };
}
