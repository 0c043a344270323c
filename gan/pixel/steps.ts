import type { ParameterLayout, Weights } from '../../src/engine/parameters.ts';
import {
  type Scalar,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tf,
} from '../../src/engine/tf.ts';
import { gradientPenalty } from '../codec/losses.ts';
import type { Layouts } from '../training/network-pair.ts';
import { augmented, type View } from './augment.ts';
import { scorePixels } from './discriminator.ts';
import type { Objective } from './losses.ts';
import { generate, type Request } from './networks.ts';
import type { PixelShape } from './shape.ts';
import { type Singular, spectrallyNormalised } from './spectral.ts';

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
export function descendJudge(
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
