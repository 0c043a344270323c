import { normalised } from '../../src/engine/conv-norm.ts';
import { type Kernels, kernels } from '../../src/engine/kernels.ts';
import { ParameterLayout, type WeightSpec, type Weights } from '../../src/engine/parameters.ts';
import {
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tf,
} from '../../src/engine/tf.ts';
import { conditioned, embed } from '../codec/networks.ts';
import {
  biasedLeaky,
  custom,
  dense,
  leakyRelu,
  project,
  type Saved,
  withBias,
} from '../training/layers.ts';

/** Sizes of the networks that work on pixels. */
export interface PixelShape {
  /** Pixels a side, S. */
  size: number;
  /** Channels of the maps of S x S; smaller maps have up to eight times as many. */
  width: number;
  latent: number;
  embedding: number;
  /** Length of a class code: one place a class and one a crystal system. */
  code: number;
}

/** Side of the smallest maps. */
export const SMALLEST = 4;
const MOST = 8;

/** Sides that the networks know: powers of two. */
export const SIZES = [16, 32, 64, 128] as const;

/** Channels of maps of `side` pixels a side. */
export const channelsAt = ({ size, width }: Pick<PixelShape, 'size' | 'width'>, side: number) =>
  width * Math.min(MOST, size / side);

/** Sides above the smallest, ascending, up to `size`: 8, 16, ... */
export function sidesTo(size: number): number[] {
  const sides: number[] = [];
  for (let side = 2 * SMALLEST; side <= size; side *= 2) sides.push(side);
  return sides;
}

/** Taps a side, and channels before and after. */
export interface ConvShape {
  side: number;
  from: number;
  to: number;
}

/** Kernel and bias of a convolution, the kernel normal with variance `power` over its inputs. */
const convSpecs = (
  name: string,
  { side, from, to }: ConvShape,
  deviation: number,
): WeightSpec[] => [
  { name: `${name}/kernel`, shape: [side, side, from, to], start: { normal: deviation } },
  { name: `${name}/bias`, shape: [to], start: 'zeros' },
];

/** Standard deviation that keeps the variance of rectified maps (He et al. 2015). */
const heDeviation = (inputs: number): number => Math.sqrt(2 / inputs);

/** Convolution with zero padding; differentiable twice in `x`. */
export const conv = (weights: Weights, name: string, x: Tensor4D, stride: 1 | 2): Tensor4D =>
  withBias(
    tf.conv2d(x, weights[`${name}/kernel`] as Tensor4D, stride, 'same'),
    weights[`${name}/bias`] as Tensor1D,
  );

/** Standard deviation of a gain over random conditions at the start, about. */
const START = 0.5;

/** Weights of a modulation of `channels` channels by a condition of length `inputs`. */
export const modulationSpecs = (name: string, inputs: number, channels: number): WeightSpec[] => [
  {
    name: `${name}/style/kernel`,
    shape: [inputs, 2 * channels],
    start: { normal: START / Math.sqrt(inputs) },
  },
  { name: `${name}/style/bias`, shape: [2 * channels], start: 'zeros' },
];

/** By the fused kernel: maps (B, R, R, C) and the style (B, 2 C) of their channels. */
const modulatedAtOnce = (run: Kernels) =>
  custom<Tensor4D>((...inputs) => {
    const [maps, style, save] = inputs as [Tensor4D, Tensor2D, Saved];
    const [value, kept] = run('CbedModulate', [maps, style], 2) as [Tensor, Tensor];
    save([maps, style, kept]);
    return {
      value,
      gradFunc: (upstream, saved) => run('CbedModulateGrad', [upstream, ...saved], 2),
    };
  });

