import { digestOf } from '../../common/digest.ts';
import { SPLITS, type Split, type SplitOptions, splitMaterials } from '../split.ts';
import type { Store } from './store.ts';
import { storeExamples } from './store-examples.ts';

/**
 * The same store with its materials divided anew: for studies that repeat the split.
 */
export function resplit(store: Store, options: SplitOptions): Store {
  const classOf = new Map<string, number>();
  store.rows.material.forEach((material, row) => {
    classOf.set(store.materials[material]!, store.rows.spaceGroup[row]!);
  });
  const parts = splitMaterials(classOf, options);
  const split = Uint8Array.from(store.rows.material, (material) =>
    SPLITS.indexOf(parts.get(store.materials[material]!)!),
  );
  return withSplit(store, split);
}

/**
 * The same store with another part for each row, 0 train, 1 validation, 2 test; any other code
 * puts a row in no part. Pixels are shared with the original, which must stay open. The digest is
 * that of content and split.
 */
export function withSplit(store: Store, split: Uint8Array): Store {
  const rows = { ...store.rows, split };
  const divided: Store = {
    ...store,
    // Getters of an open store, which a spread does not copy.
    count: store.count,
    size: store.size,
    digest: digestOf([store.digest, digestOf(split)]),
    rows,
    indices: (part: Split) =>
      Int32Array.from([...split.keys()].filter((row) => split[row] === SPLITS.indexOf(part))),
    images: (indices) => store.images(indices),
    facts: (row) => store.facts(row),
    examples: (which) => storeExamples(divided, which),
    close: () => store.close(),
  };
  return divided;
}
