import { Stream } from '../ground/stream.ts';
import { measureOf, type Pair, pairedBootstrap } from './bootstrap.ts';
import { type ClassChange, classChanges } from './class-changes.ts';
import { type ConfusedPair, confusedPairs } from './confusion.ts';
import { STATISTICS, type Statistic } from './macro.ts';
import type { Outcome } from './outcome.ts';
import { type Arm, budgetsOf, type Study } from './study.ts';
import { type ArmSummary, summarise } from './summary.ts';
import { type Family, inWords, type Judged, judge, nextStep, tuningInWords } from './verdict.ts';

/** Everything the report of a study says, of all its materials or within one budget. */
export interface Comparison {
  study: string;
  /** Training materials of a class at most; null for all there are. */
  budget: number | null;
  baseline: string;
  seeds: number;
  arms: ArmSummary[];
  /** Every other arm against the baseline, Holm-corrected within a statistic. */
  against: Record<Statistic, Judged[]>;
  /** The arm with the best mean macro-F1 among those with synthetic data, against the baseline. */
  best: { arm: string; overall: Judged; few: Judged | null } | null;
  classes: ClassChange[];
  /** What the baseline and the best arm confuse most. */
  confusions: ConfusedPair[];
  verdict: string[];
}

/** Confused pairs that a comparison lists. */
const CONFUSIONS = 16;

/** Outcomes of two arms paired by seed; seeds that miss one of the two are left out. */
export function pairsOf(outcomes: readonly Outcome[], baseline: string, treated: string): Pair[] {
  return outcomes
    .filter((outcome) => outcome.arm === baseline)
    .flatMap((base) => {
      const other = outcomes.find((o) => o.arm === treated && o.seed === base.seed);
      return other ? [{ baseline: base, treated: other }] : [];
    });
}

/** The differences of all arms to the baseline in one statistic. */
const familyOf = (study: Study, outcomes: readonly Outcome[], statistic: Statistic): Family =>
  study.arms
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
    }))
    .filter(({ difference }) => !Number.isNaN(difference.difference));

type Against = Comparison['against'];

/** Judges the differences within each part of the outcomes, all parts corrected together. */
function judgeTogether(study: Study, parts: readonly (readonly Outcome[])[]): Against[] {
  const against = parts.map(() => ({}) as Against);
  for (const statistic of STATISTICS) {
    const families = parts.map((outcomes) => familyOf(study, outcomes, statistic));
    const judged = judge(families.flat());
    let from = 0;
    families.forEach(({ length }, i) => {
      against[i]![statistic] = judged.slice(from, from + length);
      from += length;
    });
  }
  return against;
}

/** Arms that the verdict is about: those with synthetic data, or all where the study has none. */
function inQuestion({ arms, baseline }: Study): Arm[] {
  const others = arms.filter(({ name }) => name !== baseline);
  const synthetic = others.filter((arm) => arm.synthetic !== 'none');
  return synthetic.length > 0 ? synthetic : others;
}

/** The best arm in question, by macro-F1. */
function bestOf(study: Study, against: Against): Comparison['best'] {
  const arms = inQuestion(study);
  const overall = against.macroF1
    .filter(({ subject }) => arms.some(({ name }) => name === subject))
    .sort((a, b) => b.difference - a.difference)[0];
  if (!overall) return null;
  const few = against.fewRecall.find(({ subject }) => subject === overall.subject) ?? null;
  return { arm: overall.subject, overall, few };
}

function comparison(
  study: Study,
  { budget, outcomes, against }: Part & { against: Against },
): Comparison {
  const present = study.arms.filter(({ name }) => outcomes.some(({ arm }) => arm === name));
  const arms = present.map((arm) => summarise(arm, outcomes));
  const best = bestOf(study, against);
  const pairs = best ? pairsOf(outcomes, study.baseline, best.arm) : [];
  const unequal = [tuningInWords(study.baseline, arms)].filter((line) => line !== null);
  return {
    study: study.name,
    budget,
    baseline: study.baseline,
    seeds: new Set(outcomes.map(({ seed }) => seed)).size,
    arms,
    against,
    best,
    classes: pairs.length >= 2 ? classChanges(pairs) : [],
    confusions: pairs.length > 0 ? confusedPairs(pairs, CONFUSIONS) : [],
    verdict: best
      ? [
          inWords(best.overall),
          ...(best.few ? [inWords(best.few)] : []),
          ...unequal,
          nextStep(best.overall, study),
        ]
      : [
          `${inQuestion(study).length} arms are to be compared with ${study.baseline}; none has results for two seeds yet: no verdict.`,
          ...unequal,
        ],
  };
}

interface Part {
  budget: number | null;
  outcomes: readonly Outcome[];
}

function compareParts(study: Study, parts: readonly Part[]): Comparison[] {
  const against = judgeTogether(
    study,
    parts.map(({ outcomes }) => outcomes),
  );
  return parts.map((part, i) => comparison(study, { ...part, against: against[i]! }));
}

/**
 * Compares all arms of a study with its baseline within each of its budgets, ascending (one
 * comparison of all materials where it has none), and says in words what came of it. Holm's
 * correction goes over arms and budgets together.
 */
export const compareBudgets = (study: Study, outcomes: readonly Outcome[]): Comparison[] =>
  compareParts(
    study,
    budgetsOf(study).map((budget) => ({
      budget,
      outcomes: outcomes.filter((outcome) => (outcome.budget ?? null) === budget),
    })),
  );

/** The comparison of a study without budgets. */
export const compareStudy = (study: Study, outcomes: readonly Outcome[]): Comparison =>
  compareParts(study, [{ budget: null, outcomes }])[0]!;
