import { rowsByClass } from '../../src/balance/sampling.ts';
import type { Stream } from '../../src/common/stream.ts';
import type { Examples, RealExamples } from '../../src/dataset/examples.ts';
import { type Features, pickRows, stackRows } from './features.ts';
import { nearestRows } from './neighbours.ts';

/** A two-sample test by classifier. */
export interface TwoSampleTest {
  /** Leave-one-out accuracy of the 1-NN classifier: 0.5 where nothing tells the sets apart. */
  accuracy: number;
  /** Chance of an accuracy so high when the names "real" and "generated" are shuffled. */
  pValue: number;
  /** Samples of each kind that entered. */
  count: number;
}

function accuracyOf(neighbour: Int32Array, kind: ArrayLike<number>): number {
  let right = 0;
  for (let i = 0; i < neighbour.length; i++) {
    if (kind[i] === kind[neighbour[i]!]) right++;
  }
  return right / neighbour.length;
}

/**
 * Classifier two-sample test with the 1-NN classifier (Lopez-Paz and Oquab 2017; Xu et al. 2018),
 * on equally many samples of each kind. The p-value comes from shuffling the names over the fixed
 * neighbours, because leave-one-out answers are not independent.
 *
 * @param stream draws the subset of the larger set, and the shuffles.
 */
export function twoSampleTest(
  real: Features,
  fake: Features,
  { stream, shuffles = 999 }: { stream: Stream; shuffles?: number },
): TwoSampleTest {
  const count = Math.min(real.count, fake.count);
  const draw = (set: Features) => pickRows(set, stream.permutation(set.count).slice(0, count));
  const joined = stackRows(draw(real), draw(fake));
  const neighbour = nearestRows(joined, joined, { k: 1, excludeSelf: true }).index;
  const kind = Array.from({ length: 2 * count }, (_, i) => (i < count ? 1 : 0));
  const accuracy = accuracyOf(neighbour, kind);
  let asHigh = 0;
  for (let n = 0; n < shuffles; n++) {
    if (accuracyOf(neighbour, stream.shuffled(kind)) >= accuracy) asHigh++;
  }
  return { accuracy, pValue: (asHigh + 1) / (shuffles + 1), count };
}

/** What a network that learned to tell synthetic triplets from real ones makes of new ones. */
export interface NetworkTest {
  /** Share told right, 0.5 where it can tell nothing; real and synthetic in equal numbers. */
  accuracy: number;
  /** Chance that a synthetic triplet looks more synthetic to it than a real one. */
  auc: number;
  /** Triplets of each kind that it learned from, and that it was tried on. */
  learned: number;
  tried: number;
  verdict: (typeof TELLING)[number];
}

/** From the best to the worst outcome. */
const TELLING = ['not told from real', 'hard to tell from real', 'tellable from real'] as const;

/** Accuracy from which on synthetic triplets count as tellable. */
const TELLABLE = 0.65;
/** Triplets of each kind that either side needs. */
const FEWEST = 20;

/** Lower end of the 95 % interval of a share (Wilson 1927). */
function leastShare(share: number, count: number): number {
  const z = 1.96;
  const middle = share + (z * z) / (2 * count);
  const half = z * Math.sqrt((share * (1 - share)) / count + (z / (2 * count)) ** 2);
  return (middle - half) / (1 + (z * z) / count);
}

/** Real and synthetic triplets, equally many of each class, as a task of two classes: 1 real, 2 not. */
function toldApart(real: Examples, synthetic: Examples, rows: readonly [number[], number[]]) {
  const [ofReal, ofMade] = rows;
  const each = real.size * real.size * 3;
  const count = ofReal.length + ofMade.length;
  return {
    count,
    size: real.size,
    classes: [1, 2],
    labels: Int32Array.from({ length: count }, (_, i) => (i < ofReal.length ? 0 : 1)),
    materials: [
      ...ofReal.map((row) => real.materials[row]!),
      ...ofMade.map((row) => `made:${row}`),
    ],
    images(indices: ArrayLike<number>): Uint8Array {
      const out = new Uint8Array(indices.length * each);
      for (let i = 0; i < indices.length; i++) {
        const at = indices[i]!;
        const pixels =
          at < ofReal.length
            ? real.images([ofReal[at]!])
            : synthetic.images([ofMade[at - ofReal.length]!]);
        out.set(pixels, i * each);
      }
      return out;
    },
  };
}

/** Rows of two sets with equally many of each class, the first of those given. */
function pairedRows(first: readonly number[][], second: readonly number[][]): [number[], number[]] {
  const counts = first.map((rows, label) => Math.min(rows.length, second[label]!.length));
  const take = (rows: readonly number[][]) =>
    rows.flatMap((of, label) => of.slice(0, counts[label]));
  return [take(first), take(second)];
}

/**
 * Two-sample test by a network: it learns to tell synthetic triplets from real training triplets
 * and is tried on others, real ones of held-out materials among them; the classes have equal
 * numbers of both kinds on either side. null where there are too few.
 *
 * @param fit trains a fresh network on the first and gives (count, 2) probabilities of the second.
 */
export async function networkTest({
  synthetic,
  train,
  held,
  fit,
  stream,
}: {
  synthetic: Examples;
  train: RealExamples;
  held: RealExamples;
  fit: (examples: Examples, tried: Examples) => Promise<ArrayLike<number>>;
  stream: Stream;
}): Promise<NetworkTest | null> {
  const shuffledRows = (set: Examples, name: string): number[][] =>
    rowsByClass({ labels: set.labels, classCount: train.classes.length }).map((rows, label) =>
      stream.split(`${name}/${label}`).shuffled(rows),
    );
  const made = shuffledRows(synthetic, 'synthetic');
  const toLearn = made.map((rows) => rows.slice(0, rows.length >> 1));
  const toTry = made.map((rows) => rows.slice(rows.length >> 1));
  const learning = pairedRows(shuffledRows(train, 'train'), toLearn);
  const trying = pairedRows(shuffledRows(held, 'held'), toTry);
  const [learned, tried] = [learning[0].length, trying[0].length];
  if (Math.min(learned, tried) < FEWEST) return null;
  const task = toldApart(held, synthetic, trying);
  const probabilities = await fit(toldApart(train, synthetic, learning), task);
  const suspicion = Float64Array.from(task.labels, (_, i) => probabilities[2 * i + 1]!);
  const right = suspicion.filter((p, i) => p > 0.5 === (task.labels[i] === 1)).length;
  const accuracy = right / task.count;
  let wins = 0;
  for (let i = 0; i < tried; i++) {
    for (let j = tried; j < task.count; j++) {
      wins += suspicion[j]! > suspicion[i]! ? 1 : suspicion[j] === suspicion[i] ? 0.5 : 0;
    }
  }
  const sure = leastShare(accuracy, task.count) > 0.5;
  const verdict = TELLING[sure ? (accuracy > TELLABLE ? 2 : 1) : 0];
  return { accuracy, auc: wins / (tried * tried), learned, tried, verdict };
}
