import type { Stream } from '../../src/common/stream.ts';
import { kernels } from '../../src/engine/kernels.ts';
import { runOperation } from '../../src/engine/operation.ts';
import { type Tensor, tf } from '../../src/engine/tf.ts';

/** Where a noise source stands: enough to go on drawing the same numbers. */
export interface NoiseState {
  key: number;
  counter: number;
}

const stockNormal = (inputs: Tensor[]): Tensor =>
  runOperation('StatelessRandomNormal', inputs, {
    types: { dtype: 'float', T: 'int32', Tseed: 'int32' },
  });

/**
 * Normal noise drawn on the engine (counter-based Philox, so that the same state gives the same
 * numbers on any device). The key comes from a named stream; drawing 60,000 numbers a step in
 * JavaScript would take longer than the step.
 */
export class NoiseSource {
  private readonly key: number;
  private counter = 0;

  constructor(from: Stream | NoiseState) {
    if ('key' in from) {
      this.key = from.key;
      this.counter = from.counter;
    } else {
      this.key = from.index(2 ** 31);
    }
  }

  /** Standard normal numbers of a shape; the same to rounding with and without fused kernels. */
  normal<T extends Tensor>(shape: readonly number[]): T {
    const run = kernels();
    return tf.tidy(() => {
      const seed = tf.tensor1d([this.key, this.counter++], 'int32');
      const inputs = [tf.tensor1d([...shape], 'int32'), seed];
      return (run ? run('CbedNormal', inputs, 1)[0] : stockNormal(inputs)) as T;
    });
  }

  state(): NoiseState {
    return { key: this.key, counter: this.counter };
  }
}
