import type { StudyComparison } from '../../benchmark/comparison/compare.ts';
import { statisticName } from '../../benchmark/comparison/verdict.ts';
import type { Statistic } from '../../benchmark/statistics/macro.ts';
import type { Arm, Study } from '../../benchmark/study/study.ts';
import { canonicalJson } from '../../common/digest.ts';
import { groupBy } from '../../common/group.ts';
import { curveFigure } from './curve.ts';

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

const armsOf = (comparison: StudyComparison, name: string) =>
  comparison.arms.find(({ arm }) => arm === name);

/** Curves of a comparison where arms of its study differ in `ratio` or `epsilon` only, by name. */
export function settingCurves(study: Study, comparison: StudyComparison): Record<string, string> {
  const figures: Record<string, string> = {};
  for (const varied of ['ratio', 'epsilon'] as const) {
    variedArms(study, varied).forEach((steps, index) => {
      const present = steps.filter(({ arm }) => armsOf(comparison, arm));
      if (present.length < 2) return;
      const source = study.arms.find(({ name }) => name === present.at(-1)!.arm)!.synthetic;
      const { title, label } = AXES[varied];
      const panels = SHOWN.map((statistic) => ({
        label: statisticName(statistic),
        series: [
          {
            name: source,
            points: present.map(({ arm, value }) => ({
              x: axisText(varied, value),
              ...armsOf(comparison, arm)!.statistics[statistic],
            })),
          },
        ],
      }));
      const domain = present.map(({ value }) => axisText(varied, value));
      const name = `${varied}-curve${index > 0 ? `-${index + 1}` : ''}`;
      figures[name] = curveFigure({ title, subtitle: SPREAD }, { label, domain }, panels);
    });
  }
  return figures;
}

/** Macro-F1 and few-shot recall of every arm against the budget of training materials. */
export function budgetCurve(comparisons: readonly StudyComparison[]): string {
  const names = [...new Set(comparisons.flatMap(({ arms }) => arms.map(({ arm }) => arm)))];
  const panels = SHOWN.map((statistic) => ({
    label: statisticName(statistic),
    series: names.map((name) => ({
      name,
      points: comparisons.flatMap((comparison) => {
        const arm = armsOf(comparison, name);
        return arm ? [{ x: String(comparison.budget), ...arm.statistics[statistic] }] : [];
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
  );
}
