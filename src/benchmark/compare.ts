import { bandOf } from '../dataset/census.ts';
import { Stream } from '../ground/stream.ts';
import { type Measure, measureOf, type Pair, pairedBootstrap } from './bootstrap.ts';
import { f1Scores, recalls, STATISTICS, type Statistic, tally } from './macro.ts';
import type { Outcome } from './outcome.ts';
import type { Study } from './study.ts';
import { inWords, type Judged, judge, nextStep } from './verdict.ts';

/** Mean and standard deviation over seeds. */
export interface Spread {
  mean: number;
  sd: number;
  seeds: number;
}

export interface ArmSummary {
  arm: string;
  statistics: Record<Statistic, Spread>;
  syntheticRows: number;
  realRows: number;
  seconds: number;
}

export interface ClassChange {
  spaceGroup: number;
  trainCount: number;
  band: string;
  recall: { baseline: number; treated: number };
  judged: Judged;
}

/** Everything the report of a study says. */
export interface Comparison {
  study: string;
  baseline: string;
  seeds: number;
  arms: ArmSummary[];
  /** Every other arm against the baseline, Holm-corrected within a statistic. */
  against: Record<Statistic, Judged[]>;
  /** The arm with the best mean macro-F1 among those with synthetic data, against the baseline. */
  best: { arm: string; overall: Judged; few: Judged | null } | null;
  classes: ClassChange[];
  verdict: string[];
}

const spread = (values: readonly number[]): Spread => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const sd =
    values.length > 1
      ? Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1))
      : Number.NaN;
  return { mean, sd, seeds: values.length };
};

const allRows = (outcome: Outcome): number[] => outcome.predictions.labels.map((_, row) => row);

function summarise(arm: string, outcomes: readonly Outcome[]): ArmSummary {
  const own = outcomes.filter((outcome) => outcome.arm === arm);
  const statistics = Object.fromEntries(
    STATISTICS.map((statistic) => [
      statistic,
      spread(own.map((outcome) => measureOf(statistic)(outcome, allRows(outcome)))),
    ]),
  ) as Record<Statistic, Spread>;
  return {
    arm,
    statistics,
    syntheticRows: spread(own.map((o) => o.training.synthetic)).mean,
    realRows: spread(own.map((o) => o.training.real)).mean,
    seconds: spread(own.map((o) => o.training.seconds)).mean,
  };
}

/** Outcomes of two arms paired by seed; seeds that miss one of the two are left out. */
export function pairsOf(outcomes: readonly Outcome[], baseline: string, treated: string): Pair[] {
  return outcomes
    .filter((outcome) => outcome.arm === baseline)
    .flatMap((base) => {
      const other = outcomes.find((o) => o.arm === treated && o.seed === base.seed);
      return other ? [{ baseline: base, treated: other }] : [];
    });
}

function judgeArms(study: Study, outcomes: readonly Outcome[], statistic: Statistic): Judged[] {
  const family = study.arms
    .filter(({ name }) => name !== study.baseline)
    .map(({ name }) => ({ name, pairs: pairsOf(outcomes, study.baseline, name) }))
    .filter(({ pairs }) => pairs.length >= 2)
    .map(({ name, pairs }) => ({
      subject: name,
      difference: pairedBootstrap({
        pairs,
        statistic,
        measure: measureOf(statistic),
        // One stream name for all arms: the same resamples, so arms differ by their results alone.
        stream: new Stream(0, `bootstrap/${statistic}`),
      }),
    }));
  return judge(family.filter(({ difference }) => !Number.isNaN(difference.difference)));
}

const recallOfClass =
  (c: number): Measure =>
  (outcome, rows) =>
    recalls(
      tally(outcome.predictions.labels, outcome.predictions.top1, rows, outcome.classes.length),
    )[c]!;

const f1OfClass =
  (c: number): Measure =>
  (outcome, rows) =>
    f1Scores(
      tally(outcome.predictions.labels, outcome.predictions.top1, rows, outcome.classes.length),
    )[c]!;

function classChanges(pairs: readonly Pair[]): ClassChange[] {
  const first = pairs[0]!.baseline;
  const tested = first.classes
    .map((_, c) => c)
    .filter((c) => pairs.every((p) => p.baseline.predictions.labels.includes(c)));
  const judged = judge(
    tested.map((c) => ({
      subject: String(first.classes[c]),
      difference: pairedBootstrap({
        pairs,
        statistic: 'F1',
        measure: f1OfClass(c),
        stream: new Stream(0, `bootstrap/class/${c}`),
        replicates: 200,
      }),
    })),
  );
  return tested.map((c, i) => ({
    spaceGroup: first.classes[c]!,
    trainCount: first.trainCounts[c]!,
    band: bandOf(first.trainCounts[c]!),
    recall: {
      baseline: spread(pairs.map((p) => recallOfClass(c)(p.baseline, allRows(p.baseline)))).mean,
      treated: spread(pairs.map((p) => recallOfClass(c)(p.treated, allRows(p.treated)))).mean,
    },
    judged: judged[i]!,
  }));
}

/** Compares all arms of a study with its baseline and says in words what came of it. */
export function compareStudy(study: Study, outcomes: readonly Outcome[]): Comparison {
  const present = study.arms.filter(({ name }) => outcomes.some(({ arm }) => arm === name));
  const arms = present.map(({ name }) => summarise(name, outcomes));
  const against = Object.fromEntries(
    STATISTICS.map((statistic) => [statistic, judgeArms(study, outcomes, statistic)]),
  ) as Record<Statistic, Judged[]>;
  const synthetic = present.filter(
    (plan) => plan.synthetic !== 'none' && plan.name !== study.baseline,
  );
  const ranked = against.macroF1
    .filter(({ subject }) => synthetic.some(({ name }) => name === subject))
    .sort((a, b) => b.difference - a.difference);
  const overall = ranked[0];
  const few = overall
    ? (against.fewRecall.find(({ subject }) => subject === overall.subject) ?? null)
    : null;
  const best = overall ? { arm: overall.subject, overall, few } : null;
  const pairs = best ? pairsOf(outcomes, study.baseline, best.arm) : [];
  return {
    study: study.name,
    baseline: study.baseline,
    seeds: new Set(outcomes.map(({ seed }) => seed)).size,
    arms,
    against,
    best,
    classes: pairs.length >= 2 ? classChanges(pairs) : [],
    verdict: best
      ? [inWords(best.overall), ...(best.few ? [inWords(best.few)] : []), nextStep(best.overall)]
      : ['No arm with synthetic data has results for two seeds yet: no verdict.'],
  };
}
