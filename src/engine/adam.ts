import { type Tensor1D, tf } from './tf.ts';

export interface AdamOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /** Decoupled weight decay (Loshchilov and Hutter 2019), applied where `decayMask` is 1. */
  weightDecay?: number;
  decayMask?: Float32Array;
}

/** What a checkpoint keeps of an optimiser. */
export interface AdamState {
  step: number;
  mean: Float32Array;
  square: Float32Array;
}

/**
 * Adam (Kingma and Ba 2015) with bias correction and optional decoupled weight decay, on one
 * flat parameter vector. Owns its vector: read it through `values`, free it with `dispose`.
 */
export class Adam {
  private step = 0;
  private flat: Tensor1D;
  private mean: Tensor1D;
  private square: Tensor1D;
  private readonly mask: Tensor1D | null;
  private readonly options: Required<Omit<AdamOptions, 'decayMask'>>;

  constructor(initial: Float32Array, options: AdamOptions = {}) {
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
    this.options = { beta1, beta2, epsilon, weightDecay };
    this.flat = tf.tensor1d(initial);
    this.mean = tf.zeros([initial.length]);
    this.square = tf.zeros([initial.length]);
    this.mask = weightDecay > 0 && options.decayMask ? tf.tensor1d(options.decayMask) : null;
  }

  /** The current parameters. The tensor is replaced by the next `apply`. */
  get values(): Tensor1D {
    return this.flat;
  }

  /** One update with the gradient of the loss and a learning rate. */
  apply(gradient: Tensor1D, learningRate: number): void {
    this.step++;
    const { beta1, beta2, epsilon, weightDecay } = this.options;
    const rate = (learningRate * Math.sqrt(1 - beta2 ** this.step)) / (1 - beta1 ** this.step);
    const scaledEpsilon = epsilon * Math.sqrt(1 - beta2 ** this.step);
    const [mean, square, flat] = tf.tidy(() => {
      const m = this.mean.mul(beta1).add(gradient.mul(1 - beta1)) as Tensor1D;
      const s = this.square.mul(beta2).add(gradient.square().mul(1 - beta2)) as Tensor1D;
      let kept = this.flat;
      if (weightDecay > 0) {
        const shrink = learningRate * weightDecay;
        kept = this.mask
          ? this.flat.sub(this.flat.mul(this.mask).mul(shrink))
          : this.flat.mul(1 - shrink);
      }
      return [m, s, kept.sub(m.mul(rate).div(s.sqrt().add(scaledEpsilon))) as Tensor1D] as const;
    });
    tf.dispose([this.mean, this.square, this.flat]);
    this.mean = mean;
    this.square = square;
    this.flat = flat;
  }

  state(): AdamState {
    return {
      step: this.step,
      mean: this.mean.dataSync() as Float32Array,
      square: this.square.dataSync() as Float32Array,
    };
  }

  /** Puts back parameters and state saved earlier. */
  restore(values: Float32Array, state: AdamState): void {
    tf.dispose([this.flat, this.mean, this.square]);
    this.step = state.step;
    this.flat = tf.tensor1d(values);
    this.mean = tf.tensor1d(state.mean);
    this.square = tf.tensor1d(state.square);
  }

  dispose(): void {
    tf.dispose([this.flat, this.mean, this.square]);
    this.mask?.dispose();
  }
}
