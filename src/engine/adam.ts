import { type Kernels, kernels } from './kernels.ts';
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

/** Numbers of one update: learning rate and epsilon with bias correction, share that decays. */
interface Rates {
  rate: number;
  epsilon: number;
  shrink: number;
}

/** Parameters, mean of gradients and mean of their squares. */
type Vectors = [flat: Tensor1D, mean: Tensor1D, square: Tensor1D];

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
    const correction = Math.sqrt(1 - beta2 ** this.step);
    const rates: Rates = {
      rate: (learningRate * correction) / (1 - beta1 ** this.step),
      epsilon: epsilon * correction,
      shrink: learningRate * weightDecay,
    };
    const run = kernels();
    const [flat, mean, square] = tf.tidy(() =>
      run ? this.fusedUpdate(run, gradient, rates) : this.composedUpdate(gradient, rates),
    );
    tf.dispose([this.mean, this.square, this.flat]);
    this.flat = flat;
    this.mean = mean;
    this.square = square;
  }

  /** Parameters, mean and square after an update, by one kernel. */
  private fusedUpdate(run: Kernels, gradient: Tensor1D, rates: Rates): Vectors {
    const { beta1, beta2 } = this.options;
    const mask = this.mask ?? (tf.zeros([0]) as Tensor1D);
    const betas = [beta1, 1 - beta1, beta2, 1 - beta2];
    const numbers = tf.tensor1d([rates.rate, rates.epsilon, ...betas, rates.shrink]);
    const inputs = [this.flat, this.mean, this.square, gradient, mask, numbers];
    return run('CbedAdam', inputs, 3) as Vectors;
  }

  /** The same by TensorFlow's own kernels. */
  private composedUpdate(gradient: Tensor1D, { rate, epsilon, shrink }: Rates): Vectors {
    const { beta1, beta2 } = this.options;
    const mean = this.mean.mul(beta1).add(gradient.mul(1 - beta1)) as Tensor1D;
    const square = this.square.mul(beta2).add(gradient.square().mul(1 - beta2)) as Tensor1D;
    const decayed = this.mask ? this.flat.mul(this.mask) : this.flat;
    const kept = shrink > 0 ? this.flat.sub(decayed.mul(shrink)) : this.flat;
    return [kept.sub(mean.mul(rate).div(square.sqrt().add(epsilon))) as Tensor1D, mean, square];
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

/** keep a + (1 - keep) b of flat vectors: one step of a moving average. */
export function blend(a: Tensor1D, b: Tensor1D, keep: number): Tensor1D {
  const run = kernels();
  return tf.tidy(() =>
    run
      ? (run('CbedBlend', [a, b, tf.tensor1d([keep, 1 - keep])], 1)[0] as Tensor1D)
      : (a.mul(keep).add(b.mul(1 - keep)) as Tensor1D),
  );
}
