import { counted } from '../../common/log.ts';
import type { Difference } from '../statistics/bootstrap.ts';
import { holm } from '../statistics/significance.ts';

export type Verdict = 'helped' | 'hurt' | 'undecided';

export interface TestedDifference extends Difference {
  /** What was compared: arm against arm, or a class within them. */
  subject: string;
  /** p after Holm's correction over all comparisons tested together. */
  adjustedP: number;
  verdict: Verdict;
  /** Whether another stream of resamples might have given another verdict; it is undecided then. */
  borderline: boolean;
}

/** Differences that are tested together, each of its subject. */
export type Family = readonly { subject: string; difference: Difference }[];

/** Level of a family of comparisons. */
const LEVEL = 0.05;

/**
 * Tests a family of differences together: Holm-corrected at 5 %, at least six seeds. A p-value that
 * lies on both sides of 5 % within the Monte Carlo error of its resamples decides nothing.
 */
export function testDifferences(family: Family): TestedDifference[] {
  const corrected = (of: (difference: Difference) => number) =>
    holm(family.map(({ difference }) => of(difference)));
  const adjusted = corrected(({ p }) => p);
  const least = corrected(({ pRange }) => pRange[0]);
  const most = corrected(({ pRange }) => pRange[1]);
  return family.map(({ subject, difference }, i) => {
    const decided = most[i]! < LEVEL;
    const borderline = least[i]! < LEVEL && !decided;
    const verdict = decided ? (difference.difference > 0 ? 'helped' : 'hurt') : 'undecided';
    return { ...difference, subject, adjustedP: adjusted[i]!, verdict, borderline };
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

/** Whether a difference has an interval: not with too few seeds. */
export const hasInterval = ({ low }: Pick<Difference, 'low'>): boolean => !Number.isNaN(low);

/** From where to where a difference reaches in points: its interval, or its smallest and largest seed. */
function rangeInWords({ low, high, each }: Difference): string {
  const [from, to] = Number.isNaN(low) ? [Math.min(...each), Math.max(...each)] : [low, high];
  return `${points(from)} to ${points(to)}`;
}

/** A difference with its interval or, with too few seeds, its range, in points, without a verdict. */
export const figureInWords = (difference: Difference): string =>
  `${points(difference.difference)} (${rangeInWords(difference)})`;

/** On what the interval rests. */
function basisInWords({ seeds, splits }: Difference): string {
  if (splits === 1) return `${counted(seeds, 'seed')} on one division of the materials`;
  return splits === seeds
    ? `${counted(seeds, 'seed')}, each with its own division`
    : `${counted(seeds, 'seed')} on ${splits} divisions`;
}

/** One tested difference in words, with its figure, interval and what could have been seen. */
export function inWords(tested: TestedDifference): string {
  const { subject, verdict, seeds } = tested;
  const gain = `${points(tested.difference)} points of ${statisticName(tested.statistic)}`;
  if (!hasInterval(tested)) {
    return `${subject}: undecided, ${gain} (${rangeInWords(tested)} over ${counted(seeds, 'seed')}); six seeds are needed for an interval.`;
  }
  const figure = `${gain} (95 % interval ${rangeInWords(tested)}, Holm p = ${tested.adjustedP.toPrecision(2)}, ${basisInWords(tested)})`;
  if (verdict !== 'undecided') return `${subject} ${verdict}: ${figure}.`;
  const why = tested.borderline
    ? 'borderline: p is 0.05 within the error of resampling'
    : `a difference of ${(100 * tested.detectable).toFixed(1)} points would have been seen`;
  return `${subject}: undecided, ${figure}; ${why}.`;
}
