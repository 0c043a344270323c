import { mean } from '../../common/quantile.ts';
import { type Effort, effortOf } from '../cells/candidates.ts';
import type { CellResult } from '../cells/result.ts';
import { STATISTICS, type Statistic, statisticsOf, tallyOf } from '../statistics/macro.ts';
import type { Arm, Study } from '../study/study.ts';
import { type ShotRecall, shotRecalls, shotResult } from './shots.ts';

/** Mean and standard deviation over seeds. */
export interface SeedSpread {
  mean: number;
  sd: number;
  seeds: number;
}

export interface ArmSummary {
  arm: string;
  statistics: Record<Statistic, SeedSpread>;
  syntheticRows: number;
  realRows: number;
  seconds: number;
  /** Trainings of a cell, and candidates that validation chose among. */
  tuning: Effort;
  /** Recall by the real training materials of classes. */
  shots: ShotRecall[];
  /** What validation chose, a value a seed. */
  chosen: Record<string, (number | string)[]>;
}

export const spread = (values: readonly number[]): SeedSpread => {
  const centre = mean(values);
  const sd =
    values.length > 1
      ? Math.sqrt(values.reduce((sum, v) => sum + (v - centre) ** 2, 0) / (values.length - 1))
      : Number.NaN;
  return { mean: centre, sd, seeds: values.length };
};

/** Every test row of an outcome once. */
export const allRows = ({ predictions }: CellResult): number[] =>
  predictions.labels.map((_, row) => row);

function chosenBy(outcomes: readonly CellResult[]): ArmSummary['chosen'] {
  const names = new Set(outcomes.flatMap(({ chosen }) => Object.keys(chosen)));
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      outcomes.flatMap(({ chosen }) => (name in chosen ? [chosen[name]!] : [])),
    ]),
  );
}

/** What the outcomes of an arm come to. */
export function summarise(arm: Arm, outcomes: readonly CellResult[]): ArmSummary {
  const own = outcomes.filter((outcome) => outcome.arm === arm.name);
  const values = own.map((outcome) =>
    statisticsOf(tallyOf(outcome, allRows(outcome)), outcome.trainCounts),
  );
  const statistics = Object.fromEntries(
    STATISTICS.map((statistic) => [statistic, spread(values.map((of) => of[statistic]))]),
  ) as Record<Statistic, SeedSpread>;
  return {
    arm: arm.name,
    statistics,
    syntheticRows: spread(own.map((o) => o.training.synthetic)).mean,
    realRows: spread(own.map((o) => o.training.real)).mean,
    seconds: spread(own.map((o) => o.training.seconds)).mean,
    tuning: effortOf(arm),
    shots: shotRecalls(own.map(shotResult)),
    chosen: chosenBy(own),
  };
}

/** How the arms stand by mean macro-F1 in percent, over the seeds that all of them have; empty before. */
export function standingsInWords(
  { arms, seeds }: Pick<Study, 'arms' | 'seeds'>,
  outcomes: readonly CellResult[],
): string {
  const own = arms.map(({ name }) => outcomes.filter(({ arm }) => arm === name));
  const shared = new Set(
    outcomes
      .map(({ seed }) => seed)
      .filter((seed) => own.every((some) => some.some((one) => one.seed === seed))),
  );
  if (shared.size === 0) return '';
  const means = arms.map(({ name }, i) => {
    const some = own[i]!.filter(({ seed }) => shared.has(seed));
    return `${name} ${(100 * spread(some.map(({ metrics }) => metrics.macroF1!)).mean).toFixed(1)}`;
  });
  return `  after ${shared.size} of ${seeds} seeds, macro-F1: ${means.join(', ')}`;
}
