import { numbersOf } from '../../src/engine/numbers.ts';
import { ParameterLayout, type Weights } from '../../src/engine/parameters.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { GROUP, type VectorRows } from '../training/batches.ts';
import { dense, layerNorm, leakyRelu, project } from '../training/layers.ts';

/** Sizes of both networks. */
export interface GanShape {
  /** Length of the latent vector z. */
  latent: number;
  /** Length of the class embedding. */
  embedding: number;
  /** Width of the two hidden layers. */
  hidden: number;
  /** Length of the generated vector. */
  vector: number;
  /** Length of a class code: one place a class and one a crystal system. */
  code: number;
}

/** The generator sees the embedding at this length, so that z (norm ~ 8) does not drown it. */
export const EMBEDDING_NORM = 4;

const denseOf = (x: Tensor2D, weights: Weights, name: string): Tensor2D =>
  dense(x, weights[`${name}/kernel`] as Tensor2D, weights[`${name}/bias`] as Tensor1D);

const denseSpecs = (name: string, inputs: number, outputs: number) => [
  {
    name: `${name}/kernel`,
    shape: [inputs, outputs],
    start: { normal: 1 / Math.sqrt(3 * inputs) },
  },
  { name: `${name}/bias`, shape: [outputs], start: 'zeros' as const },
];

const normSpecs = (name: string, width: number) => [
  { name: `${name}/gain`, shape: [width], start: 'ones' as const },
  { name: `${name}/shift`, shape: [width], start: 'zeros' as const },
];

/** Weights of the generator; `class/embedding` is the table of class and crystal-system parts. */
export const generatorLayout = (shape: GanShape): ParameterLayout =>
  new ParameterLayout([
    { name: 'class/embedding', shape: [shape.code, shape.embedding], start: { normal: 1 } },
    ...denseSpecs('first', shape.latent + shape.embedding, shape.hidden),
    ...normSpecs('first', shape.hidden),
    ...denseSpecs('second', shape.hidden, shape.hidden),
    ...normSpecs('second', shape.hidden),
    ...denseSpecs('out', shape.hidden, shape.vector),
  ]);

/** Embeddings (B, embedding) of class codes (B, code): the class part plus its system's part. */
export const embed = (weights: Weights, codes: Tensor2D): Tensor2D =>
  project(codes, weights['class/embedding'] as Tensor2D);

/**
 * What a generator starts from, (B, latent + embedding). Embeddings enter by direction only, so that
 * points between two classes are as strong a condition as the classes themselves.
 */
export function conditioned(z: Tensor2D, embedding: Tensor2D): Tensor2D {
  const length = embedding.square().sum(1, true).add(1e-12).sqrt();
  return tf.concat([z, embedding.div(length).mul(EMBEDDING_NORM) as Tensor2D], 1);
}

/**
 * The generator: latent vectors (B, latent) and class embeddings (B, embedding) to codec vectors
 * (B, vector).
 */
export function generator(weights: Weights, z: Tensor2D, embedding: Tensor2D): Tensor2D {
  const hidden = (x: Tensor2D, name: string): Tensor2D => {
    const gain = weights[`${name}/gain`] as Tensor1D;
    return leakyRelu(
      layerNorm(denseOf(x, weights, name), gain, weights[`${name}/shift`] as Tensor1D),
    );
  };
  return denseOf(hidden(hidden(conditioned(z, embedding), 'first'), 'second'), weights, 'out');
}

/** Weights of the discriminator; `class/projection` is the table of Miyato and Koyama (2018). */
export const discriminatorLayout = (shape: GanShape): ParameterLayout =>
  new ParameterLayout([
    { name: 'class/projection', shape: [shape.code, shape.hidden], start: { normal: 0.1 } },
    ...denseSpecs('first', shape.vector + 1, shape.hidden),
    ...denseSpecs('second', shape.hidden, shape.hidden),
    ...denseSpecs('out', shape.hidden, 1),
  ]);

/**
 * Mean over the features of the standard deviation over each group of rows, for each row (B, 1):
 * the minibatch standard deviation of Karras et al. (2018), within classes, so that a generator
 * that draws one sample a class is found out although its classes differ.
 */
export function groupSpread(x: Tensor2D): Tensor2D {
  const [count, width] = x.shape;
  const groups = x.reshape([count / GROUP, GROUP, width]);
  const centred = groups.sub(groups.mean(1, true));
  const spread = centred.square().mean(1).add(1e-8).sqrt().mean(1, true);
  return spread
    .reshape([-1, 1, 1])
    .mul(tf.ones([1, GROUP, 1]))
    .reshape([count, 1]);
}

/**
 * The projection discriminator: scores of vectors (B, vector) under class codes (B, code); high
 * for real. It sees how far each group of `GROUP` rows, one class, spreads; with `spread` every
 * group is said to spread that far, and a score is of its own vector only.
 * Several batches under the same codes go through together; the scores come batch by batch.
 */
export function discriminator(
  weights: Weights,
  batches: readonly Tensor2D[],
  codes: Tensor2D,
  spread?: number,
): Tensor1D[] {
  const spreadOf = (x: Tensor2D): Tensor2D =>
    spread === undefined ? groupSpread(x) : tf.fill([x.shape[0], 1], spread);
  const seen = batches.map((x) => tf.concat([x, spreadOf(x)], 1));
  const first = leakyRelu(denseOf(tf.concat(seen, 0), weights, 'first'));
  const features = leakyRelu(denseOf(first, weights, 'second'));
  const projection = project(codes, weights['class/projection'] as Tensor2D);
  const hidden = features.shape[1];
  const direction = projection
    .div(Math.sqrt(hidden))
    .add((weights['out/kernel'] as Tensor2D).reshape([1, hidden]));
  const scores = features
    .reshape([batches.length, -1, hidden])
    .mul(direction)
    .sum(2)
    .add(weights['out/bias']!)
    .reshape([-1]) as Tensor1D;
  return batches.length === 1 ? [scores] : tf.split(scores, batches.length);
}

/** A discriminator kept with its generator, to score what the generator draws. */
export interface Discriminator {
  /** Flat weights. */
  weights: Float32Array;
  /** Mean over groups of real training vectors of one class of how far they spread, 0 to about 1. */
  spread: number;
}

/**
 * Scores of codec vectors under class labels; `codes` (K, code) has the code of each class. Every
 * vector is scored as if in a group that spreads as far as real ones do, so that its score does
 * not depend on its neighbours.
 */
export function discriminatorScores(
  kept: Discriminator,
  shape: GanShape,
  of: { vectors: VectorRows; labels: ArrayLike<number>; codes: Tensor2D },
): Float32Array {
  if (of.vectors.count === 0) return new Float32Array(0);
  return numbersOf(() => {
    const weights = discriminatorLayout(shape).unpack(tf.tensor1d(kept.weights));
    const { count, width, values } = of.vectors;
    const x = tf.tensor2d(values, [count, width]);
    const codes = tf.gather(of.codes, tf.tensor1d(Int32Array.from(of.labels), 'int32'));
    return discriminator(weights, [x], codes, kept.spread)[0]!;
  });
}
