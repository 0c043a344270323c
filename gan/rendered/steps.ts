import type { ParameterLayout, Weights } from '../../src/engine/parameters.ts';
import {
  type Scalar,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tf,
} from '../../src/engine/tf.ts';
import { drawVectors, type SpaceContext } from '../codec/decode.ts';
import { generatorHinge } from '../codec/losses.ts';
import { embed, generator } from '../codec/networks.ts';
import { planDecoding } from '../codec/plan.ts';
import { scorePixels } from '../pixel/discriminator.ts';
import { SIZES } from '../pixel/shape.ts';
import { spectrallyNormalised } from '../pixel/spectral.ts';
import { descendJudge, type Judge, type PixelDescent, type Sight, seen } from '../pixel/steps.ts';
import { BRIGHTEST, refine } from './refiner.ts';

/** A network as its layout and flat weights. */
export interface Flat {
  layout: ParameterLayout;
  flat: Tensor1D;
}

/** The networks that a look at pixels moves; `maker` is the generator of vectors. */
export interface LookNetworks {
  context: SpaceContext;
  maker: Flat;
  judge: Judge;
  refiner: Flat | null;
}

/** What both updates of a look are given. */
export interface GivenPatterns {
  /** Class index of each triplet, and the codes (B, code). */
  labels: Int32Array;
  codes: Tensor2D;
  /** Real triplets (B, S, S, 3) in network units, and the same as the codec draws them. */
  real: Tensor4D;
  drawn: Tensor4D;
}

/** What one of them draws. */
export interface LookDraws extends GivenPatterns {
  /** (B, latent) */
  z: Tensor2D;
  sights: { real: Sight; fake: Sight };
}

/** Most pixels a side that the discriminator sees; larger patterns are averaged down. */
const MOST = 64;

/** Pixels a side that the discriminator on rendered patterns of a size sees; null where it knows none. */
export function judgedSize(size: number): number | null {
  const side = Math.min(MOST, size);
  return size % side === 0 && SIZES.some((one) => one === side) ? side : null;
}

/** Triplets in network units as the discriminator knows them: -1 dark, 1 brightest. */
export function asJudged(x: Tensor4D): Tensor4D {
  const [count, size] = x.shape;
  const side = Math.min(MOST, size);
  const units = x.mul(2 / BRIGHTEST).sub(1) as Tensor4D;
  if (side === size) return units;
  const fold = size / side;
  return units.reshape([count, side, fold, side, fold, 3]).mean([2, 4]) as Tensor4D;
}

/**
 * Vectors (B, width) as the triplets that are drawn of them, in network units: rendered, then
 * refined where there are weights of a refiner. Differentiable in the table scores and the weights;
 * cells are taken from the values.
 */
export function showVectors(
  vectors: Tensor2D,
  labels: Int32Array,
  { context, polish }: { context: SpaceContext; polish: Weights | null },
): Tensor4D {
  const decodings = Array.from(labels, (label) => ({ label }));
  const plan = planDecoding(context.space, vectors.dataSync() as Float32Array, decodings);
  const drawn = drawVectors(vectors, plan, context);
  return polish ? refine(polish, drawn) : drawn;
}

const made = (weights: Weights, { z, codes }: LookDraws): Tensor2D =>
  generator(weights, z, embed(weights, codes));

/** - E D of shown triplets: what the generator and the refiner minimise. */
export function judgedLoss(judge: Judge, shown: Tensor4D, { codes, sights }: LookDraws): Scalar {
  const weights = spectrallyNormalised(judge.layout.named(judge.flat), judge.singular);
  return generatorHinge(scorePixels(weights, seen(asJudged(shown), sights.fake), codes));
}

/** Mean absolute distance, of a range of 1, between real triplets and their refined drawings. */
export const leashLoss = (
  polish: Weights,
  { real, drawn }: Pick<GivenPatterns, 'real' | 'drawn'>,
): Scalar => refine(polish, drawn).sub(real).abs().mean<Scalar>().div(BRIGHTEST);

/**
 * The update of the discriminator. Without a refiner it compares drawings with drawings, so that
 * it cannot tell them apart by what discs leave out; with one, with the real triplets.
 */
export function descendPixelJudge(
  { context, maker, judge, refiner }: LookNetworks,
  draws: LookDraws,
  penalty: number,
): PixelDescent {
  const images = tf.tidy(() => {
    const polish = refiner?.layout.named(refiner.flat) ?? null;
    const vectors = made(maker.layout.named(maker.flat), draws);
    const fake = showVectors(vectors, draws.labels, { context, polish });
    const { real, drawn, sights } = draws;
    return [
      seen(asJudged(polish ? real : drawn), sights.real),
      seen(asJudged(fake), sights.fake),
    ] as [Tensor4D, Tensor4D];
  });
  const found = descendJudge(judge, { images, codes: draws.codes }, penalty);
  tf.dispose(images);
  return found;
}

/** Weights of the parts of what generator and refiner minimise. */
export interface MakerWeights {
  judged: number;
  leash: number;
}

/** A loss and its gradients, none where there is no refiner. The caller disposes of them. */
export interface MakerDescent {
  loss: number;
  maker: Tensor1D;
  refiner: Tensor1D | undefined;
}

/** The updates of the generator, by the discriminator, and of the refiner, by it and the leash. */
export function descendMakers(
  { context, maker, judge, refiner }: LookNetworks,
  draws: LookDraws,
  weights: MakerWeights,
): MakerDescent {
  const { value, grads } = tf.tidy(() =>
    tf.valueAndGrads((flat, polishFlat) => {
      const polish = refiner ? refiner.layout.unpack(polishFlat as Tensor1D) : null;
      const vectors = made(maker.layout.unpack(flat as Tensor1D), draws);
      const shown = showVectors(vectors, draws.labels, { context, polish });
      const loss = judgedLoss(judge, shown, draws).mul<Scalar>(weights.judged);
      return polish ? loss.add<Scalar>(leashLoss(polish, draws).mul(weights.leash)) : loss;
    })(refiner ? [maker.flat, refiner.flat] : [maker.flat]),
  );
  const loss = value.dataSync()[0]!;
  value.dispose();
  const [own, other] = grads as Tensor1D[];
  return { loss, maker: own!, refiner: other };
}

/** The update of a refiner by the leash alone. */
export function descendLeash(
  { layout, flat }: Flat,
  given: GivenPatterns,
  weight: number,
): PixelDescent {
  const { value, gradient } = layout.slope(flat, (polish) =>
    leashLoss(polish, given).mul<Scalar>(weight),
  );
  const loss = value.dataSync()[0]!;
  value.dispose();
  return { loss, gradient };
}
