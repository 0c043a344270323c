import {
  type Scalar,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tf,
} from '../../src/engine/tf.ts';
import { discriminatorHinge, generatorHinge } from '../training/losses.ts';
import type { NetworkPair } from '../training/network-pair.ts';
import type { NoiseSource } from '../training/noise.ts';
import type { StepLosses } from '../training/trainer.ts';
import { type CrystalBatch, MOST } from './codec.ts';
import type { ElementTensors, OpenTensors } from './features.ts';
import {
  type Appearance,
  appearance,
  type CrystalShape,
  generateOpen,
  type Latents,
  scoreCrystals,
  viewReferences,
} from './networks.ts';

/** What one step is given. */
export interface StepInput {
  pair: NetworkPair;
  shape: CrystalShape;
  elements: ElementTensors;
  noise: NoiseSource;
  /** Real crystals and references of generated ones, row by row of the same classes. */
  real: CrystalBatch;
  references: CrystalBatch;
  /** Class codes (B, code). */
  codes: Tensor2D;
  /** Standard deviations of the jitter on both sides: sites (angstrom), log lengths, angles. */
  jitter: number;
  /** Weight of the gradient penalty in this step; 0 for none. */
  penalty: number;
  /** Weight of neighbours that come too near in the generator's loss. */
  clash: number;
  /** Weight of elements that are more or less frequent than in real crystals. */
  frequency: number;
  rates: { generator: number; discriminator: number };
}

/** Latent vectors and Gumbel noise of a batch. */
export function drawLatents(noise: NoiseSource, shape: CrystalShape, count: number): Latents {
  return tf.tidy(() => {
    const uniform = gaussianToUniform(noise.normal<Tensor3D>([count, MOST.slots, shape.elements]));
    return {
      crystal: noise.normal<Tensor2D>([count, shape.latent]),
      sites: noise.normal<Tensor3D>([count, MOST.sites, shape.siteLatent]),
      gumbel: uniform.log().neg().log().neg() as Tensor3D,
    };
  });
}

/** Uniform numbers strictly between 0 and 1 from standard normal ones. */
const gaussianToUniform = (x: Tensor3D): Tensor3D =>
  x
    .div(Math.SQRT2)
    .erf()
    .add(1)
    .div(2)
    .clipByValue(1e-6, 1 - 1e-6) as Tensor3D;

/** Crystals with sites moved along what is free, and cells changed, at random. */
function jittered(
  batch: CrystalBatch,
  open: OpenTensors,
  { noise, jitter }: { noise: NoiseSource; jitter: number },
): OpenTensors {
  const [b, s] = batch.mask.shape;
  const lengths = open.cells.slice([0, 0], [-1, 3]).exp().reshape([b, 1, 3]);
  const move = noise.normal<Tensor3D>([b, s, 3]).mul(jitter).div(lengths).reshape([b, s, 1, 3]);
  const along = tf.matMul(move as Tensor4D, batch.freedom).reshape([b, s, 3]);
  const change = noise
    .normal<Tensor2D>([b, 6])
    .mul(0.3 * jitter)
    .reshape([b, 1, 6]) as Tensor3D;
  const cells = tf.matMul(change, batch.cellFreedom).reshape([b, 6]);
  return {
    species: open.species,
    positions: open.positions.add(along) as Tensor3D,
    cells: open.cells.add(cells) as Tensor2D,
  };
}

/**
 * R1 (Mescheder et al. 2018), gamma / 2 E |grad D|^2 at what the discriminator sees of real
 * crystals: sites and crystal together.
 */
function gradientPenalty(
  score: (seen: Appearance) => Tensor1D,
  seen: Appearance,
  gamma: number,
): Scalar {
  const slopes = tf.grads((sites, crystal) =>
    score({ sites: sites as Tensor3D, crystal: crystal as Tensor2D }).sum(),
  )([seen.sites, seen.crystal]);
  const squares = slopes[0]!.square().sum([1, 2]).add(slopes[1]!.square().sum(1));
  return squares.mean<Scalar>().mul<Scalar>(gamma / 2);
}

