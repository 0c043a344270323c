import { type Tensor2D, tf } from '../src/engine/tf.ts';
import { logSoftmax } from './losses.ts';
import type { Consistency } from './spec.ts';
import { systemTable } from './tasks.ts';

/** Far below any logit, but finite, so that log probabilities stay numbers. */
const EXCLUDED = -60;

/**
 * Logits of the space groups (N, K) made consistent with those of the crystal systems (N, 7):
 * `weight` adds the log probability of each group's system, `mask` leaves the groups of the
 * likeliest system.
 */
export function consistent(
  logits: Tensor2D,
  systems: Tensor2D,
  { consistency, classes }: { consistency: Consistency; classes: readonly number[] },
): Tensor2D {
  if (consistency === 'none') return logits;
  return tf.tidy(() => {
    const table = tf.tensor2d(systemTable(classes));
    if (consistency === 'weight') return logits.add(logSoftmax(systems).matMul(table)) as Tensor2D;
    // A system that no class of the task has must not leave the triplet without a group.
    const empty = tf.sub(1, table.max(1, false)).mul(-1e9);
    const likeliest = tf.oneHot(systems.add(empty).argMax(1), table.shape[0]).cast('float32');
    const kept = likeliest.matMul(table) as Tensor2D;
    return logits.mul(kept).add(tf.sub(1, kept).mul(EXCLUDED)) as Tensor2D;
  });
}
