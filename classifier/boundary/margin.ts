import type { Classifier, Patterns } from '../classifier.ts';

/** Two classes on either side of a decision boundary, as class indices. */
export interface ClassPair {
  label: number;
  partner: number;
}

/** How one prediction stands to the boundary of a pair. */
export interface PairView {
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
export const logProbabilities = (classifier: Classifier, patterns: Patterns): Float32Array =>
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
  return { margin, gap: own - other, probability: own, partnerProbability: other, topTwo };
}

/** Whether a view lies on the label's side of the boundary and within `epsilon` of it. */
export const isNear = ({ gap }: Pick<PairView, 'gap'>, epsilon: number): boolean =>
  gap >= 0 && gap < epsilon;
