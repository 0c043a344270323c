import { rowsByClass } from '../../src/balance/sampling.ts';
import type { Stream } from '../../src/common/stream.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { classCodes } from '../classes.ts';
import type { LabelledRows, VectorRows } from '../training/batches.ts';
import { NetworkPair } from '../training/network-pair.ts';
import type { StepLosses, Trainee, TrainerState } from '../training/trainer.ts';
import type { Looking } from '../training/watchdog.ts';
import type { PixelConfig } from './config.ts';
import { drawRows, type InUse, scoreRows } from './model.ts';
import { discriminatorLayout, type PixelShape, pixelLayout, toUnits } from './networks.ts';
import { type Singular, SpectralNorm } from './spectral.ts';
import {
  descendDiscriminator,
  descendGenerator,
  freeGiven,
  type Given,
  OBJECTIVES,
  type PixelNetworks,
  StepDraws,
} from './step.ts';

/** Real triplets that a GAN on pixels learns from. */
export interface PixelData {
  examples: Examples;
  /** Digest of the prepared store. */
  store: string;
  /** Class indices that get at least half of every batch; none by default. */
  attention?: ReadonlySet<number>;
}

/** Some rows as the networks see them, triplets flattened. */
export function unitRows(examples: Examples, rows: readonly number[]): LabelledRows {
  const { size, labels } = examples;
  return {
    count: rows.length,
    width: 3 * size * size,
    values: toUnits(examples.images(rows)),
    labels: Int32Array.from(rows, (row) => labels[row]!),
  };
}

/** Training triplets at random, held-out ones, classes whose spread is measured, rows of each. */
const RANDOM = 256;
const HELD = 256;
const CLASSES = 24;
const EACH = 16;

/**
 * What the watchdog looks at, as flattened triplets: some training triplets, those of the rarest
 * classes of attention among them, and some of held-out materials. All of them would fill the
 * memory: a triplet of 128 pixels a side takes 200 kB.
 */
export function lookedAt(
  { examples, attention }: PixelData,
  held: Examples,
  stream: Stream,
): Omit<Looking, 'distance' | 'stream'> {
  const { labels, classes } = examples;
  const byClass = rowsByClass({ labels, classCount: classes.length });
  const rarest = [...byClass.keys()]
    .filter((label) => byClass[label]!.length > 0 && (attention?.has(label) ?? true))
    .sort((a, b) => byClass[a]!.length - byClass[b]!.length || a - b)
    .slice(0, CLASSES);
  const chosen = new Set([
    ...rarest.flatMap((label) => byClass[label]!.slice(0, EACH)),
    ...stream.split('training').permutation(labels.length).slice(0, RANDOM),
  ]);
  const rows = [...chosen].sort((a, b) => a - b);
  const { values: codes, code } = classCodes(classes);
  const seen = stream.split('held').permutation(held.count).slice(0, HELD);
  return {
    training: { ...unitRows(examples, rows), codes, code, attention },
    held: unitRows(held, seen),
  };
}

/** Sizes of the networks for a configuration and the data. */
export const pixelShape = (
  { latent, embedding, width }: Pick<PixelConfig, 'latent' | 'embedding' | 'width'>,
  { size, classes }: { size: number; classes: readonly number[] },
): PixelShape => ({ size, width, latent, embedding, code: classCodes(classes).code });

/** Steps until the moving average keeps half of what it was. */
const SETTLING = 20;

/**
 * A GAN on pixels in training: both networks, their optimisers, the singular vectors of spectral
 * normalisation and the moving average of the generator. Free it with `dispose`.
 */
export class PixelTrainer implements Trainee {
  readonly shape: PixelShape;
  inputNoise: number;
  private readonly config: PixelConfig;
  private readonly codes: Tensor2D;
  private readonly pair: NetworkPair;
  private readonly spectral: SpectralNorm;
  private readonly draws: StepDraws;

