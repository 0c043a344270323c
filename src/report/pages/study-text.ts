import type { StudyComparison } from '../../benchmark/comparison/compare.ts';
import {
  hasInterval,
  statisticName,
  type TestedDifference,
} from '../../benchmark/comparison/verdict.ts';
import { STATISTICS } from '../../benchmark/statistics/macro.ts';

/** A share in percent; `-` where there is none. */
export const percent = (value: number): string =>
  Number.isNaN(value) ? '-' : (100 * value).toFixed(1);

/** Rows of the table of arms: means and standard deviations in percent. */
export function armRows(comparison: StudyComparison): string[][] {
  const head = ['arm', ...STATISTICS.map(statisticName), 'real', 'synthetic', 's a run'];
  const body = comparison.arms.map((arm) => [
    arm.arm,
    ...STATISTICS.map((statistic) => {
      const { mean, sd } = arm.statistics[statistic];
      return Number.isNaN(sd) ? percent(mean) : `${percent(mean)} ± ${percent(sd)}`;
    }),
    arm.realRows.toFixed(0),
    arm.syntheticRows.toFixed(0),
    arm.seconds.toFixed(0),
  ]);
  return [head, ...body];
}

/** Rows of the table of recall by the real materials that classes were learned from. */
export function shotRows({ arms }: StudyComparison): string[][] {
  const body = arms.flatMap(({ arm, shots }) =>
    shots.map(({ shots: materials, classes, top1, top5 }) => [
      arm,
      materials,
      String(classes),
      percent(top1),
      percent(top5),
    ]),
  );
  return [['arm', 'training materials', 'classes', 'recall', 'recall in five'], ...body];
}

const DIFFERENCE_HEAD = [
  'difference',
  '95 % interval',
  'Holm p',
  'win/tie/loss',
  'detectable',
  'verdict',
];

/** Without an interval: the range over seeds, in brackets, and what is lacking. */
const differenceCells = (tested: TestedDifference): string[] => [
  percent(tested.difference),
  hasInterval(tested)
    ? `${percent(tested.low)} to ${percent(tested.high)}`
    : `(seeds ${percent(Math.min(...tested.each))} to ${percent(Math.max(...tested.each))})`,
  hasInterval(tested) ? tested.adjustedP.toPrecision(2) : '-',
  `${tested.wins}/${tested.ties}/${tested.losses}`,
  hasInterval(tested) ? percent(tested.detectable) : '-',
  hasInterval(tested)
    ? `${tested.verdict}${tested.borderline ? ', borderline' : ''}`
    : 'six seeds are needed',
];

/** Rows of the table of differences against the baseline. */
export function differenceRows(comparison: StudyComparison): string[][] {
  const body = (['macroF1', 'fewRecall'] as const).flatMap((statistic) =>
    comparison.against[statistic].map((judged) => [
      judged.subject,
      statisticName(statistic),
      ...differenceCells(judged),
    ]),
  );
  return [['arm', 'statistic', ...DIFFERENCE_HEAD], ...body];
}

/** Rows of the table of what each addition brings. */
export function shareRows({ shares }: StudyComparison): string[][] {
  const body = shares.flatMap(({ adds, from, to, overall, few }) =>
    [overall, few]
      .filter((judged) => judged !== null)
      .map((judged) => [
        adds,
        from,
        to,
        statisticName(judged.statistic),
        ...differenceCells(judged),
      ]),
  );
  return [['adds', 'from', 'to', 'statistic', ...DIFFERENCE_HEAD], ...body];
}

/** Rows of the table of classes, from the most common to the rarest. */
export function classRows(comparison: StudyComparison): string[][] {
  const head = ['space group', 'training', 'band', 'F1 before', 'F1 after', 'change', 'verdict'];
  const body = [...comparison.classes]
    .sort((a, b) => b.trainCount - a.trainCount || a.spaceGroup - b.spaceGroup)
    .map(({ spaceGroup, trainCount, band, difference }) => [
      String(spaceGroup),
      String(trainCount),
      band,
      percent(difference.baseline),
      percent(difference.treated),
      percent(difference.difference),
      difference.verdict,
    ]);
  return [head, ...body];
}

/** Rows of the table of tuning: what validation chose for each arm, a value a seed. */
export function tuningRows(comparison: StudyComparison): string[][] {
  const body = comparison.arms.map(({ arm, tuning, chosen }) => [
    arm,
    String(tuning.trainings),
    String(tuning.candidates),
    Object.entries(chosen)
      .map(([name, values]) => `${name} ${values.join(', ')}`)
      .join('; ') || '-',
  ]);
  return [['arm', 'trainings a cell', 'candidates', 'chosen, a value a seed'], ...body];
}

/** The same table of several budgets, the budget as the first column; as it is without budgets. */
export function budgetTable(
  comparisons: readonly StudyComparison[],
  rowsOf: (comparison: StudyComparison) => string[][],
): string[][] {
  const tables = comparisons.map((one) => ({ budget: one.budget, rows: rowsOf(one) }));
  if (tables.length === 1 && tables[0]!.budget === null) return tables[0]!.rows;
  return [
    ['budget', ...tables[0]!.rows[0]!],
    ...tables.flatMap(({ budget, rows }) =>
      rows.slice(1).map((row) => [String(budget ?? 'all'), ...row]),
    ),
  ];
}
