import { mean } from '../../common/quantile.ts';
import { Stream } from '../../common/stream.ts';
import { bandOf } from '../../dataset/census.ts';
import type { CellResult } from '../cells/result.ts';
import { type Measures, type Pair, pairedBootstrap } from '../statistics/bootstrap.ts';
import { f1Scores, recalls, tallyOf } from '../statistics/macro.ts';
import { allRows } from './summary.ts';
import { type TestedDifference, testDifferences } from './verdict.ts';

/** What an arm changes for one space group. */
export interface ClassChange {
  spaceGroup: number;
  trainCount: number;
  band: string;
  recall: { baseline: number; treated: number };
  difference: TestedDifference;
}

const f1OfClasses: Measures = (outcome, rows) => f1Scores(tallyOf(outcome, rows));

/** F1 and recall of every class that stands in the test set of all seeds, Holm-corrected together. */
export function classChanges(pairs: readonly Pair[]): ClassChange[] {
  const first = pairs[0]!.baseline;
  const present = [...first.classes.keys()].filter((c) =>
    pairs.every((p) => p.baseline.predictions.labels.includes(c)),
  );
  const tested = testDifferences(
    present.map((c) => ({
      subject: String(first.classes[c]),
      difference: pairedBootstrap({
        pairs,
        statistic: 'F1',
        measure: { figures: f1OfClasses, at: c },
        stream: new Stream(0, 'bootstrap/classes'),
        replicates: 500,
      }),
    })),
  );
  const recallsOf = (outcome: CellResult): Float64Array =>
    recalls(tallyOf(outcome, allRows(outcome)));
  const base = pairs.map(({ baseline }) => recallsOf(baseline));
  const treated = pairs.map(({ treated }) => recallsOf(treated));
  return present.map((c, i) => ({
    spaceGroup: first.classes[c]!,
    trainCount: first.trainCounts[c]!,
    band: bandOf(first.trainCounts[c]!),
    recall: {
      baseline: mean(base.map((recall) => recall[c]!)),
      treated: mean(treated.map((recall) => recall[c]!)),
    },
    difference: tested[i]!,
  }));
}

/** How often triplets of one space group are taken for another, by two arms. */
export interface ConfusedPair {
  spaceGroup: number;
  takenFor: number;
  /** Test triplets of the space group, over all seeds. */
  tested: number;
  /** Shares of them that the baseline and the treated arm took for the other. */
  before: number;
  after: number;
}

/** Adds the wrong predictions of an outcome to counts by `label * classes + prediction`. */
function addErrors(counts: Float64Array, { predictions, classes }: CellResult): void {
  predictions.labels.forEach((label, row) => {
    const guess = predictions.top1[row]!;
    if (guess !== label) counts[label * classes.length + guess]!++;
  });
}

/**
 * The pairs of space groups that are confused most, by the larger of the two shares; those that
 * are confused once in all are left out.
 */
export function confusedPairs(pairs: readonly Pair[], most: number): ConfusedPair[] {
  const { classes } = pairs[0]!.baseline;
  const size = classes.length;
  const [before, after] = [new Float64Array(size * size), new Float64Array(size * size)];
  const tested = new Float64Array(size);
  for (const { baseline, treated } of pairs) {
    addErrors(before, baseline);
    addErrors(after, treated);
    for (const label of baseline.predictions.labels) tested[label]!++;
  }
  return [...before.keys()]
    .filter((at) => before[at]! + after[at]! > 1)
    .map((at): ConfusedPair => {
      const label = Math.floor(at / size);
      return {
        spaceGroup: classes[label]!,
        takenFor: classes[at % size]!,
        tested: tested[label]!,
        before: before[at]! / tested[label]!,
        after: after[at]! / tested[label]!,
      };
    })
    .sort((a, b) => Math.max(b.before, b.after) - Math.max(a.before, a.after))
    .slice(0, most);
}
