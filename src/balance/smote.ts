import type { Stream } from '../common/stream.ts';
import { nearest, pickVectors, type Vectors } from './neighbours.ts';
import { type Labelled, rowsByClass } from './sampling.ts';
import { resolveStrategy, type Strategy } from './strategy.ts';

/** One synthetic example between two rows of a class: (1 - share) x_from + share x_to. */
export interface Interpolation {
  label: number;
  from: number;
  to: number;
  /** In [0, 1). */
  share: number;
}

export interface SmoteOptions {
  data: Labelled;
  /** A vector for each row, in the space whose distances choose the neighbours. */
  vectors: Vectors;
  strategy: Strategy;
  stream: Stream;
  /** Neighbours of its own class that a row may be joined with. */
  k?: number;
  /** Borderline-SMOTE: neighbours that decide whether a row is in danger; absent for plain SMOTE. */
  m?: number;
}

/** Rows at least half, but not all, of whose m neighbours are of other classes. */
function inDanger(rows: number[], options: SmoteOptions, m: number): number[] {
  const { labels } = options.data;
  const around = nearest(pickVectors(options.vectors, rows), options.vectors, {
    k: m,
    self: (query) => rows[query]!,
  });
  return rows.filter((row, i) => {
    const found = around.subarray(i * m, (i + 1) * m).filter((other) => other >= 0);
    const foreign = found.filter((other) => labels[other] !== labels[row]).length;
    return foreign * 2 >= found.length && foreign < found.length;
  });
}

function interpolationsOf(
  label: number,
  rows: number[],
  missing: number,
  options: SmoteOptions,
): Interpolation[] {
  const { vectors, k = 5, m } = options;
  const stream = options.stream.split(label);
  const danger = m === undefined ? rows : inDanger(rows, options, m);
  const seeds = danger.length > 0 ? danger : rows;
  const around = nearest(pickVectors(vectors, seeds), pickVectors(vectors, rows), {
    k,
    self: (query) => rows.indexOf(seeds[query]!),
  });
  return Array.from({ length: missing }, () => {
    const seed = stream.index(seeds.length);
    const choices = around.subarray(seed * k, (seed + 1) * k).filter((other) => other >= 0);
    const to = choices.length > 0 ? rows[stream.pick(choices)]! : seeds[seed]!;
    return { label, from: seeds[seed]!, to, share: stream.uniform() };
  });
}

/**
 * SMOTE (Chawla et al. 2002) and, with `m`, Borderline-SMOTE-1 (Han et al. 2005): the synthetic
 * examples that bring each growing class to its target, as pairs to interpolate. A class of one
 * row gets copies of it; a class without a row in danger is filled by plain SMOTE.
 */
export function smote(options: SmoteOptions): Interpolation[] {
  const rows = rowsByClass(options.data);
  const counts = rows.map((of) => of.length);
  const targets = resolveStrategy(options.strategy, counts, 'over');
  return [...targets].flatMap(([label, target]) =>
    interpolationsOf(label, rows[label]!, target - counts[label]!, options),
  );
}
