import { blend } from '../../src/engine/adam.ts';
import { type Tensor1D, tf } from '../../src/engine/tf.ts';

/** How slowly an average follows. */
export interface Following {
  /** Largest decay. */
  most: number;
  /** Steps until the decay is half way to 1: the average forgets its random start fast. */
  settling: number;
}

/** The moving average of flat weights. Free it with `dispose`. */
export class MovingAverage {
  private readonly following: Following;
  private mean: Tensor1D;

  constructor(start: Float32Array, following: Following) {
    this.following = following;
    this.mean = tf.tensor1d(start);
  }

  /** Replaced by the next `follow`. */
  get values(): Tensor1D {
    return this.mean;
  }

  numbers(): Float32Array {
    return this.mean.dataSync() as Float32Array;
  }

  /** Moves towards weights after so many steps before this one. */
  follow(weights: Tensor1D, steps: number): void {
    const { most, settling } = this.following;
    const next = blend(this.mean, weights, Math.min(most, steps / (steps + settling)));
    this.mean.dispose();
    this.mean = next;
  }

  restore(values: Float32Array): void {
    this.mean.dispose();
    this.mean = tf.tensor1d(values);
  }

  dispose(): void {
    this.mean.dispose();
  }
}
