import type { Classifier, TripletInput } from '../classifier.ts';

/** Two classes on either side of a decision boundary, as class indices. */
export interface ClassPair {
  label: number;
  partner: number;
}

/** How one prediction stands to the boundary of a pair. */
export interface PairView {
  /** Class index on the other side. */
  partner: number;
  /** log p(label) - log p(partner): positive on the label's side. */
  margin: number;
  /** p(label) - p(partner). */
  gap: number;
  probability: number;
  partnerProbability: number;
  /** Whether label and partner are the two most probable classes. */
  topTwo: boolean;
}

/** Class probabilities of one row of logits. */
export function probabilities(
  logits: ArrayLike<number>,
  start: number,
  classes: number,
): Float64Array {
  let largest = -Infinity;
  for (let c = 0; c < classes; c++) largest = Math.max(largest, logits[start + c]!);
  const values = new Float64Array(classes);
  let total = 0;
  for (let c = 0; c < classes; c++) total += values[c] = Math.exp(logits[start + c]! - largest);
  return values.map((value) => value / total);
}

/**
 * Logarithms of a classifier's probabilities of patterns, (N, classes): logits that give these
 * probabilities back.
 */
export const logProbabilities = (classifier: Classifier, patterns: TripletInput): Float32Array =>
  classifier.predict(patterns).map((p) => Math.log(Math.max(p, 1e-30)));

/** The view of row `row` of temperature-scaled logits (N, classes). */
export function pairView(
  logits: ArrayLike<number>,
  row: number,
  { label, partner, classes }: ClassPair & { classes: number },
): PairView {
  const start = row * classes;
  const p = probabilities(logits, start, classes);
  const [own, other] = [p[label]!, p[partner]!];
  const lower = Math.min(own, other);
  const topTwo = p.every((value, c) => c === label || c === partner || value < lower);
  const margin = logits[start + label]! - logits[start + partner]!;
  return { partner, margin, gap: own - other, probability: own, partnerProbability: other, topTwo };
}

/** A class and what may stand on the other side of its boundary. */
export interface Sides {
  label: number;
  /** One class for all predictions; null: for each its strongest rival. */
  partner: number | null;
  /** Classes that may be a rival; all by default. */
  allowed?: (label: number) => boolean;
  /** Number of classes K. */
  classes: number;
}

const anyClass = (): boolean => true;

/**
 * The class that a prediction finds most probable beside the label, among the allowed ones: the
 * lowest index where several are.
 *
 * @throws RangeError where no other class is allowed.
 */
export function rivalOf(
  logits: ArrayLike<number>,
  row: number,
  { label, allowed = anyClass, classes }: Omit<Sides, 'partner'>,
): number {
  let rival = -1;
  let largest = -Infinity;
  for (let c = 0; c < classes; c++) {
    const value = logits[row * classes + c]!;
    if (c === label || !allowed(c) || !(value > largest)) continue;
    [rival, largest] = [c, value];
  }
  if (rival < 0) throw new RangeError(`class ${label} has no rival`);
  return rival;
}

/** The view of row `row` against the named partner, or against the row's own strongest rival. */
export function sidedView(logits: ArrayLike<number>, row: number, sides: Sides): PairView {
  const { label, classes } = sides;
  const partner = sides.partner ?? rivalOf(logits, row, sides);
  return pairView(logits, row, { label, partner, classes });
}

/** Largest difference of the two probabilities of a sample near a boundary, where nothing else is asked. */
export const EPSILON = 0.1;

/** Whether a view lies on the label's side of the boundary and within `epsilon` of it. */
export const isNear = ({ gap }: Pick<PairView, 'gap'>, epsilon: number): boolean =>
  gap >= 0 && gap < epsilon;

/** Margin in nats up to which a classifier of another seed agrees that a sample is near. */
export const AGREEMENT = 0.75;

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
