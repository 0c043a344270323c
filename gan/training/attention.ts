import type { Store } from '../../src/dataset/store/store.ts';
import { chooseClasses } from '../class-choice.ts';

/** Training materials of each class of a store. */
export function materialCounts(store: Store): number[] {
  const seen = store.classes.map(() => new Set<number>());
  for (const row of store.indices('train')) {
    seen[store.rows.label[row]!]!.add(store.rows.material[row]!);
  }
  return seen.map((materials) => materials.size);
}

/** The space groups that `--classes` names in the training split of a store. */
export const trainingClasses = (store: Store, word: string): number[] =>
  chooseClasses(word, { classes: store.classes, counts: materialCounts(store) });

/** One line for each class from which nothing but a copy can be learned. */
export function memoryWarnings(store: Store, chosen: readonly number[]): string[] {
  const counts = materialCounts(store);
  return chosen
    .filter((spaceGroup) => counts[store.classes.indexOf(spaceGroup)] === 1)
    .map(
      (spaceGroup) =>
        `space group ${spaceGroup} has one training material: its samples can only vary that one`,
    );
}