  constructor(data: PixelData, config: PixelConfig, stream: Stream) {
    const { classes } = data.examples;
    this.config = config;
    this.inputNoise = config.inputNoise;
    this.shape = pixelShape(config, data.examples);
    const layouts = {
      generator: pixelLayout(this.shape),
      discriminator: discriminatorLayout(this.shape),
    };
    this.pair = new NetworkPair(layouts, { ...config, settling: SETTLING }, stream);
    this.spectral = new SpectralNorm(layouts.discriminator, stream.split('singular vectors'));
    this.codes = tf.tensor2d(classCodes(classes).values, [classes.length, this.shape.code]);
    this.draws = new StepDraws({ data, shape: this.shape, codes: this.codes }, stream);
  }

  get step(): number {
    return this.pair.step;
  }

  update(): StepLosses {
    return this.pair.update(() => this.updateBoth());
  }

  private updateBoth(): StepLosses {
    const given = this.draws.given(this.config.batch);
    const singular = this.spectral.iterated(this.pair.discriminator);
    try {
      const { loss, scores } = this.updateDiscriminator(given, singular);
      const generatorLoss = this.updateGenerator(given, singular);
      return { discriminator: loss, generator: generatorLoss, real: scores[0], fake: scores[1] };
    } finally {
      freeGiven(given);
      tf.dispose(singular);
    }
  }

  private networks(singular: Singular): PixelNetworks {
    return {
      shape: this.shape,
      layouts: this.pair.layouts,
      generator: this.pair.generator,
      discriminator: this.pair.discriminator,
      singular,
      objective: OBJECTIVES[this.config.loss],
    };
  }

  private updateDiscriminator(given: Given, singular: Singular) {
    const { penalty, penaltyEvery, discriminatorRate } = this.config;
    const gamma = this.pair.step % penaltyEvery === 0 ? penalty * penaltyEvery : 0;
    const { inputNoise } = this;
    const { gradient, ...found } = this.draws.drawing(given, { both: true, inputNoise }, (draws) =>
      descendDiscriminator(this.networks(singular), draws, gamma),
    );
    this.pair.descend('discriminator', gradient, discriminatorRate);
    return found;
  }

  private updateGenerator(given: Given, singular: Singular): number {
    const networks = this.networks(singular);
    const looks = { both: networks.objective.relative, inputNoise: this.inputNoise };
    const { loss, gradient } = this.draws.drawing(given, looks, (draws) =>
      descendGenerator(networks, draws),
    );
    this.pair.descend('generator', gradient, this.config.generatorRate);
    return loss;
  }

  imagine(labels: ArrayLike<number>, stream: Stream): VectorRows {
    const all = Int32Array.from(labels);
    const z = stream.normals(all.length * this.shape.latent);
    return drawRows(this.inUse(this.pair.average), { labels: all, z });
  }

  opinions(sets: readonly LabelledRows[]): Float32Array[] {
    const flat = tf.tensor1d(this.kept());
    const scores = sets.map((rows) => scoreRows(this.inUse(flat), rows));
    flat.dispose();
    return scores;
  }

  private inUse(flat: Tensor1D): InUse {
    return { shape: this.shape, flat, codes: this.codes };
  }

  /** Flat weights of the discriminator with its kernels normalised. */
  kept(): Float32Array {
    return this.spectral.normalised(this.pair.discriminator);
  }

  /** The weights of the averaged generator. */
  averaged(): Float32Array {
    return this.pair.averaged();
  }

  state(): TrainerState {
    return {
      ...this.pair.state(),
      ...this.draws.state(),
      inputNoise: this.inputNoise,
      singular: this.spectral.state(),
    };
  }

  restore(state: TrainerState): void {
    this.pair.restore(state);
    this.inputNoise = state.inputNoise;
    this.spectral.restore(state.singular!);
    this.draws.restore(state);
  }

  dispose(): void {
    this.pair.dispose();
    this.spectral.dispose();
    this.codes.dispose();
  }
}
