import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../src/engine/tf.ts';

/**
 * Losses of each example, (N), of logits z (N, K) and targets t (N, K), rows of t summing to 1.
 * Each reads like its paper's equation; class weights and means are taken by the training step.
 */

/** log softmax. */
export const logSoftmax = (z: Tensor2D): Tensor2D => tf.sub(z, tf.logSumExp(z, 1, true));

/** -sum_c t_c log p_c. */
export const crossEntropy = (z: Tensor2D, t: Tensor2D): Tensor1D =>
  tf.sub(tf.logSumExp(z, 1), tf.sum(tf.mul(t, z), 1));

/** -sum_c t_c (1 - p_c)^gamma log p_c (Lin et al. 2017). */
export function focal(z: Tensor2D, t: Tensor2D, gamma: number): Tensor1D {
  const logP = logSoftmax(z);
  const hardness = tf.pow(tf.maximum(tf.sub(1, tf.exp(logP)), 1e-7), gamma);
  return tf.neg(tf.sum(tf.mul(tf.mul(t, hardness), logP), 1));
}

/** Cross-entropy of z + tau log prior (Menon et al. 2021; Ren et al. 2020 with tau = 1). */
export const logitAdjusted = (z: Tensor2D, t: Tensor2D, tauLogPrior: Tensor1D): Tensor1D =>
  crossEntropy(tf.add(z, tauLogPrior), t);

/** Cross-entropy of s (z - margin of the true class), z being cosines (Cao et al. 2019). */
export const ldam = (z: Tensor2D, t: Tensor2D, margins: Tensor1D, s: number): Tensor1D =>
  crossEntropy(tf.mul(tf.sub(z, tf.mul(t, margins)), s), t);

/** sum_i w_i l_i / sum_i w_i. */
export const weightedMean = (losses: Tensor1D, weights: Tensor1D): Tensor =>
  tf.div(tf.sum(tf.mul(losses, weights)), tf.sum(weights));

/**
 * Numbers that losses take from the class counts. A class without an example counts as one, so
 * that nothing here is infinite.
 */

const atLeastOne = (counts: ArrayLike<number>): number[] =>
  Array.from(counts, (count) => Math.max(1, count));

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Inverse frequency, N / (C n_c). */
export function balancedWeights(counts: ArrayLike<number>): Float32Array {
  const n = atLeastOne(counts);
  const total = sum(n);
  return Float32Array.from(n, (count) => total / (n.length * count));
}

/** Inverse effective number (1 - beta) / (1 - beta^n), scaled to sum to C (Cui et al. 2019). */
export function classBalancedWeights(counts: ArrayLike<number>, beta: number): Float32Array {
  const raw = atLeastOne(counts).map((count) => (1 - beta) / (1 - beta ** count));
  const scale = raw.length / sum(raw);
  return Float32Array.from(raw, (weight) => weight * scale);
}

/** LDAM margins, proportional to n^(-1/4), the largest being `largest` (Cao et al. 2019). */
export function ldamMargins(counts: ArrayLike<number>, largest: number): Float32Array {
  const raw = atLeastOne(counts).map((count) => count ** -0.25);
  const scale = largest / Math.max(...raw);
  return Float32Array.from(raw, (margin) => margin * scale);
}

/** tau log prior (Menon et al. 2021). */
export function logPrior(counts: ArrayLike<number>, tau: number): Float32Array {
  const n = atLeastOne(counts);
  const total = sum(n);
  return Float32Array.from(n, (count) => tau * Math.log(count / total));
}
