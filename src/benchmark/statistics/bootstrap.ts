import { groupBy } from '../../common/group.ts';
import { mean } from '../../common/quantile.ts';
import { Stream } from '../../common/stream.ts';
import type { CellResult } from '../cells/result.ts';
import { STATISTICS, type Statistic, statisticsOf, tallyOf } from './macro.ts';
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
  /** The difference of each seed. */
  each: readonly number[];
  /** 95 % interval; NaN, as p and what follows from it, with fewer than `SEEDS_FOR_A_CLAIM` seeds. */
  low: number;
  high: number;
  /** Two-sided p-value of no difference. */
  p: number;
  /** Smallest and largest p within the Monte Carlo error of resampling (95 %). */
  pRange: readonly [number, number];
  standardError: number;
  /** Difference that would be found with 80 % power at the 5 % level. */
  detectable: number;
  /** Seeds in which the treated arm was better, equal, worse. */
  wins: number;
  ties: number;
  losses: number;
  seeds: number;
  /** Divisions of the materials (each with its GAN) among the seeds: the units of the interval. */
  splits: number;
}

/** Seeds below which a difference is reported but neither an interval nor a claim made of it. */
export const SEEDS_FOR_A_CLAIM = 6;

/** Measures of an arm on one resampled test set: of labels and predictions at the drawn rows. */
export type Measures = (outcome: CellResult, rows: ArrayLike<number>) => ArrayLike<number>;

/** One of the figures of a test set; those that one function gives are counted together, once. */
export interface Measure {
  figures: Measures;
  at: number;
}

const allStatistics: Measures = (outcome, rows) => {
  const values = statisticsOf(tallyOf(outcome, rows), outcome.trainCounts);
  return STATISTICS.map((statistic) => values[statistic]);
};

/** The measure of a named statistic. */
export const measureOf = (statistic: Statistic): Measure => ({
  figures: allStatistics,
  at: STATISTICS.indexOf(statistic),
});

/** Rows of each test material, grouped by class, so that a resample keeps every class. */
function materialsByClass(predictions: CellResult['predictions']): number[][][] {
  const byClass = new Map<number, Map<string, number[]>>();
  predictions.labels.forEach((label, row) => {
    const materials = byClass.get(label) ?? new Map<string, number[]>();
    byClass.set(label, materials);
    const name = predictions.materials[row]!;
    const rows = materials.get(name) ?? [];
    materials.set(name, rows);
    rows.push(row);
  });
  return [...byClass.values()].map((materials) => [...materials.values()]);
}

function drawRows(groups: readonly number[][][], stream: Stream): Int32Array {
  const rows: number[] = [];
  for (const materials of groups) {
    for (let i = 0; i < materials.length; i++) {
      for (const row of stream.pick(materials)) rows.push(row);
    }
  }
  return Int32Array.from(rows);
}

type Resamples = readonly Int32Array[];

/** Some resamples, and what they were drawn from. */
interface Drawn {
  key: string;
  of: CellResult['predictions'];
  rows: Resamples;
}

/** The resamples drawn last: all arms and statistics of a division use the same ones. */
let drawnLast: readonly Drawn[] = [];

const same = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

/** Rows of some resamples of the test materials of an outcome. */
function resamplesOf({ predictions }: CellResult, stream: Stream, count: number): Resamples {
  const key = `${stream.seed}/${stream.name}/${count}`;
  const kept = drawnLast.find(
    (drawn) =>
      drawn.key === key &&
      same(drawn.of.labels, predictions.labels) &&
      same(drawn.of.materials, predictions.materials),
  );
  if (kept) return kept.rows;
  const groups = materialsByClass(predictions);
  const draws = stream.split('materials');
  const rows = Array.from({ length: count }, () => drawRows(groups, draws));
  // Two: those of whole arms and those of single classes.
  drawnLast = [{ key, of: predictions, rows }, ...drawnLast].slice(0, 2);
  return rows;
}

interface Counted {
  rows: Resamples;
  figures: Measures;
  values: readonly ArrayLike<number>[];
}

const countedKept = new WeakMap<CellResult, readonly Counted[]>();

/** The figures of an outcome at every resample, counted at the first call. */
function figuresAt(
  outcome: CellResult,
  rows: Resamples,
  figures: Measures,
): readonly ArrayLike<number>[] {
  const counted = countedKept.get(outcome) ?? [];
  const kept = counted.find((one) => one.rows === rows && one.figures === figures);
  if (kept) return kept.values;
  const values = rows.map((drawn) => figures(outcome, drawn));
  countedKept.set(outcome, [{ rows, figures, values }, ...counted].slice(0, 2));
  return values;
}

const variance = (values: readonly number[]): number => {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
};

/** A standard error, the degrees of freedom it has, and its relative Monte Carlo error. */
interface Uncertainty {
  standardError: number;
  dof: number;
  monteCarlo: number;
}

/**
 * The mean over seeds of several divisions of the materials. Seeds of one division share test
 * materials and GAN, so divisions are the units: the variance between their means holds the parts of
 * the division, of its GAN, of the seeds and of the test materials. For equal numbers of seeds this
 * is Student's t on the means of the divisions; for unequal ones the cluster-robust estimate.
 */
