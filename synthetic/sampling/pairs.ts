import { type Confusion, confusions, partnersOf } from '../../classifier/boundary/confusion.ts';
import { logProbabilities } from '../../classifier/boundary/margin.ts';
import type { Classifier } from '../../classifier/classifier.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import type { Wanted } from './wanted.ts';

/** Triplets wanted of a space group near its boundary with another. */
export interface WantedPair {
  spaceGroup: number;
  partner: number;
  count: number;
}

/** How classes are confused on validation, by the guide. */
export function validationConfusion(guide: Classifier, store: Store): Confusion[][] {
  const held = store.examples('validation');
  const logs = logProbabilities(guide, held);
  return confusions(logs, held.labels, store.classes.length);
}

/** How partners of a class are found. */
export interface Partnering {
  guide: Classifier;
  store: Store;
  /** Classes (by index) that may be a partner; all by default. */
  allowed?: (partner: number) => boolean;
  /** How many partners share the triplets of a class; 1 by default. */
  partners?: number;
}

/**
 * Each space group with the ones that the guide most often confuses it with on validation; its
 * triplets are shared among them, the most confused first.
 */
export function likeliestPairs(
  { guide, store, allowed, partners = 1 }: Partnering,
  wanted: Wanted,
): WantedPair[] {
  const table = validationConfusion(guide, store);
  const { classes } = store;
  return [...wanted].flatMap(([spaceGroup, count]) => {
    const options = { allowed, count: Math.min(partners, count) };
    const found = partnersOf(table, classes.indexOf(spaceGroup), options);
    const share = (at: number) =>
      Math.floor(((at + 1) * count) / found.length) - Math.floor((at * count) / found.length);
    return found.map(({ partner }, at) => ({
      spaceGroup,
      partner: classes[partner]!,
      count: share(found.length - 1 - at),
    }));
  });
}
