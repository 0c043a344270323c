import type { Outcome } from '../cells/outcome.ts';
import type { Pair } from '../statistics/bootstrap.ts';

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
function addErrors(counts: Float64Array, { predictions, classes }: Outcome): void {
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
