import type { CellResult } from '../cells/result.ts';
import { differenceOf } from '../statistics/bootstrap.ts';
import type { Statistic } from '../statistics/macro.ts';
import { type Arm, NEAR_SOURCES, type Study } from '../study/study.ts';
import type { ArmSummary } from './summary.ts';
import { figureInWords, statisticName, type TestedDifference, testDifferences } from './verdict.ts';

/** What one addition brings: an arm against the one that lacks only this. */
export interface Share {
  /** What is added, in words. */
  adds: string;
  from: string;
  to: string;
  overall: TestedDifference;
  /** Null where no rare class is tested. */
  few: TestedDifference | null;
}

/** From real rows alone to GAN samples near boundaries, one addition a rung. */
const RUNGS: readonly { adds: string; sources: readonly Arm['synthetic'][] }[] = [
  { adds: 'nothing', sources: ['none'] },
  { adds: 'more rows', sources: ['copies'] },
  {
    adds: 'the codec',
    sources: ['interpolation', 'jitter', 'interpolation-jitter', 'lattice-transfer'],
  },
  {
    adds: 'new crystals',
    sources: ['crystals-varied', 'crystals-half', 'crystals-fitted', 'crystals-broken'],
  },
  { adds: 'the GAN', sources: ['gan-random', 'gan-crystal'] },
  { adds: 'the boundary', sources: NEAR_SOURCES },
];

/** Whether two arms differ in their synthetic rows alone. */
const isSibling = (a: Arm, b: Arm): boolean =>
  [...a.techniques].sort().join() === [...b.techniques].sort().join() &&
  a.undersample === b.undersample &&
  a.multitask === b.multitask &&
  (b.synthetic === 'none' || (a.fillTo === b.fillTo && a.ratio === b.ratio));

interface Rung {
  adds: string;
  arm: string;
}

/** The rungs below and with an arm, the better arm by mean macro-F1 where several share one. */
function rungsTo(top: Arm, arms: readonly Arm[], scores: ReadonlyMap<string, number>): Rung[] {
  return RUNGS.flatMap(({ adds, sources }) => {
    if (sources.includes(top.synthetic)) return [{ adds, arm: top.name }];
    const best = arms
      .filter((arm) => sources.includes(arm.synthetic) && isSibling(top, arm))
      .sort((a, b) => scores.get(b.name)! - scores.get(a.name)!)[0];
    return best ? [{ adds, arm: best.name }] : [];
  });
}

/** The arm near boundaries with most rungs below it; the better one among equals. */
function longestLadder(arms: readonly Arm[], scores: ReadonlyMap<string, number>): Rung[] {
  const tops = arms
    .filter(({ synthetic }) => NEAR_SOURCES.includes(synthetic))
    .sort((a, b) => scores.get(b.name)! - scores.get(a.name)!);
  return tops
    .map((top) => rungsTo(top, arms, scores))
    .reduce((most, one) => (one.length > most.length ? one : most), []);
}

type Step = Pick<Share, 'adds' | 'from' | 'to'>;

/** The steps between rungs, tested together in one statistic. */
function testSteps(
  steps: readonly Step[],
  outcomes: readonly CellResult[],
  statistic: Statistic,
): Map<string, TestedDifference> {
  const family = steps.flatMap(({ adds, from, to }) => {
    const difference = differenceOf(outcomes, { from, to, statistic });
    return difference ? [{ subject: adds, difference }] : [];
  });
  return new Map(testDifferences(family).map((tested) => [tested.subject, tested]));
}

/**
 * Which share of an effect comes from where: copies over real rows alone, the codec over copies,
 * the GAN over the codec, the boundary over the GAN; each step paired and Holm-corrected among the
 * steps. Where two samplers of the codec, or two arms near boundaries, compete, the better one
 * stands for it, which flatters it a little. Empty where a study has fewer than two steps.
 */
export function sharesOf(
  { arms }: Pick<Study, 'arms'>,
  outcomes: readonly CellResult[],
  summaries: readonly ArmSummary[],
): Share[] {
  const scores = new Map(summaries.map(({ arm, statistics }) => [arm, statistics.macroF1.mean]));
  const rungs = longestLadder(
    arms.filter(({ name }) => scores.has(name)),
    scores,
  );
  const steps = rungs
    .slice(1)
    .map(({ adds, arm }, i): Step => ({ adds, from: rungs[i]!.arm, to: arm }));
  if (steps.length < 2) return [];
  const overall = testSteps(steps, outcomes, 'macroF1');
  const few = testSteps(steps, outcomes, 'fewRecall');
  return steps
    .filter(({ adds }) => overall.has(adds))
    .map((step) => ({
      ...step,
      overall: overall.get(step.adds)!,
      few: few.get(step.adds) ?? null,
    }));
}

/** The shares in one sentence: macro-F1 and few-shot recall of each step with its interval. */
export function sharesInWords(shares: readonly Share[]): string {
  const steps = shares.map(({ adds, to, overall, few }) => {
    const decided = overall.verdict === 'undecided' ? '' : `, ${overall.verdict}`;
    const rare = few ? `, ${statisticName('fewRecall')} ${figureInWords(few)}` : '';
    return `${adds} (${to}) ${figureInWords(overall)}${decided}${rare}`;
  });
  return `What brings it, one addition at a time, points of macro-F1: ${steps.join('; ')}.`;
}
