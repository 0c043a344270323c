import { SHOTS, type Shots, shotsOf } from '../../dataset/census.ts';
import type { CellResult } from '../cells/result.ts';

/** Mean recall of the classes that had so many real training materials, over all results. */
export interface ShotRecall {
  shots: Shots;
  /** Classes, each counted once a result. */
  classes: number;
  top1: number;
  top5: number;
}

/** Real training materials of each class that a cell saw. */
function materialsSeen({ trainCounts, classes, withheld = [], budget }: CellResult): number[] {
  const out = new Set(withheld);
  return trainCounts.map((count, label) =>
    out.has(classes[label]!) ? 0 : Math.min(count, budget ?? count),
  );
}

/** Recall of every tested class with its materials: the label, or one of the five likeliest. */
function classRecalls(outcome: CellResult) {
  const { labels, top1, inTop5 } = outcome.predictions;
  const seen = materialsSeen(outcome);
  return seen.flatMap((materials, label) => {
    const rows = labels.flatMap((one, row) => (one === label ? [row] : []));
    if (rows.length === 0) return [];
    const share = (hit: (row: number) => boolean) => rows.filter(hit).length / rows.length;
    return [
      {
        shots: shotsOf(materials),
        top1: share((row) => top1[row] === label),
        top5: share((row) => inTop5[row]!),
      },
    ];
  });
}

/** Recall by the number of real materials that a class was learned from, fewest first. */
export function shotRecalls(outcomes: readonly CellResult[]): ShotRecall[] {
  const all = outcomes.flatMap(classRecalls);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return SHOTS.flatMap((shots) => {
    const own = all.filter((one) => one.shots === shots);
    if (own.length === 0) return [];
    return [
      {
        shots,
        classes: own.length,
        top1: mean(own.map(({ top1 }) => top1)),
        top5: mean(own.map(({ top5 }) => top5)),
      },
    ];
  });
}
