import { rowsByClass } from '../../src/balance/sampling.ts';
import { resolveStrategy, type Strategy } from '../../src/balance/strategy.ts';
import { usageError } from '../../src/common/errors.ts';
import type { Stream } from '../../src/common/stream.ts';

/** Which rows of a shrinking class are kept: a random part, or those nearest to its boundary. */
export const KEEPING = ['random', 'boundary'] as const;
export type Keeping = (typeof KEEPING)[number];

export interface Shrinking {
  /** Count that classes above it shrink to; a strategy of `src/balance`, or null for no change. */
  target: Strategy | null;
  /** At most this many classes shrink, the largest first; all where absent. */
  largest?: number;
  keep: Keeping;
  /** log p(class) - log p(next class) of each row; needed to keep those nearest to the boundary. */
  margins?: ArrayLike<number>;
  /** The rows that stay, where they were found by other means; then nothing else counts. */
  rows?: ArrayLike<number>;
}

/** How many synthetic rows classes may get. */
export interface Filling {
  /** Only classes with fewer real rows than this get any, and only up to it. */
  fill: number;
  /** At most this many times the real rows of the class. */
  ratio: number;
  /** At most this many. */
  cap: number;
}

/**
 * Synthetic rows that a class with `real` training rows may get. Rows are counted before any
 * undersampling: a class that was shrunk is not filled up again, and every way of filling, copies
 * among them, adds the same number.
 */
export const roomFor = (real: number, { fill, ratio, cap }: Filling): number =>
  Math.max(0, Math.min(cap, Math.floor(ratio * real), fill - real));

/**
 * Rows that are kept, ascending, when the majority classes shrink to a target. A smaller target
 * keeps a part of what a larger one keeps.
 */
export function keptRows(
  data: { labels: ArrayLike<number>; classCount: number },
  shrinking: Shrinking,
  stream: Stream,
): Int32Array {
  const { target, largest = data.classCount, keep, margins } = shrinking;
  if (shrinking.rows) return Int32Array.from(shrinking.rows).sort();
  if (keep === 'boundary' && !margins) {
    throw usageError('keeping the rows nearest to the boundary needs the margins of a classifier');
  }
  const rows = rowsByClass(data);
  const counts = rows.map((of) => of.length);
  const targets = target === null ? new Map() : resolveStrategy(target, counts, 'under');
  const order = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]! || a - b);
  const shrink = new Set(order.slice(0, largest));
  const kept = rows.flatMap((of, label) => {
    const goal = targets.get(label);
    if (goal === undefined || !shrink.has(label)) return of;
    const ranked =
      keep === 'random'
        ? stream.split(label).shuffled(of)
        : [...of].sort((a, b) => Math.abs(margins![a]!) - Math.abs(margins![b]!) || a - b);
    return ranked.slice(0, goal);
  });
  return Int32Array.from(kept).sort();
}

/** log p(class) - log p(next class) of each row, from (N, classes) probabilities. */
export function trainingMargins(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
): Float64Array {
  return Float64Array.from({ length: labels.length }, (_, i) => {
    let next = 0;
    for (let k = 0; k < classCount; k++) {
      if (k !== labels[i]) next = Math.max(next, probabilities[i * classCount + k]!);
    }
    const own = probabilities[i * classCount + labels[i]!]!;
    return Math.log(Math.max(own, 1e-12)) - Math.log(Math.max(next, 1e-12));
  });
}
