import { Stream } from '../../src/common/stream.ts';
import { kernels } from '../../src/engine/kernels.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';
import {
  type BatchSampler,
  batchSampler,
  classCount,
  type LabelledRows,
  type TrainingVectors,
  type VectorRows,
} from '../training/batches.ts';
import { NetworkPair } from '../training/network-pair.ts';
import { NoiseSource } from '../training/noise.ts';
import type { StepLosses, Trainee, TrainerState } from '../training/trainer.ts';
import type { GanConfig } from './config.ts';
import { fusedGradients } from './fused-step.ts';
import {
  type Discriminator,
  discriminatorLayout,
  discriminatorScores,
  embed,
  type GanShape,
  generator,
  generatorLayout,
} from './networks.ts';
import { RealVectors } from './real-vectors.ts';
import { codecStep, composedGradients, type Gradients } from './step.ts';

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
    const { penalty, penaltyEvery, generatorRate, discriminatorRate } = this.config;
    const labels = this.sampler.labels(this.config.batch);
    const real = this.real.draw(labels, this.sampler);
    const codes = tf.tidy(() => tf.gather(this.codes, tf.tensor1d(labels, 'int32')));
    try {
      return codecStep({
        pair: this.pair,
        gradients: this.gradients,
        noise: this.noise,
        real,
        codes,
        latent: this.shape.latent,
        inputNoise: this.inputNoise,
        penalty,
        penaltyEvery,
        generatorRate,
        discriminatorRate,
      });
    } finally {
      tf.dispose([real, codes]);
    }
  }

  /** The discriminator as it stands, and how far the real vectors spread. */
  kept(): Discriminator {
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
    const kept = this.kept();
    return sets.map((vectors) =>
      discriminatorScores(kept, this.shape, { vectors, labels: vectors.labels, codes: this.codes }),
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
