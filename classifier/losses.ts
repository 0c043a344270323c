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
