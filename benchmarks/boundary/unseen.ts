import { logProbabilities, rivalOf } from '../../classifier/boundary/margin.ts';
import type { Classifier } from '../../classifier/classifier.ts';
import type { Candidate } from '../../gan/boundary/search.ts';
import { median } from '../../src/common/quantile.ts';
import { pixelsOf } from '../../synthetic/checks/candidate-checks.ts';

/** Median |log p(class) - log p(partner)| under a classifier that no search has seen. */
export interface Unseen {
  /** Of accepted samples; null without one. */
  accepted: number | null;
  /** Of random samples of the class, against the partners of the accepted ones; likewise. */
  random: number | null;
  /** Of random samples, each against its own strongest rival under the guide: a harder measure. */
  randomRival: number;
}

/** Null where there is nothing. */
const medianOrNull = (list: readonly number[]): number | null =>
  list.length > 0 ? median(list) : null;

/** How far samples of one class, accepted ones and random ones, are from boundaries for a witness. */
export function unseenMargins(
  { guide, witness, label }: { guide: Classifier; witness: Classifier; label: number },
  taken: readonly Candidate[],
  random: Uint8Array,
): Unseen {
  const classes = witness.classes.length;
  const partners = taken.map(({ pair }) => pair.partner);
  const [seen, led] = [witness, guide].map((one) => logProbabilities(one, random));
  const margin = (logs: Float32Array, row: number, partner: number): number =>
    Math.abs(logs[row * classes + label]! - logs[row * classes + partner]!);
  const rows = [...Array(random.length / (3 * witness.size ** 2)).keys()];
  const near = taken.length > 0 ? logProbabilities(witness, pixelsOf(taken)) : new Float32Array();
  return {
    accepted: medianOrNull(partners.map((partner, row) => margin(near, row, partner))),
    random: medianOrNull(
      rows.flatMap((row) => partners.map((partner) => margin(seen!, row, partner))),
    ),
    randomRival: median(
      rows.map((row) => margin(seen!, row, rivalOf(led!, row, { label, classes }))),
    ),
  };
}
