import { groupBy } from '../../common/group.ts';
import type { Effort } from '../cells/candidates.ts';
import type { Difference } from '../statistics/bootstrap.ts';
import { holm } from '../statistics/significance.ts';

export type Verdict = 'helped' | 'hurt' | 'undecided';

/** Seeds below which a difference is reported but never called one. */
export const SEEDS_FOR_A_CLAIM = 6;

export interface TestedDifference extends Difference {
  /** What was compared: arm against arm, or a class within them. */
  subject: string;
  /** p after Holm's correction over all comparisons tested together. */
  adjustedP: number;
  verdict: Verdict;
}

/** Differences that are tested together, each of its subject. */
export type Family = readonly { subject: string; difference: Difference }[];

/** Tests a family of differences together: Holm-corrected at 5 %, at least six seeds. */
export function testDifferences(family: Family): TestedDifference[] {
  const adjusted = holm(family.map(({ difference }) => difference.p));
  return family.map(({ subject, difference }, i) => {
    const decided = difference.seeds >= SEEDS_FOR_A_CLAIM && adjusted[i]! < 0.05;
    const verdict = decided ? (difference.difference > 0 ? 'helped' : 'hurt') : 'undecided';
    return { ...difference, subject, adjustedP: adjusted[i]!, verdict };
  });
}

/** A difference of shares in points, with its sign. */
const points = (value: number): string => `${value >= 0 ? '+' : ''}${(100 * value).toFixed(1)}`;

const NAMES: Readonly<Record<string, string>> = {
  macroF1: 'macro-F1',
  balancedAccuracy: 'balanced accuracy',
  fewRecall: 'few-shot recall',
  mediumRecall: 'medium-shot recall',
  manyRecall: 'many-shot recall',
  top1: 'top-1 accuracy',
};

/** A statistic as a reader would call it. */
export const statisticName = (statistic: string): string => NAMES[statistic] ?? statistic;

/** A difference with its interval, in points, without a verdict. */
export const figureInWords = ({ difference, low, high }: Difference): string =>
  `${points(difference)} (${points(low)} to ${points(high)})`;

/** One tested difference in words, with its figure, interval and what could have been seen. */
export function inWords(tested: TestedDifference): string {
  const figure = `${points(tested.difference)} points of ${statisticName(tested.statistic)} (95 % interval ${points(tested.low)} to ${points(tested.high)}, Holm p = ${tested.adjustedP.toPrecision(2)}, ${tested.seeds} seeds)`;
  if (tested.verdict === 'helped') return `${tested.subject} helped: ${figure}.`;
  if (tested.verdict === 'hurt') return `${tested.subject} hurt: ${figure}.`;
  const why =
    tested.seeds < SEEDS_FOR_A_CLAIM
      ? `${tested.seeds} seeds are too few for a claim`
      : `a difference of ${(100 * tested.detectable).toFixed(1)} points would have been seen`;
  return `${tested.subject}: undecided, ${figure}; ${why}.`;
}

const effortInWords = ({ candidates, trainings }: Effort): string =>
  `${candidates} ${candidates === 1 ? 'candidate' : 'candidates'}${trainings > 1 ? ` in ${trainings} trainings` : ''}`;

/**
 * That arms were not tuned alike, and how much each was; null where every arm had as many
 * candidates and trainings as the baseline.
 */
export function tuningInWords(
  baseline: string,
  arms: readonly { arm: string; tuning: Effort }[],
): string | null {
  const own = arms.find(({ arm }) => arm === baseline);
  const efforts = groupBy(arms, ({ tuning }) => effortInWords(tuning));
  if (!own || efforts.size === 1) return null;
  const usual = effortInWords(own.tuning);
  const others = [...efforts]
    .filter(([effort]) => effort !== usual)
    .map(([effort, group]) => `${group.map(({ arm }) => arm).join(', ')}: ${effort}`);
  return `Tuning on validation was unequal: ${baseline} (the baseline) had ${usual}; ${others.join('; ')}.`;
}