/** By the kernel of batch normalisation: one channel a triplet and channel. */
function modulatedApart(x: Tensor4D, style: Tensor2D): Tensor4D {
  const [count, rows, columns, channels] = x.shape;
  const part = (from: number): Tensor2D => style.slice([0, from], [-1, channels]);
  const gain = part(0).add(1).reshape([-1]) as Tensor1D;
  const offset = part(channels).reshape([-1]) as Tensor1D;
  const apart = x.reshape([count, rows * columns, channels]).transpose([1, 0, 2]);
  const flat = apart.reshape([rows * columns, 1, 1, count * channels]) as Tensor4D;
  const done = normalised(flat, { gain, offset }, true);
  const together = done.reshape([rows * columns, count, channels]).transpose([1, 0, 2]) as Tensor3D;
  return together.reshape([count, rows, columns, channels]) as Tensor4D;
}

/**
 * Conditional normalisation and ReLU of maps (B, R, R, C): each channel of each triplet by its own
 * mean and variance, then gain and offset that its condition (B, inputs) asks for (Huang and
 * Belongie 2017). A triplet does not depend on its neighbours in the batch. Differentiable once.
 */
export function modulated(weights: Weights, name: string, x: Tensor4D, condition: Tensor2D) {
  const kernel = weights[`${name}/style/kernel`] as Tensor2D;
  const style = dense(condition, kernel, weights[`${name}/style/bias`] as Tensor1D);
  const run = kernels();
  return run ? modulatedAtOnce(run)(x, style) : modulatedApart(x, style);
}

/** Taps of a transposed convolution that reach one pixel: 4 x 4 of them at stride 2. */
const REACHING = 4;

/** Weights of the generator; `class/embedding` is the table of class and crystal-system parts. */
export function pixelLayout(shape: PixelShape): ParameterLayout {
  const condition = shape.latent + shape.embedding;
  const first = SMALLEST ** 2 * channelsAt(shape, SMALLEST);
  return new ParameterLayout([
    { name: 'class/embedding', shape: [shape.code, shape.embedding], start: { normal: 1 } },
    {
      name: 'first/kernel',
      shape: [condition, first],
      start: { normal: heDeviation(condition) },
    },
    { name: 'first/bias', shape: [first], start: 'zeros' },
    ...sidesTo(shape.size).flatMap((side) => {
      const [from, to] = [channelsAt(shape, side / 2), channelsAt(shape, side)];
      return [
        {
          name: `up${side}/kernel`,
          shape: [4, 4, to, from],
          start: { normal: heDeviation(REACHING * from) },
        },
        ...modulationSpecs(`up${side}`, condition, to),
      ];
    }),
    ...convSpecs(
      'out',
      { side: 3, from: shape.width, to: 3 },
      heDeviation(9 * shape.width) / Math.SQRT2,
    ),
  ]);
}

/** Maps of `side` pixels a side from maps of half of it. */
function doubled(weights: Weights, side: number, x: Tensor4D, condition: Tensor2D): Tensor4D {
  const kernel = weights[`up${side}/kernel`] as Tensor4D;
  const shape: [number, number, number, number] = [x.shape[0], side, side, kernel.shape[2]];
  const larger = tf.conv2dTranspose(x, kernel, shape, 2, 'same') as Tensor4D;
  return modulated(weights, `up${side}`, larger, condition);
}

/**
 * Triplets (B, S, S, 3) in [-1, 1] of conditions (B, latent + embedding): a small map, doubled by
 * transposed convolutions, each normalised under the condition.
 */
function drawPixels(weights: Weights, condition: Tensor2D, size: number): Tensor4D {
  const kernel = weights['first/kernel'] as Tensor2D;
  const seeds = dense(condition, kernel, weights['first/bias'] as Tensor1D);
  const first = seeds.reshape([-1, SMALLEST, SMALLEST, kernel.shape[1] / SMALLEST ** 2]);
  const maps = sidesTo(size).reduce(
    (x, side) => doubled(weights, side, x, condition),
    leakyRelu(first) as Tensor4D,
  );
  return tf.tanh(conv(weights, 'out', maps, 1));
}

/** Length of the features that scores are read from. */
const FEATURES = 128;

