import { mean } from '../../common/quantile.ts';
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

/** What was predicted of test triplets of classes that were learned from so many real materials. */
interface ShotResult {
  predictions: readonly { label: number; guess: number; inTop5: boolean }[];
  materials: readonly number[];
}

/** What a cell predicted, and the real training materials of each class that it saw. */
export function shotResult(outcome: CellResult): ShotResult {
  const { trainCounts, classes, withheld = [], budget, predictions } = outcome;
  const out = new Set(withheld);
  return {
    materials: trainCounts.map((count, label) =>
      out.has(classes[label]!) ? 0 : Math.min(count, budget ?? count),
    ),
    predictions: predictions.labels.map((label, row) => ({
      label,
      guess: predictions.top1[row]!,
      inTop5: predictions.inTop5[row]!,
    })),
  };
}

/** Recall of every tested class: the label, or one of the five likeliest. */
function classRecalls({ predictions, materials }: ShotResult) {
  return materials.flatMap((count, label) => {
    const own = predictions.filter((one) => one.label === label);
    if (own.length === 0) return [];
    const share = (hits: readonly unknown[]) => hits.length / own.length;
    return [
      {
        shots: shotsOf(count),
        top1: share(own.filter(({ guess }) => guess === label)),
        top5: share(own.filter(({ inTop5 }) => inTop5)),
      },
    ];
  });
}

/** Recall by the number of real materials that a class was learned from, fewest first. */
export function shotRecalls(results: readonly ShotResult[]): ShotRecall[] {
  const all = results.flatMap(classRecalls);
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
