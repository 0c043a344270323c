import type { CellResult } from '../cells/result.ts';
import { differenceOf, pairsOf, SEEDS_FOR_A_CLAIM } from '../statistics/bootstrap.ts';
import { STATISTICS, type Statistic } from '../statistics/macro.ts';
import { budgetsOf, type Study } from '../study/study.ts';
import { type Best, bestOf, nextStep, rivalsInWords } from './best.ts';
import { type ClassChange, type ConfusedPair, classChanges, confusedPairs } from './classes.ts';
import { type Share, sharesInWords, sharesOf } from './shares.ts';
import { type ArmSummary, summarise } from './summary.ts';
import { type Family, inWords, type TestedDifference, testDifferences } from './verdict.ts';

/** Everything the report of a study says, of all its materials or within one budget. */
export interface StudyComparison {
  study: string;
  /** Training materials of a class at most; null for all there are. */
  budget: number | null;
  baseline: string;
  seeds: number;
  arms: ArmSummary[];
  /** Every other arm against the baseline, Holm-corrected within a statistic. */
  against: Record<Statistic, TestedDifference[]>;
  /** The arm the verdict is about; null before two seeds of one are there. */
  best: Best | null;
  /** Which share of the effect of GAN samples near boundaries comes from where. */
  shares: Share[];
  classes: ClassChange[];
  /** What the baseline and the best arm confuse most. */
  confusions: ConfusedPair[];
  verdict: string[];
}

/** Confused pairs that a comparison lists. */
const CONFUSIONS = 16;

/** The differences of all arms to the baseline in one statistic. */
const familyOf = (study: Study, outcomes: readonly CellResult[], statistic: Statistic): Family =>
  study.arms
    .filter(({ name }) => name !== study.baseline)
    .flatMap(({ name }) => {
      const difference = differenceOf(outcomes, { from: study.baseline, to: name, statistic });
      return difference ? [{ subject: name, difference }] : [];
    });

type Against = StudyComparison['against'];

/** Tests the differences within each part of the outcomes, all parts corrected together. */
function testTogether(study: Study, parts: readonly (readonly CellResult[])[]): Against[] {
  const against = parts.map(() => ({}) as Against);
  for (const statistic of STATISTICS) {
    const families = parts.map((outcomes) => familyOf(study, outcomes, statistic));
    const tested = testDifferences(families.flat());
    let from = 0;
    families.forEach(({ length }, i) => {
      against[i]![statistic] = tested.slice(from, from + length);
      from += length;
    });
  }
  return against;
}

function comparison(
  study: Study,
  { budget, outcomes, against }: Part & { against: Against },
): StudyComparison {
  const present = study.arms.filter(({ name }) => outcomes.some(({ arm }) => arm === name));
  const arms = present.map((arm) => summarise(arm, outcomes));
  const best = bestOf(study, { against, outcomes });
  const pairs = best ? pairsOf(outcomes, study.baseline, best.arm) : [];
  const shares = sharesOf(study, outcomes, arms);
  return {
    study: study.name,
    budget,
    baseline: study.baseline,
    seeds: new Set(outcomes.map(({ seed }) => seed)).size,
    arms,
    against,
    best,
    shares,
    classes: pairs.length >= 2 ? classChanges(pairs) : [],
    confusions: pairs.length > 0 ? confusedPairs(pairs, CONFUSIONS) : [],
    verdict: best
      ? [
          inWords(best.overall),
          ...(best.few ? [inWords(best.few)] : []),
          ...rivalsInWords(best),
          ...(shares.length > 0 ? [sharesInWords(shares)] : []),
          nextStep(best),
        ]
      : [
          `No verdict: no arm has results of two seeds to compare with ${study.baseline} yet. Run the same command with --seeds ${SEEDS_FOR_A_CLAIM}.`,
        ],
  };
}

interface Part {
  budget: number | null;
  outcomes: readonly CellResult[];
}

function compareParts(study: Study, parts: readonly Part[]): StudyComparison[] {
  const against = testTogether(
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
export const compareBudgets = (study: Study, outcomes: readonly CellResult[]): StudyComparison[] =>
  compareParts(
    study,
    budgetsOf(study).map((budget) => ({
      budget,
      outcomes: outcomes.filter((outcome) => (outcome.budget ?? null) === budget),
    })),
  );

/**
 * The comparison of a study without budgets.
 *
 * @example
 * const { verdict } = compareStudy(study, results);
 * console.log(verdict.join('\n'));
 * @category Studies
 */
export const compareStudy = (study: Study, outcomes: readonly CellResult[]): StudyComparison =>
  compareParts(study, [{ budget: null, outcomes }])[0]!;
