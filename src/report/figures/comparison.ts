import * as Plot from '@observablehq/plot';
import type { StudyComparison } from '../../benchmark/comparison/compare.ts';
import {
  hasInterval,
  statisticName,
  type TestedDifference,
} from '../../benchmark/comparison/verdict.ts';
import type { Statistic } from '../../benchmark/statistics/macro.ts';
import type { Arm, Study } from '../../benchmark/study/study.ts';
import { canonicalJson } from '../../common/digest.ts';
import { groupBy } from '../../common/group.ts';
import { counted } from '../../common/log.ts';
import { COLOURS, type Drawing, figure, PALETTE } from '../draw/figure.ts';
import { curveFigure } from './curve.ts';
import { type NamedRows, namedRows } from './rows.ts';

const VERDICT_KEYS = (['helped', 'hurt', 'undecided'] as const).map((label) => ({
  label,
  colour: COLOURS[label],
}));

/** Means of the same shares, added up in another order of the seeds, differ by less. */
const ROUNDING = 1e-9;

/** Green for a gain, orange for a loss, grey for a tie. */
const changeColour = (gain: number): string =>
  COLOURS[gain > ROUNDING ? 'helped' : gain < -ROUNDING ? 'hurt' : 'undecided'];

/** Pixels across, where a page has room for it. */
const WIDE = 900;

/** What the bars of a figure of differences are. */
const barsInWords = (differences: readonly TestedDifference[]): string =>
  differences.every(hasInterval)
    ? 'bars are 95 % intervals, colour is the Holm-corrected verdict'
    : 'bars go from the worst seed to the best: six seeds are needed for intervals';

/** Differences with their 95 % intervals, in the order given, coloured by verdict. */
function differencesFigure(
  differences: readonly TestedDifference[],
  { title, subtitle, label }: { title: string; subtitle: string; label: string },
  width: number,
): string {
  const rows = differences.map((judged) => ({
    name: judged.subject,
    difference: 100 * judged.difference,
    low: 100 * (hasInterval(judged) ? judged.low : Math.min(...judged.each)),
    high: 100 * (hasInterval(judged) ? judged.high : Math.max(...judged.each)),
    colour: COLOURS[judged.verdict],
  }));
  const named = namedRows(
    rows.map(({ name }) => name),
    { width, pitch: 26, rest: 70 },
  );
  return figure(
    { title, subtitle },
    {
      ...named.options,
      marginRight: 30,
      x: { label, grid: true, nice: true },
      marks: [
        Plot.ruleX([0]),
        ...named.marks,
        Plot.link(rows, {
          x1: 'low',
          x2: 'high',
          y1: 'name',
          y2: 'name',
          stroke: 'colour',
          strokeWidth: 3,
        }),
        Plot.dot(rows, { x: 'difference', y: 'name', fill: 'colour', r: 5 }),
      ],
    },
    VERDICT_KEYS,
    width,
  );
}

const differenceLabel = (statistic: Statistic): string =>
  `difference in ${statisticName(statistic)} (points)`;

/** Every arm's difference to the baseline, the best first. */
export const intervalFigure = (
  comparison: StudyComparison,
  statistic: Statistic,
  width = WIDE,
): string =>
  differencesFigure(
    [...comparison.against[statistic]].sort((a, b) => b.difference - a.difference),
    {
      title: `${statisticName(statistic)}: each arm against ${comparison.baseline}`,
      subtitle: `${counted(comparison.seeds, 'seed')}, paired; ${barsInWords(comparison.against[statistic])}`,
      label: differenceLabel(statistic),
    },
    width,
  );

/** What each addition brings on the way from real rows to GAN samples near boundaries. */
export const sharesFigure = ({ shares, seeds }: StudyComparison, width = WIDE): string =>
  differencesFigure(
    shares.map(({ overall, to }) => ({ ...overall, subject: `+ ${overall.subject} (${to})` })),
    {
      title: `macro-F1: what each addition brings, beginning with ${shares[0]!.from}`,
      subtitle: `${counted(seeds, 'seed')}, each against the arm before it, paired; ${barsInWords(shares.map(({ overall }) => overall))}`,
      label: differenceLabel('macroF1'),
    },
    width,
  );

