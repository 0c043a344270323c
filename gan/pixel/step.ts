import { Stream } from '../../src/common/stream.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import type { ParameterLayout, Weights } from '../../src/engine/parameters.ts';
import {
  type Scalar,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tf,
} from '../../src/engine/tf.ts';
import { BatchSampler } from '../training/batches.ts';
import { discriminatorHinge, generatorHinge, gradientPenalty } from '../training/losses.ts';
import type { Layouts } from '../training/network-pair.ts';
import { NoiseSource } from '../training/noise.ts';
import type { TrainerState } from '../training/trainer.ts';
import { augmented, drawViews, type View } from './augment.ts';
import { generate, type PixelShape, type Request, scorePixels, unitTensor } from './networks.ts';
import { type Singular, spectrallyNormalised } from './spectral.ts';

/** Real triplets that a GAN on pixels learns from. */
export interface PixelData {
  examples: Examples;
  /** Digest of the prepared store. */
  store: string;
  /** Class indices that get at least half of every batch; none by default. */
  attention?: ReadonlySet<number>;
}

/** What both networks minimise, from scores (B) of real and generated triplets of equal classes. */
export interface Objective {
  discriminator(real: Tensor1D, fake: Tensor1D): Scalar;
  generator(real: Tensor1D, fake: Tensor1D): Scalar;
  /** Whether the generator's loss looks at real scores. */
  relative: boolean;
}

const hinge: Objective = {
  discriminator: discriminatorHinge,
  generator: (_, fake) => generatorHinge(fake),
  relative: false,
};

/**
 * The relativistic pairing loss (Jolicoeur-Martineau 2018; Huang et al. 2024): E softplus of how far
 * the score of one side falls short of the other's.
 */
const relativistic: Objective = {
  discriminator: (real, fake) => tf.softplus(fake.sub(real)).mean(),
  generator: (real, fake) => tf.softplus(real.sub(fake)).mean(),
  relative: true,
};

export const OBJECTIVES = { hinge, relativistic } as const;

/** Both networks of one step as layouts and flat weights, and what they minimise. */
export interface PixelNetworks {
  shape: PixelShape;
  layouts: Layouts;
  generator: Tensor1D;
  discriminator: Tensor1D;
  /** Singular vectors of the discriminator's kernels. */
  singular: Singular;
  objective: Objective;
}

/** How triplets are looked at: augmentation, and noise (B, S, S, 3) where there is any. */
export interface Sight {
  views: View[];
  noise: Tensor4D | null;
}

export interface PixelDraws extends Request {
  /**
   * Real triplets (B, S, S, 3) of the same classes, and how they and generated ones are seen; null
   * where an update does not look at real ones.
   */
  real: Tensor4D;
  sights: { real: Sight | null; fake: Sight };
}

/** A loss and its gradient in the flat weights; the caller disposes of the gradient. */
export interface PixelDescent {
  loss: number;
  gradient: Tensor1D;
}

/** Triplets as the discriminator looks at them. */
export const seen = (x: Tensor4D, { views, noise }: Sight): Tensor4D => augmented(x, views, noise);

/** Two batches of the same classes go through together. */
function scoresOf(
  weights: Weights,
  { images, codes }: { images: [Tensor4D, Tensor4D]; codes: Tensor2D },
): [Tensor1D, Tensor1D] {
  const both = tf.concat(images, 0) as Tensor4D;
  const scores = scorePixels(weights, both, tf.concat([codes, codes], 0) as Tensor2D);
  return tf.split(scores, 2) as [Tensor1D, Tensor1D];
}

/** R1 (Mescheder et al. 2018) at triplets as the discriminator sees them. */
function penaltyAt(
  weights: Weights,
  { images, codes }: { images: Tensor4D; codes: Tensor2D },
  gamma: number,
): Scalar {
  const score = (x: Tensor2D): Tensor1D =>
    scorePixels(weights, x.reshape(images.shape) as Tensor4D, codes, { twice: true });
  return gradientPenalty(score, images.reshape([images.shape[0], -1]) as Tensor2D, gamma);
}

/** A discriminator of images as flat weights, and what it minimises. */
export interface Judge {
  layout: ParameterLayout;
  flat: Tensor1D;
  /** Singular vectors of its kernels. */
  singular: Singular;
  objective: Objective;
}

/**
 * The loss of a discriminator on real and generated images (B, S, S, 3) of the same classes as they
 * are seen, its gradient, and the mean scores of both. `penalty` is gamma in this update, 0 for
 * none; the relativistic loss has one at generated images too (R2).
 */
function descendJudge(
  { layout, flat, singular, objective }: Judge,
  { images, codes }: { images: [real: Tensor4D, fake: Tensor4D]; codes: Tensor2D },
  penalty: number,
): PixelDescent & { scores: [real: number, fake: number] } {
  const scores: [number, number] = [0, 0];
  const { value, gradient } = layout.slope(flat, (own) => {
    const weights = spectrallyNormalised(own, singular);
    const both = scoresOf(weights, { images, codes });
    both.forEach((part, i) => {
      scores[i] = part.mean().dataSync()[0]!;
    });
    const loss = objective.discriminator(...both);
    if (penalty === 0) return loss;
    const where = objective.relative ? images : images.slice(0, 1);
    return where.reduce<Scalar>(
      (sum, batch) => sum.add(penaltyAt(weights, { images: batch, codes }, penalty)),
      loss,
    );
  });
  const loss = value.dataSync()[0]!;
  value.dispose();
  return { loss, gradient, scores };
}

