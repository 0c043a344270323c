import { mean } from '../src/common/quantile.ts';
import { type Band, bandOf } from '../src/dataset/census.ts';
import type { TaskReport } from './multitask.ts';

/** Precision, recall and F1 of one class, each 0 to 1. */
export interface ClassScore {
  spaceGroup: number;
  precision: number;
  recall: number;
  f1: number;
  /** Test examples. */
  support: number;
  /** Training examples, where known. */
  trainCount: number | null;
}

/** How well a set of predictions does; averages are over the classes that the test set has. */
export interface Report {
  count: number;
  macroF1: number;
  macroPrecision: number;
  macroRecall: number;
  weightedF1: number;
  weightedPrecision: number;
  weightedRecall: number;
  balancedAccuracy: number;
  /** Geometric mean of the recalls. */
  gMean: number;
  top1: number;
  top3: number;
  top5: number;
  /** Mean recall of classes with more than 100, 20 to 100, fewer than 20 training examples. */
  many: number | null;
  medium: number | null;
  few: number | null;
  /** Expected calibration error in 15 equal bins of confidence. */
  ece: number;
  perClass: ClassScore[];
  /** confusion[true][predicted], counts. */
  confusion: number[][];
  /** Space groups without a test example: named, and in no average. */
  absent: number[];
}

const CALIBRATION_BINS = 15;

/** Confidence, accuracy and number of the predictions in one bin of confidence. */
export interface CalibrationBin {
  confidence: number;
  accuracy: number;
  count: number;
}

export interface ReportOptions {
  classes: readonly number[];
  /** Training materials of each class, for many, medium and few (`bandOf`). */
  trainCounts?: ArrayLike<number>;
}

/** Position of the largest value of each row of (N, K) values; the first of equals. */
export function predictedLabels(values: Float32Array, classCount: number): Int32Array {
  const count = values.length / classCount;
  const out = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    let best = 0;
    for (let c = 1; c < classCount; c++) {
      if (values[i * classCount + c]! > values[i * classCount + best]!) best = c;
    }
    out[i] = best;
  }
  return out;
}

/** How many classes come before the true one; equals come in label order. */
function rankOfTruth(row: Float32Array, label: number): number {
  const own = row[label]!;
  let rank = 0;
  for (let c = 0; c < row.length; c++) {
    if (row[c]! > own || (row[c] === own && c < label)) rank++;
  }
  return rank;
}

/** Predictions in equal bins of confidence, (b/15, (b+1)/15]. */
export function calibrationBins(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
): CalibrationBin[] {
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({
    confidence: 0,
    hits: 0,
    count: 0,
  }));
  const predicted = predictedLabels(probabilities, classCount);
  predicted.forEach((label, i) => {
    const confidence = probabilities[i * classCount + label]!;
    const at = Math.ceil(confidence * CALIBRATION_BINS) - 1;
    const bin = bins[Math.min(CALIBRATION_BINS - 1, Math.max(0, at))]!;
    bin.confidence += confidence;
    bin.hits += label === labels[i] ? 1 : 0;
    bin.count++;
  });
  return bins.map(({ confidence, hits, count }) => ({
    confidence: count > 0 ? confidence / count : 0,
    accuracy: count > 0 ? hits / count : 0,
    count,
  }));
}

function classScores(confusion: number[][], options: ReportOptions): ClassScore[] {
  return options.classes.map((spaceGroup, c) => {
    const hits = confusion[c]![c]!;
    const support = confusion[c]!.reduce((a, b) => a + b, 0);
    const predicted = confusion.reduce((total, row) => total + row[c]!, 0);
    const precision = predicted > 0 ? hits / predicted : 0;
    const recall = support > 0 ? hits / support : 0;
    const f1 = hits > 0 ? (2 * precision * recall) / (precision + recall) : 0;
    const trainCount = options.trainCounts?.[c] ?? null;
    return { spaceGroup, precision, recall, f1, support, trainCount };
  });
}

/** Mean recall of the tested classes of a band; null where there are none. */
function bandRecall(scores: ClassScore[], band: Band): number | null {
  const chosen = scores.filter(
    ({ trainCount }) => trainCount !== null && bandOf(trainCount) === band,
  );
  return chosen.length > 0 ? mean(chosen.map(({ recall }) => recall)) : null;
}

function averages(tested: ClassScore[]) {
  const support = tested.reduce((total, score) => total + score.support, 0);
  const weighted = (of: 'f1' | 'precision' | 'recall') =>
    tested.reduce((total, score) => total + score[of] * score.support, 0) / support;
  const macro = (of: 'f1' | 'precision' | 'recall') => mean(tested.map((score) => score[of]));
  return {
    macroF1: macro('f1'),
    macroPrecision: macro('precision'),
    macroRecall: macro('recall'),
    weightedF1: weighted('f1'),
    weightedPrecision: weighted('precision'),
    weightedRecall: weighted('recall'),
    balancedAccuracy: macro('recall'),
    gMean: Math.exp(mean(tested.map(({ recall }) => Math.log(recall)))),
  };
}