/** Mean of a statistic for every arm, one tick a seed's spread (mean +- sd). */
export function armsFigure(
  comparison: StudyComparison,
  statistic: Statistic,
  width = WIDE,
): string {
  const rows = comparison.arms.map((arm) => {
    const { mean, sd } = arm.statistics[statistic];
    const reach = Number.isNaN(sd) ? 0 : sd;
    return {
      arm: arm.arm,
      mean: 100 * mean,
      low: 100 * (mean - reach),
      high: 100 * (mean + reach),
      synthetic: arm.syntheticRows > 0,
    };
  });
  const named = namedRows(
    rows.map(({ arm }) => arm),
    { width, pitch: 26, rest: 70 },
  );
  return figure(
    {
      title: `${statisticName(statistic)} of every arm`,
      subtitle: `mean and standard deviation over ${counted(comparison.seeds, 'seed')}; test data are real, of materials no arm has seen`,
    },
    {
      ...named.options,
      x: { label: `${statisticName(statistic)} (%)`, grid: true, nice: true },
      marks: [
        ...named.marks,
        Plot.link(rows, {
          x1: 'low',
          x2: 'high',
          y1: 'arm',
          y2: 'arm',
          stroke: (d: { synthetic: boolean }) => (d.synthetic ? PALETTE[1] : PALETTE[0]),
          strokeWidth: 2,
        }),
        Plot.dot(rows, {
          x: 'mean',
          y: 'arm',
          r: 5,
          fill: (d: { synthetic: boolean }) => (d.synthetic ? PALETTE[1] : PALETTE[0]),
        }),
      ],
    },
    [
      { label: 'real data only', colour: PALETTE[0] },
      { label: 'with synthetic data', colour: PALETTE[1] },
    ],
    width,
  );
}

/** A row with what it was (grey) and what it became. */
interface Change {
  name: string;
  before: number;
  after: number;
  colour: string;
}

const beforeAfter = (rows: readonly Change[], { marks }: NamedRows): Plot.Markish[] => [
  ...marks,
  Plot.link(rows, {
    x1: 'before',
    x2: 'after',
    y1: 'name',
    y2: 'name',
    stroke: 'colour',
    strokeWidth: 2,
  }),
  Plot.dot(rows, { x: 'before', y: 'name', fill: COLOURS.reference, r: 3.5 }),
  Plot.dot(rows, { x: 'after', y: 'name', fill: 'colour', r: 4.5 }),
];

/** Recall of every class before and after, ordered by training count: the picture of imbalance. */
export function classChangeFigure(comparison: StudyComparison, width = WIDE): string {
  const rows = [...comparison.classes]
    .sort((a, b) => b.trainCount - a.trainCount || a.spaceGroup - b.spaceGroup)
    .map((change) => ({
      name: `${change.spaceGroup} (${change.trainCount})`,
      before: 100 * change.recall.baseline,
      after: 100 * change.recall.treated,
      colour: changeColour(change.recall.treated - change.recall.baseline),
    }));
  const named = namedRows(
    rows.map(({ name }) => name),
    { width, pitch: 17, rest: 60 },
  );
  return figure(
    {
      title: `Recall of every class: ${comparison.baseline} (grey) and ${comparison.best?.arm ?? ''}`,
      subtitle:
        'space group (training materials), from the most common to the rarest; green gained, orange lost, grey equal',
    },
    {
      ...named.options,
      x: { domain: [0, 100], label: 'recall on test materials (%)', grid: true },
      marks: beforeAfter(rows, named),
    },
    [],
    width,
  );
}

/** How often pairs of space groups are confused, before and after: the most confused ones. */
export function confusionChangeFigure(comparison: StudyComparison, width = WIDE): string {
  const rows = comparison.confusions.map(({ spaceGroup, takenFor, tested, before, after }) => ({
    name: `${spaceGroup} taken for ${takenFor} (${tested})`,
    before: 100 * before,
    after: 100 * after,
    colour: changeColour(before - after),
  }));
  const named = namedRows(
    rows.map(({ name }) => name),
    { width, pitch: 20, rest: 60 },
  );
  return figure(
    {
      title: `What is confused: ${comparison.baseline} (grey) and ${comparison.best?.arm ?? ''}`,
      subtitle:
        'space group and what it is taken for (test triplets of all seeds); green: less often than before, orange: more often, grey: equally',
    },
    {
      ...named.options,
      x: { label: 'share of the test triplets of the space group (%)', grid: true, nice: true },
      marks: beforeAfter(rows, named),
    },
    [],
    width,
  );
}

/** What every curve shows. */
const SHOWN: readonly Statistic[] = ['macroF1', 'fewRecall'];

const SPREAD = 'bars: one standard deviation over seeds';

/** An arm of a curve and the value that it stands for. */
interface Step {
  arm: string;
  value: number;
}

type Varied = 'ratio' | 'epsilon';