function betweenSplits(differences: readonly number[], splits: readonly number[]): Uncertainty {
  const centre = mean(differences);
  const units = [...groupBy(differences.keys(), (i) => splits[i]!).values()];
  const sum = units.reduce((total, seeds) => {
    const pull = seeds.reduce((part, i) => part + differences[i]! - centre, 0);
    return total + (pull / differences.length) ** 2;
  }, 0);
  const dof = units.length - 1;
  return { standardError: Math.sqrt((sum * units.length) / dof), dof, monteCarlo: 0 };
}

/**
 * The mean over seeds of one division. Seeds and test materials are crossed: with A the part of
 * seeds, B of materials and C of their interaction, the variance between seeds gives A + C, resampling
 * materials for all seeds together B + C, and resampling them for one seed alone B + S C; the sum
 * A + B + C follows without counting C twice, and is never taken smaller than either part alone.
 */
function withinSplit(
  differences: readonly number[],
  replicates: readonly (readonly number[])[],
): Uncertainty {
  const seeds = differences.length;
  const ofSeeds = variance(differences) / seeds;
  const ofMaterials = variance(replicates.map(mean));
  const alone = mean(differences.map((_, i) => variance(replicates.map((one) => one[i]!))));
  const interaction = Math.max(0, (alone - ofMaterials) / (seeds - 1));
  const all = ofSeeds + ofMaterials - Math.min(interaction, ofSeeds, ofMaterials);
  // A variance of n resamples has a relative standard error of sqrt(2 / n); its root half of that.
  const monteCarlo = all > 0 ? (ofMaterials / all) * Math.sqrt(1 / (2 * replicates.length)) : 0;
  return { standardError: Math.sqrt(all), dof: seeds - 1, monteCarlo };
}

/** Resamples of the test materials, where a division stands alone. */
const RESAMPLES = 10_000;

function uncertaintyOf(
  pairs: readonly Pair[],
  differences: readonly number[],
  { measure, stream, replicates }: { measure: Measure; stream: Stream; replicates: number },
): Uncertainty {
  const splits = pairs.map(({ baseline }) => baseline.split);
  if (new Set(splits).size > 1) return betweenSplits(differences, splits);
  // Seeds of one division are tested on the same materials in the same order, so they share the draws.
  const rows = resamplesOf(pairs[0]!.baseline, stream, replicates);
  const counted = pairs.map(({ baseline, treated }) => ({
    baseline: figuresAt(baseline, rows, measure.figures),
    treated: figuresAt(treated, rows, measure.figures),
  }));
  const resampled = rows.map((_, r) =>
    counted.map(({ baseline, treated }) => treated[r]![measure.at]! - baseline[r]![measure.at]!),
  );
  return withinSplit(
    differences,
    resampled.filter((one) => !one.some(Number.isNaN)),
  );
}

/** p-value of a difference under a standard error. */
function pValue(difference: number, standardError: number, dof: number): number {
  if (standardError > 0) return twoSidedP(difference / standardError, dof);
  return difference === 0 ? 1 : 0;
}

const UNKNOWN = {
  low: Number.NaN,
  high: Number.NaN,
  p: Number.NaN,
  pRange: [Number.NaN, Number.NaN] as const,
  standardError: Number.NaN,
  detectable: Number.NaN,
};

function intervalOf(difference: number, { standardError, dof, monteCarlo }: Uncertainty) {
  const reach = tQuantile(0.975, dof) * standardError;
  const at = (factor: number) => pValue(difference, factor * standardError, dof);
  return {
    low: difference - reach,
    high: difference + reach,
    p: at(1),
    pRange: [at(1 - 2 * monteCarlo), at(1 + 2 * monteCarlo)] as const,
    standardError,
    detectable: (tQuantile(0.975, dof) + tQuantile(0.8, dof)) * standardError,
  };
}

/**
 * Paired comparison of two arms over seeds. Where the seeds have several divisions of the materials,
 * each with its GAN, the divisions are the units (`betweenSplits`); where they share one, a bootstrap
 * of the test materials (whole materials, classes kept, the same draw for both arms) and the spread
 * between seeds are put together (`withinSplit`), and the interval holds for this division alone.
 * Interval and p-value are Student's.
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
  const { pairs, statistic, measure, stream, replicates = RESAMPLES } = options;
  if (pairs.length < 2) throw new RangeError(`${pairs.length} paired seeds: at least 2 are needed`);
  const whole = pairs.map((pair) => pair.baseline.predictions.labels.map((_, row) => row));
  const figure = (outcome: CellResult, i: number) =>
    measure.figures(outcome, whole[i]!)[measure.at]!;
  const base = pairs.map((pair, i) => figure(pair.baseline, i));
  const treated = pairs.map((pair, i) => figure(pair.treated, i));
  const each = treated.map((value, i) => value - base[i]!);
  const difference = mean(each);
  const interval =
    pairs.length < SEEDS_FOR_A_CLAIM || Number.isNaN(difference)
      ? UNKNOWN
      : intervalOf(difference, uncertaintyOf(pairs, each, { measure, stream, replicates }));
  return {
    statistic,
    baseline: mean(base),
    treated: mean(treated),
    difference,
    each,
    ...interval,
    wins: each.filter((d) => d > 0).length,
    ties: each.filter((d) => d === 0).length,
    losses: each.filter((d) => d < 0).length,
    seeds: pairs.length,
    splits: new Set(pairs.map(({ baseline }) => baseline.split)).size,
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
    // One stream for all arms and statistics: the same resamples, so they differ by results alone.
    stream: new Stream(0, 'bootstrap'),
  });
  return Number.isNaN(found.difference) ? null : found;
}
