import type { Arm, CellPlan } from '../study/study.ts';

/** An arm whose ratio is a number: what a training set can be made by. */
export type SettledArm = Arm & { ratio: number };
export type SettledCell = CellPlan & { arm: SettledArm };

/** Ratios tried where validation chooses: half as many as real ones, as many, and filling up. */
const RATIOS = [0.5, 1, 100] as const;
/** Candidates of the strength tau of the prior, for arms without synthetic data. */
export const STRENGTHS = [0.7, 1, 1.3] as const;
/** Candidates of the weight of synthetic counts, for arms with them: as many as of the strength. */
export const WEIGHTS = [0, 0.3, 1] as const;

const ratiosOf = ({ ratio }: Arm): readonly number[] => (ratio === 'validation' ? RATIOS : [ratio]);

/** A cell once for each ratio that it trains with. */
export const settledCells = (cell: CellPlan): SettledCell[] =>
  ratiosOf(cell.arm).map((ratio) => ({ ...cell, arm: { ...cell.arm, ratio } }));

export const usesPrior = ({ techniques }: Pick<Arm, 'techniques'>): boolean =>
  techniques.some((word) => word.startsWith('logit-adjustment'));

/** Candidates of the prior of one training; 1 where nothing is chosen. */
function priorCandidates(arm: Arm): number {
  if (!usesPrior(arm)) return 1;
  if (arm.synthetic === 'none') return STRENGTHS.length;
  return arm.weight === 'validation' ? WEIGHTS.length : 1;
}

/** How much an arm is tuned: trainings of a cell, and candidates that validation chooses among. */
export interface Effort {
  trainings: number;
  candidates: number;
}

export function effortOf(arm: Arm): Effort {
  const trainings = ratiosOf(arm).length;
  return { trainings, candidates: trainings * priorCandidates(arm) };
}