/** Weights of the discriminator; `class/projection` is the table of Miyato and Koyama (2018). */
export function pixelDiscriminatorLayout(
  shape: Pick<PixelShape, 'size' | 'width' | 'code'>,
): ParameterLayout {
  const flat = SMALLEST ** 2 * channelsAt(shape, SMALLEST);
  return new ParameterLayout([
    { name: 'class/projection', shape: [shape.code, FEATURES], start: { normal: 0.1 } },
    ...sidesTo(shape.size)
      .toReversed()
      .flatMap((side) => {
        const from = side === shape.size ? 3 : channelsAt(shape, side);
        const to = channelsAt(shape, side / 2);
        return convSpecs(`down${side}`, { side: 4, from, to }, heDeviation(16 * from));
      }),
    { name: 'features/kernel', shape: [flat, FEATURES], start: { normal: heDeviation(flat) } },
    { name: 'features/bias', shape: [FEATURES], start: 'zeros' },
    { name: 'out/kernel', shape: [FEATURES, 1], start: { normal: 1 / Math.sqrt(FEATURES) } },
    { name: 'out/bias', shape: [1], start: 'zeros' },
  ]);
}

/**
 * The projection discriminator: scores (B) of triplets (B, S, S, 3) in [-1, 1] under class codes
 * (B, code); high for real. With `twice` its gradient may be differentiated again, exactly.
 */
export function scorePixels(
  weights: Weights,
  x: Tensor4D,
  codes: Tensor2D,
  { twice = false } = {},
): Tensor1D {
  const [count, size] = x.shape;
  const hidden = <T extends Tensor>(input: T, name: string): T =>
    biasedLeaky(input, weights[`${name}/bias`] as Tensor1D, twice);
  const maps = sidesTo(size)
    .toReversed()
    .map((side) => `down${side}`)
    .reduce((input, name) => {
      const kernel = weights[`${name}/kernel`] as Tensor4D;
      return hidden(tf.conv2d(input, kernel, 2, 'same') as Tensor4D, name);
    }, x);
  const kernel = weights['features/kernel'] as Tensor2D;
  const flat = maps.reshape([count, -1]) as Tensor2D;
  const features = hidden(project(flat, kernel), 'features');
  const direction = project(codes, weights['class/projection'] as Tensor2D)
    .div(Math.sqrt(FEATURES))
    .add((weights['out/kernel'] as Tensor2D).reshape([1, FEATURES]));
  return features.mul(direction).sum(1).add(weights['out/bias']!) as Tensor1D;
}

/** What triplets are made from. */
export interface Request {
  /** (B, latent) */
  z: Tensor2D;
  /** (B, code) */
  codes: Tensor2D;
}

/** Triplets (B, S, S, 3) by the generator, -1 dark; differentiable in the weights. */
export const generate = (shape: PixelShape, weights: Weights, { z, codes }: Request): Tensor4D =>
  drawPixels(weights, conditioned(z, embed(weights, codes)), shape.size);

const UNITS = Float32Array.from({ length: 256 }, (_, pixel) => pixel / 127.5 - 1);

/** Stored pixels as networks see them: 0 to 255 as -1 to 1. */
export const toUnits = (pixels: Uint8Array): Float32Array => {
  const units = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) units[i] = UNITS[pixels[i]!]!;
  return units;
};

/** The nearest stored pixels. */
export const toStored = (units: Float32Array): Uint8Array => {
  const pixels = new Uint8ClampedArray(units.length); // rounds and cuts off
  for (let i = 0; i < units.length; i++) pixels[i] = (units[i]! + 1) * 127.5;
  return new Uint8Array(pixels.buffer);
};

/** Stored triplets as a tensor (B, S, S, 3). */
export const unitTensor = (pixels: Uint8Array, size: number): Tensor4D =>
  tf.tensor4d(toUnits(pixels), [pixels.length / (3 * size * size), size, size, 3]);
