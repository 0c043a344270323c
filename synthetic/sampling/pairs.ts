import { type Confusion, confusions, partnersOf } from '../../classifier/boundary/confusion.ts';
import type { Classifier } from '../../classifier/classifier.ts';
import type { GanModel } from '../../gan/model.ts';
import type { Store } from '../../src/dataset/store.ts';
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
  const logs = guide.predict(held).map((p) => Math.log(Math.max(p, 1e-30)));
  return confusions(logs, held.labels, store.classes.length);
}

/** Each space group with the one that the guide most often confuses it with on validation. */
export function likeliestPairs(
  { model, guide, store }: { model: GanModel; guide: Classifier; store: Store },
  wanted: Wanted,
): WantedPair[] {
  const table = validationConfusion(guide, store);
  const allowed = (partner: number): boolean => model.space.zones[partner] !== null;
  return [...wanted].flatMap(([spaceGroup, count]) => {
    if (count === 0) return [];
    const found = partnersOf(table, model.labelOf(spaceGroup), { allowed })[0]!;
    return [{ spaceGroup, partner: model.classes[found.partner]!, count }];
  });
}
