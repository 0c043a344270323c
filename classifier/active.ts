import { rowsByClass } from '../src/balance/sampling.ts';
import { usageError } from '../src/common/errors.ts';
import type { Stream } from '../src/common/stream.ts';
import { didYouMean } from '../src/common/suggest.ts';
import type { Examples } from '../src/dataset/examples.ts';
import { selectExamples } from '../src/dataset/examples.ts';
import { predictedLabels } from './metrics.ts';
import type { ResampleContext } from './recipe.ts';

export interface ActiveOptions {
  strategy: Acquisition;
  /** Rows of a class that are known from the start; the rest of larger classes is the pool. */
  start: number;
  /** Share of the pool that is added in all, 0 to 1. */
  budget: number;
  /** Rounds in which it is added, with a new classifier each. */
  rounds: number;
}

const complement = (count: number, rows: readonly number[]): number[] => {
  const taken = new Set(rows);
  return Array.from({ length: count }, (_, i) => i).filter((row) => !taken.has(row));
};

/**
 * Pool-based active learning on the majority: small classes are whole from the start, of large
 * ones a few rows; rounds of training and choosing add the pool rows the classifier needs most.
 * Records validation macro-F1 against the number of rows.
 */
export async function activeSelection(
  examples: Examples,
  options: ActiveOptions,
  context: ResampleContext,
): Promise<Examples> {
  const { strategy, start, budget, rounds } = options;
  const { stream } = context;
  const data = { labels: examples.labels, classCount: examples.classes.length };
  const known = rowsByClass(data).flatMap((of, label) =>
    stream.split(`start ${label}`).shuffled(of).slice(0, start),
  );
  let pool = complement(examples.count, known);
  const perRound = Math.ceil((pool.length * budget) / rounds);
  for (let round = 0; round < rounds && pool.length > 0; round++) {
    const current = selectExamples(examples, known);
    const classifier = await context.trial(current, stream.split(`round ${round}`));
    context.record({ strategy, rows: known.length, macroF1: context.score(classifier).macroF1 });
    const candidates = selectExamples(examples, pool);
    const view = {
      probabilities: classifier.predict(candidates),
      features: classifier.features(candidates),
      known: classifier.features(current),
      classCount: examples.classes.length,
      featureCount: classifier.featureCount,
      stream: stream.split(`choice ${round}`),
    };
    classifier.dispose();
    known.push(...acquire(strategy, view, perRound).map((at) => pool[at]!));
    pool = complement(examples.count, known);
  }
  return selectExamples(examples, Int32Array.from(known).sort());
}

/** Ways to choose which pool rows to add. */
export const ACQUISITIONS = ['margin', 'entropy', 'badge', 'coreset', 'random'] as const;
export type Acquisition = (typeof ACQUISITIONS)[number];

/** What a classifier says of the pool, and the features of the rows it has already. */
export interface PoolView {
  /** (N, K). */
  probabilities: Float32Array;
  /** (N, D). */
  features: Float32Array;
  /** (M, D) of the rows already trained on. */
  known: Float32Array;
  classCount: number;
  featureCount: number;
  stream: Stream;
}

export function parseAcquisition(word: string): Acquisition {
  if ((ACQUISITIONS as readonly string[]).includes(word)) return word as Acquisition;
  throw usageError(`acquisition "${word}" does not exist`, didYouMean(word, ACQUISITIONS));
}

const rowOf = (values: Float32Array, width: number, i: number): Float32Array =>
  values.subarray(i * width, (i + 1) * width);

/** Difference between the two likeliest classes. */
function marginOf(p: Float32Array): number {
  let [first, second] = [0, 0];
  for (const value of p) {
    if (value > first) [first, second] = [value, first];
    else if (value > second) second = value;
  }
  return first - second;
}

const entropyOf = (p: Float32Array): number =>
  p.reduce((sum, value) => (value > 0 ? sum - value * Math.log(value) : sum), 0);

/** The `count` positions of the smallest values. */
const smallest = (values: number[], count: number): number[] =>
  values
    .map((value, at) => ({ value, at }))
    .sort((a, b) => a.value - b.value || a.at - b.at)
    .slice(0, count)
    .map(({ at }) => at);

const squaredDistance = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
};

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** k-centre greedy (Sener and Savarese 2018): always the row farthest from what is covered. */
function coreset({ features, known, featureCount }: PoolView, count: number): number[] {
  const total = features.length / featureCount;
  const nearest = new Float64Array(total).fill(Number.POSITIVE_INFINITY);
  const cover = (centre: Float32Array) => {
    for (let i = 0; i < total; i++) {
      nearest[i] = Math.min(nearest[i]!, squaredDistance(rowOf(features, featureCount, i), centre));
    }
  };
  for (let i = 0; i < known.length / featureCount; i++) cover(rowOf(known, featureCount, i));
  const chosen: number[] = [];
  while (chosen.length < count) {
    const farthest = nearest.reduce((best, value, i) => (value > nearest[best]! ? i : best), 0);
    chosen.push(farthest);
    cover(rowOf(features, featureCount, farthest));
    nearest[farthest] = Number.NEGATIVE_INFINITY;
  }
  return chosen;
}

/**
 * BADGE (Ash et al. 2020): k-means++ seeding on the gradients of the last layer, g = (p - y^) x f.
 * The product form gives inner products without building the gradients.
 */
function badge(view: PoolView, count: number): number[] {
  const { probabilities, features, classCount, featureCount, stream } = view;
  const predicted = predictedLabels(probabilities, classCount);
  const errors = probabilities.slice();
  predicted.forEach((label, i) => {
    errors[i * classCount + label]! -= 1;
  });
  const inner = (i: number, j: number) =>
    dot(rowOf(errors, classCount, i), rowOf(errors, classCount, j)) *
    dot(rowOf(features, featureCount, i), rowOf(features, featureCount, j));
  const norms = Array.from(predicted, (_, i) => inner(i, i));
  const nearest = Float64Array.from(norms);
  const chosen: number[] = [];
  while (chosen.length < count) {
    const next = chosen.length === 0 ? norms.indexOf(Math.max(...norms)) : stream.weighted(nearest);
    chosen.push(next);
    for (let i = 0; i < norms.length; i++) {
      const distance = Math.max(0, norms[i]! + norms[next]! - 2 * inner(i, next));
      nearest[i] = Math.min(nearest[i]!, distance);
    }
    for (const done of chosen) nearest[done] = 0;
    if (nearest.every((value) => value === 0)) break;
  }
  const left = norms.map((_, i) => i).filter((i) => !chosen.includes(i));
  return [...chosen, ...left].slice(0, count);
}

/** Positions in the pool of the `count` rows to add next. */
export function acquire(strategy: Acquisition, view: PoolView, count: number): number[] {
  const { probabilities, classCount, stream } = view;
  const total = probabilities.length / classCount;
  const wanted = Math.min(count, total);
  const each = <T>(of: (p: Float32Array) => T): T[] =>
    Array.from({ length: total }, (_, i) => of(rowOf(probabilities, classCount, i)));
  switch (strategy) {
    case 'margin':
      return smallest(each(marginOf), wanted);
    case 'entropy':
      return smallest(
        each((p) => -entropyOf(p)),
        wanted,
      );
    case 'coreset':
      return coreset(view, wanted);
    case 'badge':
      return badge(view, wanted);
    case 'random':
      return stream.permutation(total).slice(0, wanted);
  }
}
