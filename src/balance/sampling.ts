import { usageError } from '../common/errors.ts';
import type { Stream } from '../common/stream.ts';
import { type Direction, resolveStrategy, type Strategy } from './strategy.ts';

/** Labels of the rows to sample from. */
export interface Labelled {
  labels: ArrayLike<number>;
  /** Number of classes. */
  classCount: number;
}

/** Row numbers of each class, in order. */
export function rowsByClass({ labels, classCount }: Labelled): number[][] {
  const rows: number[][] = Array.from({ length: classCount }, () => []);
  for (let i = 0; i < labels.length; i++) rows[labels[i]!]!.push(i);
  return rows;
}

function resample(
  data: Labelled,
  strategy: Strategy,
  direction: Direction,
  take: (rows: number[], target: number, label: number) => number[],
): Int32Array {
  const rows = rowsByClass(data);
  const counts = rows.map((of) => of.length);
  const targets = resolveStrategy(strategy, counts, direction);
  const kept = rows.flatMap((of, label) => {
    const target = targets.get(label);
    return target === undefined ? of : take(of, target, label);
  });
  return Int32Array.from(kept).sort();
}

/**
 * Random oversampling: every row, and random repeats of the rows of growing classes. Repeats go
 * round the class before a row comes again, so that no row is left out by chance.
 */
export const oversample = (data: Labelled, strategy: Strategy, stream: Stream): Int32Array =>
  resample(data, strategy, 'over', (rows, target, label) => {
    const out = [...rows];
    const draws = stream.split(label);
    while (out.length < target) out.push(...draws.shuffled(rows).slice(0, target - out.length));
    return out;
  });

/** Which rows of an undersampled class are kept: a random part, or those nearest to its boundary. */
export const KEEPING = ['random', 'boundary'] as const;
export type Keeping = (typeof KEEPING)[number];

/** How majority classes are undersampled. */
export interface Undersampling {
  /** Count that classes above it shrink to; null for no change. */
  target: Strategy | null;
  /** At most this many classes shrink, the largest first; all where absent. */
  largest?: number;
  /** Random rows where absent. */
  keep?: Keeping;
  /** log p(class) - log p(next class) of each row; needed to keep those nearest to the boundary. */
  margins?: ArrayLike<number>;
  /** The rows that stay, where they were found by other means; then nothing else counts. */
  rows?: ArrayLike<number>;
}

/**
 * Rows that are kept, ascending, when the majority classes shrink to a target. A smaller target
 * keeps a part of what a larger one keeps.
 */
export function undersample(
  data: Labelled,
  undersampling: Undersampling,
  stream: Stream,
): Int32Array {
  const { target, largest = data.classCount, keep = 'random', margins } = undersampling;
  if (undersampling.rows) return Int32Array.from(undersampling.rows).sort();
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

/** Over- and undersampling to one count, the geometric middle unless told. */
export function toMiddle(data: Labelled, strategy: Strategy, stream: Stream): Int32Array {
  const counts = rowsByClass(data).map((rows) => rows.length);
  const present = counts.filter((count) => count > 0);
  const goal =
    typeof strategy === 'number'
      ? strategy
      : Math.round(Math.sqrt(Math.max(...present) * Math.min(...present)));
  const shrunk = undersample(data, { target: goal }, stream.split('under'));
  const labels = Array.from(shrunk, (row) => data.labels[row]!);
  const grown = oversample({ ...data, labels }, goal, stream.split('over'));
  return grown.map((row) => shrunk[row]!);
}
