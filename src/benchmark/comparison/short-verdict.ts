import { counted } from '../../common/log.ts';
import type { Study } from '../study/study.ts';
import type { StudyComparison } from './compare.ts';
import { figureInWords, hasInterval, statisticName, type TestedDifference } from './verdict.ts';

/** A tested difference as a newcomer reads it: what it is about, the outcome, the figure. */
function sentence(what: string, { verdict, ...tested }: TestedDifference): string {
  const range = hasInterval(tested) ? ', 95 % interval' : ', smallest and largest seed';
  const figure = figureInWords(tested).replace(
    ' (',
    ` points of ${statisticName(tested.statistic)}${range} `,
  );
  return `${what}: ${verdict}, ${figure.replace(/\)$/, '')}.`;
}

/**
 * A comparison in four lines at most: what was compared, what the best arm in question did against the
 * best without synthesis, its few-shot recall, and what to do next.
 */
export function shortVerdict(
  { seeds, splits, updates }: Pick<Study, 'seeds' | 'splits' | 'updates'>,
  { arms, best, baseline, verdict }: StudyComparison,
): string[] {
  if (!best) return verdict;
  const rival = best.unaided ?? { arm: baseline, overall: best.overall, few: best.few };
  const division =
    splits === 1
      ? 'one division of the materials'
      : `${Math.min(splits, seeds)} divisions of the materials`;
  return [
    `Compared: ${arms.length} ways to train, ${counted(seeds, 'seed')} of ${counted(updates, 'update')} each on ${division}, tested on real triplets of other materials.`,
    sentence(`${best.arm} against ${rival.arm}`, rival.overall),
    ...(rival.few ? [sentence('Rare groups', rival.few)] : []),
    `Next: ${verdict.at(-1)}`,
  ];
}
