import type { Stream } from '../../src/common/stream.ts';
import { type Features, pickRows, stackRows } from './features.ts';
import { nearestRows } from './neighbours.ts';

/** A two-sample test by classifier. */
export interface TwoSampleTest {
  /** Leave-one-out accuracy of the 1-NN classifier: 0.5 where nothing tells the sets apart. */
  accuracy: number;
  /** Chance of an accuracy so high when the names "real" and "generated" are shuffled. */
  pValue: number;
  /** Samples of each kind that entered. */
  count: number;
}

function accuracyOf(neighbour: Int32Array, kind: ArrayLike<number>): number {
  let right = 0;
  for (let i = 0; i < neighbour.length; i++) {
    if (kind[i] === kind[neighbour[i]!]) right++;
  }
  return right / neighbour.length;
}

/**
 * Classifier two-sample test with the 1-NN classifier (Lopez-Paz and Oquab 2017; Xu et al. 2018),
 * on equally many samples of each kind. The p-value comes from shuffling the names over the fixed
 * neighbours, because leave-one-out answers are not independent.
 *
 * @param stream draws the subset of the larger set, and the shuffles.
 */
export function twoSampleTest(
  real: Features,
  fake: Features,
  { stream, shuffles = 999 }: { stream: Stream; shuffles?: number },
): TwoSampleTest {
  const count = Math.min(real.count, fake.count);
  const draw = (set: Features) => pickRows(set, stream.permutation(set.count).slice(0, count));
  const joined = stackRows(draw(real), draw(fake));
  const neighbour = nearestRows(joined, joined, { k: 1, excludeSelf: true }).index;
  const kind = Array.from({ length: 2 * count }, (_, i) => (i < count ? 1 : 0));
  const accuracy = accuracyOf(neighbour, kind);
  let asHigh = 0;
  for (let n = 0; n < shuffles; n++) {
    if (accuracyOf(neighbour, stream.shuffled(kind)) >= accuracy) asHigh++;
  }
  return { accuracy, pValue: (asHigh + 1) / (shuffles + 1), count };
}
