import type { CellResult } from '../cells/result.ts';
import { differenceOf, SEEDS_FOR_A_CLAIM } from '../statistics/bootstrap.ts';
import type { Statistic } from '../statistics/macro.ts';
import { type Arm, type Study, usesGan, usesSynthesis } from '../study/study.ts';
import { inWords, type TestedDifference, testDifferences } from './verdict.ts';

/** The arm that a verdict is about, and what it has to be measured by. */
export interface Best {
  arm: string;
  /** Whether it trains with synthetic data. */
  synthetic: boolean;
  /** Against the baseline. */
  overall: TestedDifference;
  few: TestedDifference | null;
  /**
   * Against the best arm without synthetic data (copies of real rows are none), where that is not the baseline; tested alone.
   * Absent for an arm without synthetic data.
   */
  unaided: { arm: string; overall: TestedDifference; few: TestedDifference | null } | null;
  /** The best control with synthetic data that no GAN made, against the baseline. */
  control: TestedDifference | null;
}

/**
 * Arms that the verdict is about: those with samples of a GAN, else those with any synthetic data,
 * else all.
 */
function inQuestion({ arms, baseline }: Pick<Study, 'arms' | 'baseline'>): Arm[] {
  const others = arms.filter(({ name }) => name !== baseline);
  const made = others.filter(usesGan);
  if (made.length > 0) return made;
  const synthetic = others.filter(usesSynthesis);
  return synthetic.length > 0 ? synthetic : others;
}

interface Results {
  /** Differences to the baseline. */
  against: Readonly<Record<Statistic, readonly TestedDifference[]>>;
  outcomes: readonly CellResult[];
}

const bestAmong = (
  tested: readonly TestedDifference[],
  arms: readonly Arm[],
): TestedDifference | null =>
  tested
    .filter(({ subject }) => arms.some(({ name }) => name === subject))
    .sort((a, b) => b.difference - a.difference)[0] ?? null;

/** The best arm with real data alone, copies included, where it is better than the baseline, and what `arm` has over it. */
function unaidedOf(study: Study, arm: string, { against, outcomes }: Results): Best['unaided'] {
  const real = study.arms.filter((one) => !usesSynthesis(one));
  const rival = bestAmong(against.macroF1, real);
  const isBaselineReal = real.some(({ name }) => name === study.baseline);
  if (!rival || (isBaselineReal && rival.difference <= 0)) return null;
  const tested = (statistic: Statistic): TestedDifference | null => {
    const difference = differenceOf(outcomes, { from: rival.subject, to: arm, statistic });
    return difference ? testDifferences([{ subject: arm, difference }])[0]! : null;
  };
  const overall = tested('macroF1');
  return overall && { arm: rival.subject, overall, few: tested('fewRecall') };
}

/** The best arm in question by macro-F1; null before any has two seeds. */
export function bestOf(study: Study, results: Results): Best | null {
  const { macroF1, fewRecall } = results.against;
  const overall = bestAmong(macroF1, inQuestion(study));
  if (!overall) return null;
  const arm = overall.subject;
  const plan = study.arms.find(({ name }) => name === arm)!;
  const synthetic = usesSynthesis(plan);
  const controls = study.arms.filter((one) => usesSynthesis(one) && !usesGan(one));
  return {
    arm,
    synthetic,
    overall,
    few: fewRecall.find(({ subject }) => subject === arm) ?? null,
    unaided: synthetic ? unaidedOf(study, arm, results) : null,
    control: usesGan(plan) ? bestAmong(macroF1, controls) : null,
  };
}

/** How the arm stands beside the best one without synthetic data, and what the best control did. */
export function rivalsInWords({ unaided, control }: Best): string[] {
  const lines: string[] = [];
  if (unaided) {
    const tested = [unaided.overall, unaided.few].filter((one) => one !== null);
    lines.push(
      `Against ${unaided.arm}, the best arm without synthetic data: ${tested.map(inWords).join(' ')}`,
    );
  }
  if (control) lines.push(`Of synthetic data without a GAN: ${inWords(control)}`);
  return lines;
}

/** Whether rare groups are helped where macro-F1 is undecided, against the best without synthesis. */
export function rareAlone(best: Pick<Best, 'overall' | 'few' | 'unaided'>): boolean {
  const { overall, few } = best.unaided ?? best;
  return overall.verdict === 'undecided' && few?.verdict === 'helped';
}

/** What an honest reader would do next. */
export function nextStep(best: Best): string {
  const { overall, unaided, control, synthetic } = best;
  const { verdict, seeds } = unaided?.overall ?? overall;
  if (verdict !== 'helped' && control?.verdict === 'helped') {
    return `Use ${control.subject}, which helped without a GAN; confirm it on a split that was never looked at.`;
  }
  switch (verdict) {
    case 'helped':
      return 'Use this arm; confirm it on a split that was never looked at.';
    case 'hurt':
      return synthetic
        ? 'Train without synthetic data; collect more materials of the rare groups, or try another technique.'
        : 'Keep the baseline: even the best of these arms is worse.';
    case 'undecided':
      if (seeds < SEEDS_FOR_A_CLAIM) {
        return `Run more seeds before deciding: the same command with --seeds ${SEEDS_FOR_A_CLAIM} and another --out.`;
      }
      if (rareAlone(best)) {
        return 'Use this arm where the rare groups matter: it finds more of them, and macro-F1 is not shown to suffer.';
      }
      return synthetic
        ? 'Without a difference to show for it, the simpler arm without synthetic data is the one to use.'
        : 'Without a difference to show for it, the baseline is the one to use.';
  }
}
