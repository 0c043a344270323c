import { materialCounts } from '../../src/dataset/examples.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { chooseClasses } from '../class-choice.ts';

/** The space groups that `--classes` names in the training split of a store. */
export const trainingClasses = (store: Store, word: string): number[] =>
  chooseClasses(word, { classes: store.classes, counts: materialCounts(store.examples('train')) });

/** One line for each class from which nothing but a copy can be learned. */
export function memoryWarnings(store: Store, chosen: readonly number[]): string[] {
  const counts = materialCounts(store.examples('train'));
  return chosen
    .filter((spaceGroup) => counts[store.classes.indexOf(spaceGroup)] === 1)
    .map(
      (spaceGroup) =>
        `space group ${spaceGroup} has one training material: its samples can only vary that one`,
    );
}