const settingsWithout = (arm: Arm, varied: Varied): string =>
  canonicalJson({ ...arm, name: null, [varied]: null });

/** The arm without synthetic data that otherwise is the same: where a ratio curve begins. */
function withoutSynthesis(study: Study, arm: Arm): Step[] {
  const alike = study.arms.find(
    (other) =>
      other.synthetic === 'none' &&
      other.undersample === arm.undersample &&
      other.multitask === arm.multitask &&
      canonicalJson(other.techniques) === canonicalJson(arm.techniques),
  );
  return alike ? [{ arm: alike.name, value: 0 }] : [];
}

/** Arms of a study that differ in one setting only, in the order of its values. */
export function variedArms(study: Study, varied: Varied): Step[][] {
  const groups = groupBy(
    study.arms.filter((arm) => arm.synthetic !== 'none' && typeof arm[varied] === 'number'),
    (arm) => settingsWithout(arm, varied),
  );
  return [...groups.values()]
    .filter((arms) => new Set(arms.map((arm) => arm[varied])).size > 1)
    .map((arms) => {
      const steps = arms.map((arm) => ({ arm: arm.name, value: arm[varied] as number }));
      const first = varied === 'ratio' ? withoutSynthesis(study, arms[0]!) : [];
      return [...(steps.some(({ value }) => value === 0) ? [] : first), ...steps].sort(
        (a, b) => a.value - b.value,
      );
    });
}

/** Value of a ratio on an axis: the largest, which is the default, fills classes up. */
const axisText = (varied: Varied, value: number): string =>
  varied === 'ratio' && value === 100 ? 'fill up' : String(value);

const AXES: Record<Varied, { title: string; label: string }> = {
  ratio: {
    title: 'How many synthetic samples',
    label: 'synthetic rows of a class at most, times the real ones',
  },
  epsilon: {
    title: 'How near to the boundary',
    label: 'half-width of the boundary band, difference of probabilities',
  },
};

/** A mean and its spread as tables and axes give them. */
const inPercent = ({ mean, sd }: { mean: number; sd: number }) => ({
  mean: 100 * mean,
  sd: 100 * sd,
});

const armsOf = (comparison: StudyComparison, name: string) =>
  comparison.arms.find(({ arm }) => arm === name);

/** Curves of a comparison where arms of its study differ in `ratio` or `epsilon` only, by name. */
export function settingCurves(study: Study, comparison: StudyComparison): Record<string, Drawing> {
  const figures: Record<string, Drawing> = {};
  for (const varied of ['ratio', 'epsilon'] as const) {
    variedArms(study, varied).forEach((steps, index) => {
      const present = steps.filter(({ arm }) => armsOf(comparison, arm));
      if (present.length < 2) return;
      const source = study.arms.find(({ name }) => name === present.at(-1)!.arm)!.synthetic;
      const { title, label } = AXES[varied];
      const panels = SHOWN.map((statistic) => ({
        label: `${statisticName(statistic)} (%)`,
        series: [
          {
            name: source,
            points: present.map(({ arm, value }) => ({
              x: axisText(varied, value),
              ...inPercent(armsOf(comparison, arm)!.statistics[statistic]),
            })),
          },
        ],
      }));
      const domain = present.map(({ value }) => axisText(varied, value));
      const name = `${varied}-curve${index > 0 ? `-${index + 1}` : ''}`;
      const text = { title, subtitle: SPREAD };
      figures[name] = (width) => curveFigure(text, { label, domain }, panels, width);
    });
  }
  return figures;
}

/** Macro-F1 and few-shot recall of every arm against the budget of training materials. */
export function budgetCurve(comparisons: readonly StudyComparison[], width?: number): string {
  const names = [...new Set(comparisons.flatMap(({ arms }) => arms.map(({ arm }) => arm)))];
  const panels = SHOWN.map((statistic) => ({
    label: `${statisticName(statistic)} (%)`,
    series: names.map((name) => ({
      name,
      points: comparisons.flatMap((comparison) => {
        const arm = armsOf(comparison, name);
        return arm
          ? [{ x: String(comparison.budget), ...inPercent(arm.statistics[statistic]) }]
          : [];
      }),
    })),
  }));
  const domain = comparisons.map(({ budget }) => String(budget));
  return curveFigure(
    {
      title: 'How much data it takes',
      subtitle: `${SPREAD}; few-shot: space groups with fewer than 20 training materials in the whole data`,
    },
    { label: 'training materials of a space group at most', domain },
    panels,
    width,
  );
}
