import { Stream } from '../../common/stream.ts';
import type { CellResult } from '../cells/result.ts';
import { classTally, type Statistic, statisticOf } from './macro.ts';
import { tQuantile, twoSidedP } from './significance.ts';

/** Outcomes of two arms for the same seed and split: the same test samples in the same order. */
export interface Pair {
  baseline: CellResult;
  treated: CellResult;
}

/** A paired difference (treated minus baseline) with its uncertainty. */
export interface Difference {
  statistic: string;
  baseline: number;
  treated: number;
  difference: number;
  /** 95 % interval. */
  low: number;
  high: number;
  /** Two-sided p-value of no difference. */
  p: number;
  standardError: number;
  /** Difference that would be found with 80 % power at the 5 % level. */
  detectable: number;
  /** Seeds in which the treated arm was better, equal, worse. */
  wins: number;
  ties: number;
  losses: number;
  seeds: number;
}

/** A figure of one resampled test set: labels and predictions of an arm at the drawn rows. */
export type Measure = (outcome: CellResult, rows: ArrayLike<number>) => number;

/** The measure of a named statistic. */
export const measureOf =
  (statistic: Statistic): Measure =>
  (outcome, rows) => {
    const { labels, top1 } = outcome.predictions;
    return statisticOf(
      classTally(labels, top1, rows, outcome.classes.length),
      statistic,
      outcome.trainCounts,
    );
  };

/** Rows of each test material, grouped by class, so that a resample keeps every class. */
function materialsByClass(outcome: CellResult): number[][][] {
  const byClass = new Map<number, Map<string, number[]>>();
  outcome.predictions.labels.forEach((label, row) => {
    const materials = byClass.get(label) ?? new Map<string, number[]>();
    byClass.set(label, materials);
    const name = outcome.predictions.materials[row]!;
    const rows = materials.get(name) ?? [];
    materials.set(name, rows);
    rows.push(row);
  });
  return [...byClass.values()].map((materials) => [...materials.values()]);
}

function drawRows(groups: number[][][], stream: Stream): number[] {
  const rows: number[] = [];
  for (const materials of groups) {
    for (let i = 0; i < materials.length; i++) rows.push(...stream.pick(materials));
  }
  return rows;
}

const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;

const variance = (values: readonly number[]): number => {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
};

/** One resample of the test materials: a difference for every pair. */
function resampledDifferences(
  pairs: readonly Pair[],
  groups: readonly number[][][][],
  measure: Measure,
  stream: Stream,
): number[] {
  // Seeds of one split are tested on the same materials, so they share the draw.
  const drawn = new Map<number, number[]>();
  return pairs.map((pair, i) => {
    const split = pair.baseline.split;
    const rows = drawn.get(split) ?? drawRows(groups[i]!, stream);
    drawn.set(split, rows);
    return measure(pair.treated, rows) - measure(pair.baseline, rows);
  });
}

/**
 * Variance of the mean difference over seeds and test materials, which are crossed: with A the
 * part of seeds, B of materials and C of their interaction, the variance between seeds gives
 * A + C, resampling materials for all seeds together gives B + C, and resampling them for one
 * seed alone gives B + S C; the sum A + B + C follows without counting C twice, and is never taken smaller
 * than either part alone.
 */
function crossedVariance(differences: readonly number[], replicates: readonly number[][]): number {
  const seeds = differences.length;
  const ofSeeds = variance(differences) / seeds;
  const ofMaterials = variance(replicates.map(mean));
  const alone = mean(differences.map((_, i) => variance(replicates.map((one) => one[i]!))));
  const interaction = Math.max(0, (alone - ofMaterials) / (seeds - 1));
  return ofSeeds + ofMaterials - Math.min(interaction, ofSeeds, ofMaterials);
}

/**
 * Paired comparison of two arms over seeds and test materials: a bootstrap of the materials
 * (whole materials, classes kept, the same draw for both arms) and the spread between seeds,
 * put together by `crossedVariance`; interval and p-value are Student's with S - 1 degrees of
 * freedom.
 *
 * @throws RangeError with fewer than two pairs.
 */
export function pairedBootstrap(options: {
  pairs: readonly Pair[];
  statistic: string;
  measure: Measure;
  stream: Stream;
  replicates?: number;
}): Difference {
  const { pairs, statistic, measure, stream, replicates = 1000 } = options;
  if (pairs.length < 2) throw new RangeError(`${pairs.length} paired seeds: at least 2 are needed`);
  const groups = pairs.map((pair) => materialsByClass(pair.baseline));
  const whole = pairs.map((pair) => pair.baseline.predictions.labels.map((_, row) => row));
  const base = pairs.map((pair, i) => measure(pair.baseline, whole[i]!));
  const treated = pairs.map((pair, i) => measure(pair.treated, whole[i]!));
  const differences = treated.map((value, i) => value - base[i]!);
  const resampled = Array.from({ length: replicates }, () =>
    resampledDifferences(pairs, groups, measure, stream),
  ).filter((one) => !one.some(Number.isNaN));
  const dof = pairs.length - 1;
  const standardError = Math.sqrt(crossedVariance(differences, resampled));
  const difference = mean(differences);
  const reach = tQuantile(0.975, dof) * standardError;
  return {
    statistic,
    baseline: mean(base),
    treated: mean(treated),
    difference,
    low: difference - reach,
    high: difference + reach,
    p: standardError > 0 ? twoSidedP(difference / standardError, dof) : difference === 0 ? 1 : 0,
    standardError,
    detectable: (tQuantile(0.975, dof) + tQuantile(0.8, dof)) * standardError,
    wins: differences.filter((d) => d > 0).length,
    ties: differences.filter((d) => d === 0).length,
    losses: differences.filter((d) => d < 0).length,
    seeds: pairs.length,
  };
}

/** Outcomes of two arms paired by seed; seeds that miss one of the two are left out. */
export function pairsOf(
  outcomes: readonly CellResult[],
  baseline: string,
  treated: string,
): Pair[] {
  return outcomes
    .filter((outcome) => outcome.arm === baseline)
    .flatMap((base) => {
      const other = outcomes.find((o) => o.arm === treated && o.seed === base.seed);
      return other ? [{ baseline: base, treated: other }] : [];
    });
}

/** What one arm has over another in a statistic; null with fewer than two paired seeds. */
export function differenceOf(
  outcomes: readonly CellResult[],
  { from, to, statistic }: { from: string; to: string; statistic: Statistic },
): Difference | null {
  const pairs = pairsOf(outcomes, from, to);
  if (pairs.length < 2) return null;
  const found = pairedBootstrap({
    pairs,
    statistic,
    measure: measureOf(statistic),
    // One stream name for all arms: the same resamples, so arms differ by their results alone.
    stream: new Stream(0, `bootstrap/${statistic}`),
  });
  return Number.isNaN(found.difference) ? null : found;
}
