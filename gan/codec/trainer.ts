import { Stream } from '../../src/common/stream.ts';
import { kernels } from '../../src/engine/kernels.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';
import type { GanConfig } from '../config.ts';
import { NetworkPair } from '../training/network-pair.ts';
import { NoiseSource } from '../training/noise.ts';
import type { StepLosses, Trainee, TrainerState } from '../training/trainee.ts';
import { type BatchSampler, batchSampler, classCount, type TrainingVectors } from './batches.ts';
import { type Critic, criticScores } from './critic.ts';
import { fusedGradients } from './fused-gradients.ts';
import { composedGradients, type Draws, type Gradients } from './gradients.ts';
import {
  discriminatorLayout,
  embed,
  type GanShape,
  generator,
  generatorLayout,
} from './networks.ts';
import { RealVectors } from './real-vectors.ts';
import type { LabelledRows, VectorRows } from './vectors.ts';

/** Sizes of the networks for a configuration and the data. */
export const shapeOf = (
  config: Pick<GanConfig, 'latent' | 'embedding' | 'hidden'>,
  data: Pick<TrainingVectors, 'width' | 'code'>,
): GanShape => ({
  latent: config.latent,
  embedding: config.embedding,
  hidden: config.hidden,
  vector: data.width,
  code: data.code,
});

/** Steps until the moving average keeps half of what it was. */
const SETTLING = 50;

/**
 * The conditional GAN in training: both networks, their optimisers and the moving average of the
 * generator. `step` is one update of each network. Free it with `dispose`.
 */
export class GanTrainer implements Trainee {
  readonly shape: GanShape;
  /** Standard deviation of the noise on what the discriminator sees; starts as configured. */
  inputNoise: number;
  private readonly config: GanConfig;
  private readonly real: RealVectors;
  private readonly codes: Tensor2D;
  private readonly pair: NetworkPair;
  private readonly data: TrainingVectors;
  private readonly gradients: Gradients;
  private sampler: BatchSampler;
  private noise: NoiseSource;

  constructor(data: TrainingVectors, config: GanConfig, stream: Stream) {
    this.config = config;
    this.inputNoise = config.inputNoise;
    this.data = data;
    this.shape = shapeOf(config, data);
    const layouts = {
      generator: generatorLayout(this.shape),
      discriminator: discriminatorLayout(this.shape),
    };
    this.pair = new NetworkPair(layouts, { ...config, settling: SETTLING }, stream);
    const run = kernels();
    this.gradients = run ? fusedGradients(run) : composedGradients;
    this.real = new RealVectors(data, config);
    this.codes = tf.tensor2d(data.codes, [classCount(data), data.code]);
    this.sampler = batchSampler(data, stream.split('batches'));
    this.noise = new NoiseSource(stream.split('noise'));
  }

  get step(): number {
    return this.pair.step;
  }

  /** One update of the discriminator, one of the generator, one of the moving average. */
  update(): StepLosses {
    return this.pair.update(() => this.updateBoth());
  }

  private updateBoth(): StepLosses {
    const labels = this.sampler.labels(this.config.batch);
    const real = this.real.draw(labels, this.sampler);
    const codes = tf.tidy(() => tf.gather(this.codes, tf.tensor1d(labels, 'int32')));
    try {
      const { loss, scores } = this.updateDiscriminator(real, codes);
      const generatorLoss = this.updateGenerator(codes);
      return { discriminator: loss, generator: generatorLoss, real: scores[0], fake: scores[1] };
    } finally {
      tf.dispose([real, codes]);
    }
  }

  private draws(codes: Tensor2D): Draws {
    const { latent, vector } = this.shape;
    const [count] = codes.shape;
    const z = this.noise.normal<Tensor2D>([count, latent]);
    const fakeNoise = this.noise.normal<Tensor2D>([count, vector]);
    return { codes, z, fakeNoise, inputNoise: this.inputNoise };
  }

  private updateDiscriminator(real: Tensor2D, codes: Tensor2D) {
    const { penalty, penaltyEvery, discriminatorRate } = this.config;
    const due = this.pair.step % penaltyEvery === 0;
    const realNoise = this.noise.normal<Tensor2D>(real.shape);
    const draws = this.draws(codes);
    const { loss, scores, gradient } = this.gradients.discriminator(this.pair, {
      ...draws,
      ...{ real, realNoise, penalty: due ? penalty * penaltyEvery : 0 },
    });
    this.pair.descend('discriminator', gradient, discriminatorRate);
    tf.dispose([realNoise, draws.z, draws.fakeNoise]);
    return { loss, scores };
  }

  private updateGenerator(codes: Tensor2D): number {
    const draws = this.draws(codes);
    const { loss, gradient } = this.gradients.generator(this.pair, draws);
    this.pair.descend('generator', gradient, this.config.generatorRate);
    tf.dispose([draws.z, draws.fakeNoise]);
    return loss;
  }

  /** The discriminator as it stands, and how far the real vectors spread. */
  critic(): Critic {
    return {
      weights: this.pair.discriminator.dataSync() as Float32Array,
      spread: this.real.spread,
    };
  }

  /** Vectors (rows, width) that the averaged generator makes under class labels. */
  imagine(labels: ArrayLike<number>, stream: Stream): VectorRows {
    const { latent, vector } = this.shape;
    const count = labels.length;
    const values = numbersOf(() => {
      const weights = this.pair.layouts.generator.unpack(this.pair.average);
      const codes = tf.gather(this.codes, tf.tensor1d(Array.from(labels), 'int32'));
      const z = tf.tensor2d(stream.normals(count * latent), [count, latent]);
      return generator(weights, z, embed(weights, codes));
    });
    return { count, width: vector, values };
  }

  /** How real the discriminator finds each vector of some sets under its class. */
  opinions(sets: readonly LabelledRows[]): Float32Array[] {
    const critic = this.critic();
    return sets.map((vectors) =>
      criticScores(critic, this.shape, { vectors, labels: vectors.labels, codes: this.codes }),
    );
  }

  /** The weights of the averaged generator. */
  averaged(): Float32Array {
    return this.pair.averaged();
  }

  state(): TrainerState {
    return {
      ...this.pair.state(),
      draws: this.sampler.source.state(),
      noise: this.noise.state(),
      inputNoise: this.inputNoise,
    };
  }

  restore(state: TrainerState): void {
    this.pair.restore(state);
    this.inputNoise = state.inputNoise;
    this.sampler = batchSampler(this.data, Stream.restore(state.draws));
    this.noise = new NoiseSource(state.noise);
  }

  dispose(): void {
    this.pair.dispose();
    this.real.dispose();
    this.codes.dispose();
  }
}
