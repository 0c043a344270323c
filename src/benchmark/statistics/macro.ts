import { type Band, bandOf } from '../../dataset/census.ts';

/** The statistics a comparison can be made on. */
export const STATISTICS = [
  'macroF1',
  'balancedAccuracy',
  'fewRecall',
  'mediumRecall',
  'manyRecall',
  'top1',
] as const;
export type Statistic = (typeof STATISTICS)[number];

/** Right, predicted and true counts by class, from which every statistic follows. */
export interface Tally {
  hits: Float64Array;
  predicted: Float64Array;
  actual: Float64Array;
}

/** Counts over `rows` (indices into labels and predictions; repeats count). */
export function classTally(
  labels: readonly number[],
  top1: readonly number[],
  rows: ArrayLike<number>,
  classes: number,
): Tally {
  const hits = new Float64Array(classes);
  const predicted = new Float64Array(classes);
  const actual = new Float64Array(classes);
  for (let i = 0; i < rows.length; i++) {
    const label = labels[rows[i]!]!;
    const guess = top1[rows[i]!]!;
    actual[label]!++;
    predicted[guess]!++;
    if (label === guess) hits[label]!++;
  }
  return { hits, predicted, actual };
}

/** Recall of each class; NaN where the class has no test sample. */
export const recalls = (t: Tally): Float64Array =>
  t.hits.map((hit, c) => (t.actual[c]! > 0 ? hit / t.actual[c]! : Number.NaN));

/** F1 of each class; NaN where the class has no test sample. */
export const f1Scores = (t: Tally): Float64Array =>
  t.hits.map((hit, c) => {
    if (t.actual[c]! === 0) return Number.NaN;
    return (2 * hit) / (t.predicted[c]! + t.actual[c]!);
  });

const meanOf = (values: ArrayLike<number>, keep: (index: number) => boolean): number => {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!) || !keep(i)) continue;
    sum += values[i]!;
    count++;
  }
  return count > 0 ? sum / count : Number.NaN;
};

/**
 * One statistic of a classTally. Classes without a test sample are left out of every mean; a band
 * without a class gives NaN.
 */
export function statisticOf(
  t: Tally,
  statistic: Statistic,
  trainCounts: readonly number[],
): number {
  const band = (wanted: Band) => meanOf(recalls(t), (c) => bandOf(trainCounts[c]!) === wanted);
  switch (statistic) {
    case 'macroF1':
      return meanOf(f1Scores(t), () => true);
    case 'balancedAccuracy':
      return meanOf(recalls(t), () => true);
    case 'fewRecall':
      return band('few');
    case 'mediumRecall':
      return band('medium');
    case 'manyRecall':
      return band('many');
    case 'top1': {
      const total = t.actual.reduce((a, b) => a + b, 0);
      return t.hits.reduce((a, b) => a + b, 0) / total;
    }
  }
}