/** Shares of elements (E) among the slots of crystals. */
const elementShares = (batch: CrystalBatch, { species }: Pick<OpenTensors, 'species'>): Tensor1D =>
  species.sum([0, 1]).div(batch.slotMask.sum()) as Tensor1D;

/**
 * How far the elements of generated crystals are from being as frequent as those of real ones, squared and
 * relative to how often either has them: what a batch shows of it, a discriminator of crystals learns late.
 */
function frequencyLoss(input: StepInput, open: OpenTensors): Scalar {
  const [real, made] = [
    elementShares(input.real, input.real),
    elementShares(input.references, open),
  ];
  return real.sub(made).square().div(real.add(made).add(0.01)).sum<Scalar>();
}

/**
 * One step: an update of the discriminator (hinge loss, R1 where due), then one of the generator (hinge
 * loss, how much neighbours clash, how often elements occur). Jitter of coordinates and cells is alike on both sides.
 */
export function updateBoth(input: StepInput): StepLosses {
  const { pair, shape, elements, noise, real, references, codes } = input;
  const { layouts } = pair;
  const view = tf.tidy(() => {
    const { around, ...rest } = viewReferences(references, elements);
    return { ...rest, around: { ...around } };
  });
  const generated = (flat: Tensor1D, latents: Latents): OpenTensors =>
    generateOpen(layouts.generator.unpack(flat), references, codes, { latents, elements, view });

  // Discriminator.
  const latents = drawLatents(noise, shape, references.count);
  const seen = tf.tidy(() => {
    const onReal = appearance(real, jittered(real, real, input), elements);
    const fake = generated(pair.generator, latents);
    const onFake = appearance(references, jittered(references, fake, input), elements);
    return [
      { sites: onReal.sites, crystal: onReal.crystal },
      { sites: onFake.sites, crystal: onFake.crystal },
    ] as const;
  });
  tf.dispose({ ...latents });
  const scores: [number, number] = [0, 0];
  const judged = layouts.discriminator.slope(pair.discriminator, (weights) => {
    const score = (of: Appearance, mask: Tensor3D) => scoreCrystals(weights, of, mask, { codes });
    const onReal = score(seen[0], real.mask);
    const onFake = score(seen[1], references.mask);
    scores[0] = onReal.mean().dataSync()[0]!;
    scores[1] = onFake.mean().dataSync()[0]!;
    const hinge = discriminatorHinge(onReal, onFake);
    if (input.penalty === 0) return hinge;
    const r1 = gradientPenalty((of) => score(of, real.mask), seen[0], input.penalty);
    return hinge.add<Scalar>(r1);
  });
  const discriminatorLoss = judged.value.dataSync()[0]!;
  pair.descend('discriminator', judged.gradient, input.rates.discriminator);
  tf.dispose([judged.value, ...seen.flatMap((of) => Object.values(of))]);

  // Generator.
  const again = drawLatents(noise, shape, references.count);
  const weights = tf.tidy(() => layouts.discriminator.named(pair.discriminator));
  const made = layouts.generator.slope(pair.generator, (own) => {
    const open = generateOpen(own, references, codes, { latents: again, elements, view });
    const look = appearance(references, jittered(references, open, input), elements);
    const hinge = generatorHinge(scoreCrystals(weights, look, references.mask, { codes }));
    const clash = look.clash.mean<Scalar>().mul<Scalar>(input.clash);
    const frequency = frequencyLoss(input, open).mul<Scalar>(input.frequency);
    return hinge.add<Scalar>(clash).add<Scalar>(frequency);
  });
  const generatorLoss = made.value.dataSync()[0]!;
  pair.descend('generator', made.gradient, input.rates.generator);
  tf.dispose([made.value, ...Object.values(again), ...Object.values(weights)]);
  tf.dispose(view);
  return {
    discriminator: discriminatorLoss,
    generator: generatorLoss,
    real: scores[0],
    fake: scores[1],
  };
}
