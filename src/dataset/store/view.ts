import { digestOf } from '../../common/digest.ts';
import { tiedByPixels } from '../same-pixels.ts';
import { SPLITS, type SplitOptions, splitMaterials } from '../split.ts';
import { rowsOfSplit, type Store, storeExamples } from './store.ts';

/**
 * A store seen with something exchanged; everything else, pixels included, is shared with the
 * original, which must stay open. Who exchanges content gives the digest of what is then there.
 */
export function storeView(
  store: Store,
  changes: Partial<Pick<Store, 'digest' | 'camera' | 'classes' | 'rows' | 'images' | 'crystals'>>,
): Store {
  const { digest = store.digest, camera = store.camera, rows = store.rows } = changes;
  const { classes = store.classes } = changes;
  const { images = (indices) => store.images(indices), crystals = () => store.crystals() } =
    changes;
  const view: Store = {
    path: store.path,
    digest,
    count: store.count,
    size: camera.size,
    camera,
    classes,
    materials: store.materials,
    rows,
    config: store.config,
    sources: store.sources,
    indices: (part) => rowsOfSplit(rows.split, part),
    images,
    facts: (row) => store.facts(row),
    crystal: (row) => store.crystal(row),
    crystals,
    examples: (which) => storeExamples(view, which),
    close: () => store.close(),
  };
  return view;
}

/**
 * The same store with these classes, ascending, of which it may have no row: a classifier can be taught
 * them by made rows alone. The digest is that of content and classes.
 *
 * @throws RangeError where a row is of none of them.
 */
export function withClasses(store: Store, classes: readonly number[]): Store {
  const label = store.rows.spaceGroup.map((group) => classes.indexOf(group));
  if (label.includes(-1)) throw new RangeError('a row is of a class that is left out');
  const digest = digestOf([store.digest, classes]);
  return storeView(store, { classes, digest, rows: { ...store.rows, label } });
}

/** Ties of stores by digest: a study divides one store for every split of every cell. */
const knownTies = new Map<string, string[][]>();

/** Materials of a store that show one pattern under two names. */
function tiesOf(store: Store): string[][] {
  const known = knownTies.get(store.digest);
  if (known) return known;
  const names = Array.from(store.rows.material, (material) => store.materials[material]!);
  const ties = tiedByPixels(names, (row) => store.images([row]));
  knownTies.set(store.digest, ties);
  return ties;
}

/**
 * The same store with its materials divided anew: for studies that repeat the split. Materials that
 * show one pattern stay in one part, as where the store was prepared.
 */
export function resplit(store: Store, options: Omit<SplitOptions, 'tied'>): Store {
  const classOf = new Map<string, number>();
  store.rows.material.forEach((material, row) => {
    classOf.set(store.materials[material]!, store.rows.spaceGroup[row]!);
  });
  const parts = splitMaterials(classOf, { ...options, tied: tiesOf(store) });
  const split = Uint8Array.from(store.rows.material, (material) =>
    SPLITS.indexOf(parts.get(store.materials[material]!)!),
  );
  return withSplit(store, split);
}

/**
 * The same store with another part for each row, 0 train, 1 validation, 2 test; any other code
 * puts a row in no part. The digest is that of content and split.
 */
export const withSplit = (store: Store, split: Uint8Array): Store =>
  storeView(store, {
    digest: digestOf([store.digest, digestOf(split)]),
    rows: { ...store.rows, split },
  });
