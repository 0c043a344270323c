import type { Stream } from '../../src/common/stream.ts';
import { Adam, blend } from '../../src/engine/adam.ts';
import { explainStepError } from '../../src/engine/explain.ts';
import type { ParameterLayout } from '../../src/engine/parameters.ts';
import { type Tensor1D, tf } from '../../src/engine/tf.ts';
import type { StepLosses, TrainerState } from './trainer.ts';

/** How slowly an average follows. */
export interface Following {
  /** Largest decay. */
  most: number;
  /** Steps until the decay is half way to 1: the average forgets its random start fast. */
  settling: number;
}

/** The moving average of flat weights. Free it with `dispose`. */
class MovingAverage {
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

/** The two networks that train against each other. */
export type NetworkName = 'generator' | 'discriminator';

export type Layouts = Record<NetworkName, ParameterLayout>;

export interface PairOptions {
  /** Decay of the moving average of the generator. */
  average: number;
  /** Steps until the decay is half way to 1: the average forgets its random start fast. */
  settling: number;
  /** Examples a step, named where memory runs out. */
  batch: number;
}

/** What a pair adds to the state of a training. */
export type PairState = Pick<
  TrainerState,
  'step' | 'generator' | 'generatorAdam' | 'discriminator' | 'discriminatorAdam' | 'average'
>;

/** Adam as GANs take it: no momentum. */
const GAN_BETAS = { beta1: 0, beta2: 0.99 } as const;

/**
 * Generator and discriminator in training: flat weights, their optimisers and the moving average
 * of the generator. Free it with `dispose`.
 */
export class NetworkPair {
  readonly layouts: Layouts;
  private readonly options: PairOptions;
  private readonly adams: Record<NetworkName, Adam>;
  private readonly mean: MovingAverage;
  private steps = 0;

  /** Starting weights come from the streams `generator` and `discriminator`. */
  constructor(layouts: Layouts, options: PairOptions, stream: Stream) {
    this.layouts = layouts;
    this.options = options;
    const start = layouts.generator.initial(stream.split('generator'));
    const judge = layouts.discriminator.initial(stream.split('discriminator'));
    this.adams = {
      generator: new Adam(start, GAN_BETAS),
      discriminator: new Adam(judge, GAN_BETAS),
    };
    const { average: most, settling } = options;
    this.mean = new MovingAverage(start, { most, settling });
  }

  /** Updates done so far. */
  get step(): number {
    return this.steps;
  }

  /** Flat weights; the tensor is replaced by the next descent. */
  get generator(): Tensor1D {
    return this.adams.generator.values;
  }

  get discriminator(): Tensor1D {
    return this.adams.discriminator.values;
  }

  /** Flat weights of the averaged generator; replaced by the next update. */
  get average(): Tensor1D {
    return this.mean.values;
  }

  /** The same as numbers. */
  averaged(): Float32Array {
    return this.mean.numbers();
  }

  /**
   * One update: `both` moves both networks, then the average follows the generator.
   *
   * @throws input error that names a smaller batch where memory runs out.
   */
  update(both: () => StepLosses): StepLosses {
    try {
      const losses = both();
      this.mean.follow(this.generator, this.steps);
      this.steps++;
      return losses;
    } catch (error) {
      throw explainStepError(error, this.options.batch);
    }
  }

  /** Moves a network down a gradient, which is disposed of. */
  descend(name: NetworkName, gradient: Tensor1D, rate: number): void {
    this.adams[name].apply(gradient, rate);
    gradient.dispose();
  }

  state(): PairState {
    return {
      step: this.steps,
      generator: this.generator.dataSync() as Float32Array,
      generatorAdam: this.adams.generator.state(),
      discriminator: this.discriminator.dataSync() as Float32Array,
      discriminatorAdam: this.adams.discriminator.state(),
      average: this.averaged(),
    };
  }

  restore(state: PairState): void {
    this.steps = state.step;
    this.adams.generator.restore(state.generator, state.generatorAdam);
    this.adams.discriminator.restore(state.discriminator, state.discriminatorAdam);
    this.mean.restore(state.average);
  }

  dispose(): void {
    this.adams.generator.dispose();
    this.adams.discriminator.dispose();
    this.mean.dispose();
  }
}
