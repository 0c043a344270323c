import { rowsByClass } from '../src/balance/sampling.ts';
import { type Examples, selectExamples } from '../src/dataset/examples.ts';
import { type Acquisition, acquire } from './acquire.ts';
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
