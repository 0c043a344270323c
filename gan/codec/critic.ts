import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';
import { discriminator, discriminatorLayout, type GanShape } from './networks.ts';
import type { VectorRows } from './vectors.ts';

/** A discriminator kept with its generator, for opinions on what the generator draws. */
export interface Critic {
  /** Flat weights. */
  weights: Float32Array;
  /** Mean over groups of real training vectors of one class of how far they spread, 0 to about 1. */
  spread: number;
}

/**
 * Scores of codec vectors under class labels; `codes` (K, code) has the code of each class. Every
 * vector is scored as if in a group that spreads as far as real ones do, so that its score does
 * not depend on its neighbours.
 */
export function criticScores(
  critic: Critic,
  shape: GanShape,
  of: { vectors: VectorRows; labels: ArrayLike<number>; codes: Tensor2D },
): Float32Array {
  if (of.vectors.count === 0) return new Float32Array(0);
  return numbersOf(() => {
    const weights = discriminatorLayout(shape).unpack(tf.tensor1d(critic.weights));
    const { count, width, values } = of.vectors;
    const x = tf.tensor2d(values, [count, width]);
    const codes = tf.gather(of.codes, tf.tensor1d(Int32Array.from(of.labels), 'int32'));
    return discriminator(weights, [x], codes, critic.spread)[0]!;
  });
}