/** The discriminator's update on real triplets and those that the generator makes. */
export function descendDiscriminator(
  networks: PixelNetworks,
  draws: PixelDraws,
  penalty: number,
): PixelDescent & { scores: [real: number, fake: number] } {
  const { shape, layouts, singular, objective } = networks;
  const { codes, real, sights } = draws;
  const images = tf.tidy(() => {
    const made = generate(shape, layouts.generator.named(networks.generator), draws);
    return [seen(real, sights.real!), seen(made, sights.fake)] as [Tensor4D, Tensor4D];
  });
  const judge = {
    ...{ layout: layouts.discriminator, flat: networks.discriminator },
    ...{ singular, objective },
  };
  const found = descendJudge(judge, { images, codes }, penalty);
  tf.dispose(images);
  return found;
}

/** The generator's loss and its gradient. */
export function descendGenerator(networks: PixelNetworks, draws: PixelDraws): PixelDescent {
  const { shape, layouts, objective } = networks;
  const { codes, real, sights } = draws;
  const { value, gradient } = layouts.generator.slope(networks.generator, (flat) => {
    const judge = layouts.discriminator.named(networks.discriminator);
    const weights = spectrallyNormalised(judge, networks.singular);
    const fake = scorePixels(weights, seen(generate(shape, flat, draws), sights.fake), codes);
    if (!objective.relative) return objective.generator(fake, fake);
    return objective.generator(scorePixels(weights, seen(real, sights.real!), codes), fake);
  });
  const loss = value.dataSync()[0]!;
  value.dispose();
  return { loss, gradient };
}

/** What both updates of a step share. */
export type Given = Pick<PixelDraws, 'codes' | 'real'>;

/** Frees what a step was given. */
export const freeGiven = ({ codes, real }: Given): void => tf.dispose([codes, real]);

/** Draws how a batch is seen; the caller disposes of the noise. */
function drawSight(
  stream: Stream,
  noise: NoiseSource,
  { count, size, inputNoise }: { count: number; size: number; inputNoise: number },
): Sight {
  const views = drawViews(stream, { count, size });
  if (inputNoise === 0) return { views, noise: null };
  return {
    views,
    noise: tf.tidy(() => noise.normal([count, size, size, 3]).mul(inputNoise) as Tensor4D),
  };
}

/**
 * What the steps of a training draw: classes, real triplets of them, latent vectors,
 * and how triplets are seen. Tensors are the caller's.
 */
export class StepDraws {
  private readonly data: PixelData;
  private readonly shape: PixelShape;
  /** (K, code); not owned. */
  private readonly codes: Tensor2D;
  private sampler: BatchSampler;
  private noise: NoiseSource;

  constructor(of: { data: PixelData; shape: PixelShape; codes: Tensor2D }, stream: Stream) {
    this.data = of.data;
    this.shape = of.shape;
    this.codes = of.codes;
    this.sampler = this.samplerFrom(stream.split('batches'));
    this.noise = new NoiseSource(stream.split('noise'));
  }

  private samplerFrom(stream: Stream): BatchSampler {
    const { examples, attention } = this.data;
    const { labels, classes } = examples;
    return new BatchSampler({ labels, classes: classes.length, attention, stream });
  }

  /** Classes, and real triplets of them. */
  given(count: number): Given {
    const labels = this.sampler.labels(count);
    return {
      codes: tf.tidy(() => tf.gather(this.codes, tf.tensor1d(Array.from(labels), 'int32'))),
      real: this.triplets(this.sampler.members(labels)),
    };
  }

  private triplets(rows: ArrayLike<number>): Tensor4D {
    const { examples } = this.data;
    return unitTensor(examples.images(rows), examples.size);
  }

  /**
   * Runs an update on fresh draws and frees them. `both`: whether real triplets are looked at;
   * `inputNoise`: standard deviation of the noise on what is seen.
   */
  drawing<T>(
    given: Given,
    { both, inputNoise }: { both: boolean; inputNoise: number },
    update: (draws: PixelDraws) => T,
  ): T {
    const [count] = given.codes.shape;
    const z = this.noise.normal<Tensor2D>([count, this.shape.latent]);
    const real = both ? this.sight(count, inputNoise) : null;
    const fake = this.sight(count, inputNoise);
    const result = update({ ...given, z, sights: { real, fake } });
    tf.dispose([z, real?.noise ?? [], fake.noise ?? []]);
    return result;
  }

  private sight(count: number, inputNoise: number): Sight {
    const { size } = this.shape;
    return drawSight(this.sampler.source, this.noise, { count, size, inputNoise });
  }

  state(): Pick<TrainerState, 'draws' | 'noise'> {
    return { draws: this.sampler.source.state(), noise: this.noise.state() };
  }

  restore({ draws, noise }: Pick<TrainerState, 'draws' | 'noise'>): void {
    this.sampler = this.samplerFrom(Stream.restore(draws));
    this.noise = new NoiseSource(noise);
  }
}
