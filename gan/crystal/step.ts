import { kernels } from '../../src/engine/kernels.ts';
import {
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tf,
} from '../../src/engine/tf.ts';
import { fusedOperation } from '../training/layers.ts';
import { hinge } from '../training/losses.ts';
import type { NetworkPair } from '../training/network-pair.ts';
import type { NoiseSource } from '../training/noise.ts';
import type { StepLosses } from '../training/trainer.ts';
import { frequencyLoss, jitterCrystals } from './changes.ts';
import { type CrystalBatch, MOST } from './codec.ts';
import type { ElementTensors, OpenTensors } from './features.ts';
import { type Appearance, appearance, type ReferenceView, viewReferences } from './look.ts';
import { type CrystalShape, generateOpen, type Latents, scoreCrystals } from './networks.ts';

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
  return tf.tidy(() => ({
    gumbel: gumbelOf(noise.normal<Tensor3D>([count, MOST.slots, shape.elements])),
    crystal: noise.normal<Tensor2D>([count, shape.latent]),
    sites: noise.normal<Tensor3D>([count, MOST.sites, shape.siteLatent]),
  }));
}

/** Gumbel noise from standard normal noise: uniform numbers strictly between 0 and 1, -log(-log(u)). */
function gumbelOf(x: Tensor3D): Tensor3D {
  const run = kernels();
  if (run) return run('CbedGumbel', [x], 1)[0] as Tensor3D;
  const uniform = x.div(Math.SQRT2).erf().add(1).div(2);
  return uniform
    .clipByValue(1e-6, 1 - 1e-6)
    .log()
    .neg()
    .log()
    .neg() as Tensor3D;
}

/** Crystals with jitter. */
function jittered(
  batch: CrystalBatch,
  open: OpenTensors,
  { noise, jitter }: { noise: NoiseSource; jitter: number },
): OpenTensors {
  const [b, s] = batch.mask.shape;
  const drawn = { sites: noise.normal<Tensor3D>([b, s, 3]), cells: noise.normal<Tensor2D>([b, 6]) };
  return jitterCrystals(batch, open, { noise: drawn, jitter });
}

/**
 * R1 (Mescheder et al. 2018), gamma / 2 E |grad D|^2 at what the discriminator sees of real
 * crystals: sites and crystal together.
 */
function crystalPenalty(
  score: (seen: Appearance) => Tensor1D,
  seen: Appearance,
  gamma: number,
): Scalar {
  const slopes = tf.grads((sites, crystal) =>
    score({ sites: sites as Tensor2D, crystal: crystal as Tensor2D }).sum(),
  )([seen.sites, seen.crystal]);
  const squares = slopes[0]!.square().sum().add(slopes[1]!.square().sum());
  return squares.mul<Scalar>(gamma / 2 / seen.crystal.shape[0]);
}

/**
 * The hinge loss of the discriminator from scores, those of real crystals first, and the means of both. They
 * come to JavaScript in any case, and a loss of a few dozen numbers is there at once.
 */
function judge(scores: Tensor1D): { loss: Scalar; real: number; fake: number } {
  const { loss, real, fake, slopes } = hinge(scores.dataSync() as Float32Array);
  const [value] = fusedOperation([scores], {
    forward: () => [tf.scalar(loss)],
    backward: ([upstream]) => [tf.tensor1d(slopes).mul(upstream!)],
  });
  return { loss: value as Scalar, real, fake };
}

/** What is shown to the discriminator: real crystals, generated ones, and both one after the other. */
interface Shown {
  [name: string]: Tensor;
  realSites: Tensor2D;
  realCrystal: Tensor2D;
  sites: Tensor2D;
  crystal: Tensor2D;
  mask: Tensor3D;
  codes: Tensor2D;
}

function show(input: StepInput, view: ReferenceView): Shown {
  const { pair, shape, elements, noise, real, references, codes } = input;
  const latents = drawLatents(noise, shape, references.count);
  const onReal = appearance(real, jittered(real, real, input), elements);
  const weights = pair.layouts.generator.named(pair.generator);
  const open = generateOpen(weights, references, codes, { latents, elements, view });
  const onFake = appearance(references, jittered(references, open, input), elements);
  return {
    realSites: onReal.sites,
    realCrystal: onReal.crystal,
    sites: tf.concat([onReal.sites, onFake.sites]),
    crystal: tf.concat([onReal.crystal, onFake.crystal]),
    mask: tf.concat([real.mask, references.mask]),
    codes: tf.concat([codes, codes]),
  };
}

/**
 * One step: an update of the discriminator (hinge loss, R1 where due), then one of the generator (hinge
 * loss, how much neighbours clash, how often elements occur). Jitter of coordinates and cells is alike on both sides.
 */
export function updateBoth(input: StepInput): StepLosses {
  const { pair, shape, elements, noise, real, references, codes } = input;
  const { layouts } = pair;
  const view = tf.tidy(() => viewReferences(references, elements));

  // Discriminator.
  const shown = tf.tidy(() => show(input, view));
  const scores: [number, number] = [0, 0];
  const judged = layouts.discriminator.slope(pair.discriminator, (weights) => {
    const { loss, ...means } = judge(
      scoreCrystals(weights, shown, { ...shown, use: { outermost: true } }),
    );
    scores[0] = means.real;
    scores[1] = means.fake;
    if (input.penalty === 0) return loss;
    const seen = { sites: shown.realSites, crystal: shown.realCrystal };
    const score = (of: Appearance) =>
      scoreCrystals(weights, of, { mask: real.mask, codes, use: { twice: true } });
    return loss.add<Scalar>(crystalPenalty(score, seen, input.penalty));
  });
  const discriminatorLoss = judged.value.dataSync()[0]!;
  pair.descend('discriminator', judged.gradient, input.rates.discriminator);
  tf.dispose([judged.value, shown]);

  // Generator.
  const latents = drawLatents(noise, shape, references.count);
  const weights = tf.tidy(() => layouts.discriminator.named(pair.discriminator));
  const made = layouts.generator.slope(pair.generator, (own) => {
    const open = generateOpen(own, references, codes, { latents, elements, view });
    const look = appearance(references, jittered(references, open, input), elements);
    const { mask, slotMask } = references;
    const score = scoreCrystals(weights, look, { mask, codes, use: { resting: true } });
    return weightedSum([
      [score, -1 / score.size],
      [look.clash, input.clash / score.size],
      [frequencyLoss(real, { species: open.species, slotMask }), input.frequency],
    ]);
  });
  const generatorLoss = made.value.dataSync()[0]!;
  pair.descend('generator', made.gradient, input.rates.generator);
  tf.dispose([made.value, { ...latents }, weights, view]);
  return {
    discriminator: discriminatorLoss,
    generator: generatorLoss,
    real: scores[0],
    fake: scores[1],
  };
}

/** The sum of all numbers of tensors, each times the weight of its tensor. */
function weightedSum(terms: readonly (readonly [of: Tensor, weight: number])[]): Scalar {
  const sumOf = (of: Tensor): number =>
    (of.dataSync() as Float32Array).reduce((sum, value) => sum + value, 0);
  const [value] = fusedOperation(
    terms.map(([of]) => of),
    {
      forward: () => [tf.scalar(terms.reduce((sum, [of, weight]) => sum + weight * sumOf(of), 0))],
      backward: ([upstream]) => {
        const [along] = upstream!.dataSync();
        return terms.map(([of, weight]) => tf.fill(of.shape, weight * along!));
      },
    },
  );
  return value as Scalar;
}