function confusionOf(predicted: Int32Array, labels: ArrayLike<number>, classCount: number) {
  const confusion = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0));
  predicted.forEach((label, i) => {
    confusion[labels[i]!]![label]!++;
  });
  return confusion;
}

/**
 * All metrics of predictions, (N, K) probabilities in label order. A class that is never predicted
 * has precision 0; classes without a test example are listed in `absent` and averaged nowhere.
 *
 * @example
 * const test = store.examples('test');
 * const { macroF1 } = report(classifier.predict(test), test.labels, { classes: test.classes });
 * @category Classifiers
 */
export function report(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  options: ReportOptions,
): Report {
  const classCount = options.classes.length;
  const count = labels.length;
  if (count === 0 || probabilities.length !== count * classCount) {
    throw new RangeError(`${probabilities.length} probabilities for ${count} x ${classCount}`);
  }
  const confusion = confusionOf(predictedLabels(probabilities, classCount), labels, classCount);
  const perClass = classScores(confusion, options);
  const tested = perClass.filter(({ support }) => support > 0);
  const ranks = Array.from({ length: count }, (_, i) =>
    rankOfTruth(probabilities.subarray(i * classCount, (i + 1) * classCount), labels[i]!),
  );
  const top = (k: number) => ranks.filter((rank) => rank < k).length / count;
  const bins = calibrationBins(probabilities, labels, classCount);
  return {
    count,
    ...averages(tested),
    top1: top(1),
    top3: top(3),
    top5: top(5),
    many: bandRecall(tested, 'many'),
    medium: bandRecall(tested, 'medium'),
    few: bandRecall(tested, 'few'),
    ece: bins.reduce((e, b) => e + (b.count / count) * Math.abs(b.accuracy - b.confidence), 0),
    perClass,
    confusion,
    absent: perClass.filter(({ support }) => support === 0).map(({ spaceGroup }) => spaceGroup),
  };
}

const figureText = (value: number | null): string => (value === null ? '-' : value.toFixed(3));

/** The main metrics in one line. */
export const reportText = (report: Report): string =>
  [
    `macro-F1 ${figureText(report.macroF1)}`,
    `balanced accuracy ${figureText(report.balancedAccuracy)}`,
    `top-1 ${figureText(report.top1)}`,
    `top-5 ${figureText(report.top5)}`,
    `recall many/medium/few ${[report.many, report.medium, report.few].map(figureText).join('/')}`,
    `ECE ${figureText(report.ece)}`,
    `${report.count} triplets`,
  ].join(', ');

/** The metrics of the other heads in one line. */
export const taskText = (tasks: TaskReport): string =>
  [
    `crystal system ${figureText(tasks.systemAccuracy)}`,
    `point group ${figureText(tasks.pointGroupAccuracy)}`,
    `lengths ${figureText(tasks.lengthError)} angstrom`,
    `angles ${figureText(tasks.angleError)} degrees`,
    `volume ${figureText(tasks.volumeError)} cubic angstrom (median ${figureText(tasks.volumeRelativeError)} of it)`,
    `elements F1 ${figureText(tasks.elementF1)}`,
  ].join(', ');

/** Precision, recall and F1 of every tested class as rows of a table, heads first. */
export const classScoreRows = (report: Report): (string | number)[][] => [
  ['group', 'materials', 'test', 'precision', 'recall', 'F1'],
  ...report.perClass
    .filter(({ support }) => support > 0)
    .map(({ spaceGroup, trainCount, support, precision, recall, f1 }) => [
      spaceGroup,
      trainCount ?? '-',
      support,
      ...[precision, recall, f1].map((value) => value.toFixed(3)),
    ]),
];

const NARROW = 1e-4;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Mean negative log-likelihood of logits (N, K) at a temperature. */
export function meanNegativeLogLikelihood(
  logits: Float32Array,
  labels: ArrayLike<number>,
  temperature: number,
): number {
  const classCount = logits.length / labels.length;
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const row = logits.subarray(i * classCount, (i + 1) * classCount);
    const largest = Math.max(...row);
    let sum = 0;
    for (const value of row) sum += Math.exp((value - largest) / temperature);
    total += Math.log(sum) + (largest - row[labels[i]!]!) / temperature;
  }
  return total / labels.length;
}

/**
 * The temperature in 0.05 to 20 that makes logits (N, K) likeliest (Guo et al. 2017), by golden
 * section on its logarithm.
 */
export function fitTemperature(logits: Float32Array, labels: ArrayLike<number>): number {
  const loss = (log: number) => meanNegativeLogLikelihood(logits, labels, Math.exp(log));
  let [low, high] = [Math.log(0.05), Math.log(20)];
  while (high - low > NARROW) {
    const left = high - GOLDEN * (high - low);
    const right = low + GOLDEN * (high - low);
    if (loss(left) < loss(right)) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}
