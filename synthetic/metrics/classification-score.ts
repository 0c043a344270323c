import { predictedLabels } from '../../classifier/metrics.ts';
import { rowsByClass } from '../../src/balance/sampling.ts';
import type { Stream } from '../../src/common/stream.ts';
import { type Examples, type RealExamples, selectExamples } from '../../src/dataset/examples.ts';
import type { SyntheticArchive } from '../archive/archive.ts';

/** A classifier that learned from one set only, on held-out real triplets. */
export interface ClassificationScore {
  /** Mean recall after learning from synthetic triplets only, 0 to 1. */
  value: number;
  /** The same after learning from equally many real training triplets. */
  floor: number;
  /** Space groups that took part: those with two triplets of each kind at least. */
  classes: number[];
  /** Training triplets in each of the two runs. */
  count: number;
}

/** An archive as examples of the classes of a task; triplets of other classes are left out. */
export function archiveExamples(archive: SyntheticArchive, classes: readonly number[]): Examples {
  const rows = [...archive.labels.keys()].filter((row) => classes.includes(archive.labels[row]!));
  return {
    count: rows.length,
    size: archive.size,
    classes,
    labels: Int32Array.from(rows, (row) => classes.indexOf(archive.labels[row]!)),
    materials: rows.map((row) => `synthetic:${row}`),
    images: (indices) => archive.images(Array.from(indices, (i) => rows[i]!)),
    synthetic: new Uint8Array(rows.length).fill(1),
  };
}

/** The examples of some classes, as a task of these classes only. */
export function onlyClasses(examples: Examples, classes: readonly number[]): Examples {
  const groups = Array.from(examples.labels, (label) => examples.classes[label]!);
  const rows = [...groups.keys()].filter((i) => classes.includes(groups[i]!));
  const labels = Int32Array.from(rows, (i) => classes.indexOf(groups[i]!));
  return { ...selectExamples(examples, rows), classes, labels };
}

/** Mean recall of predicted labels over the classes that occur. */
export function meanRecall(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  const seen = new Map<number, { right: number; count: number }>();
  for (let i = 0; i < labels.length; i++) {
    const entry = seen.get(labels[i]!) ?? { right: 0, count: 0 };
    entry.count++;
    if (predicted[i] === labels[i]) entry.right++;
    seen.set(labels[i]!, entry);
  }
  return [...seen.values()].reduce((sum, { right, count }) => sum + right / count, 0) / seen.size;
}

export interface CasOptions {
  synthetic: Examples;
  train: Examples;
  held: RealExamples;
  /** Trains a fresh classifier on the first and gives (count, classes of it) probabilities of the second. */
  fit: (train: Examples, held: RealExamples) => Promise<Float32Array>;
  stream: Stream;
}

const LEAST = 2;

/**
 * Classification accuracy score (Ravuri and Vinyals 2019): how well a classifier that has seen
 * synthetic triplets only does on real ones, beside one that has seen equally many real ones of
 * each class. null where fewer than two classes have triplets of every kind.
 */
export async function classificationScore(
  options: CasOptions,
): Promise<ClassificationScore | null> {
  const { synthetic, train, held, fit, stream } = options;
  const classCount = train.classes.length;
  const rows = [synthetic, train, held].map(({ labels }) => rowsByClass({ labels, classCount }));
  const equal = train.classes.map((_, label) =>
    rows[2]![label]!.length > 0 ? Math.min(rows[0]![label]!.length, rows[1]![label]!.length) : 0,
  );
  const classes = train.classes.filter((_, label) => equal[label]! >= LEAST);
  if (classes.length < 2) return null;
  const draw = (set: Examples, byClass: number[][], name: string) => {
    const chosen = byClass.flatMap((of, label) =>
      stream.split(`${name}/${label}`).shuffled(of).slice(0, equal[label]),
    );
    return onlyClasses(selectExamples(set, chosen), classes);
  };
  const heldOut: RealExamples = { ...onlyClasses(held, classes), synthetic: undefined };
  const made = draw(synthetic, rows[0]!, 'synthetic');
  const real = draw(train, rows[1]!, 'real');
  const recall = async (examples: Examples) =>
    meanRecall(predictedLabels(await fit(examples, heldOut), classes.length), heldOut.labels);
  return {
    value: await recall(made),
    floor: await recall(real),
    classes,
    count: made.count,
  };
}
