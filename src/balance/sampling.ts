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

/** Random undersampling: a random part of the rows of shrinking classes. */
export const undersample = (data: Labelled, strategy: Strategy, stream: Stream): Int32Array =>
  resample(data, strategy, 'under', (rows, target, label) =>
    stream.split(label).shuffled(rows).slice(0, target),
  );

/** Over- and undersampling to one count, the geometric middle unless told. */
export function toMiddle(data: Labelled, strategy: Strategy, stream: Stream): Int32Array {
  const counts = rowsByClass(data).map((rows) => rows.length);
  const present = counts.filter((count) => count > 0);
  const goal =
    typeof strategy === 'number'
      ? strategy
      : Math.round(Math.sqrt(Math.max(...present) * Math.min(...present)));
  const shrunk = undersample(data, goal, stream.split('under'));
  const labels = Array.from(shrunk, (row) => data.labels[row]!);
  const grown = oversample({ ...data, labels }, goal, stream.split('over'));
  return grown.map((row) => shrunk[row]!);
}
