import { type Band, bandOf } from '../../dataset/census.ts';
import type { CellResult } from '../cells/result.ts';

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

/** Counts of an outcome over some rows of its test set. */
export const tallyOf = (
  { predictions: { labels, top1 }, classes }: CellResult,
  rows: ArrayLike<number>,
): Tally => classTally(labels, top1, rows, classes.length);

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

const sumOf = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);

/**
 * The statistics of a tally. Classes without a test sample are left out of every mean; a band
 * without a class gives NaN.
 */
export function statisticsOf(t: Tally, trainCounts: readonly number[]): Record<Statistic, number> {
  const recall = recalls(t);
  const band = (wanted: Band) => meanOf(recall, (c) => bandOf(trainCounts[c]!) === wanted);
  return {
    macroF1: meanOf(f1Scores(t), () => true),
    balancedAccuracy: meanOf(recall, () => true),
    fewRecall: band('few'),
    mediumRecall: band('medium'),
    manyRecall: band('many'),
    top1: sumOf(t.hits) / sumOf(t.actual),
  };
}
