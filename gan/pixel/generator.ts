import { ParameterLayout, type Weights } from '../../src/engine/parameters.ts';
import { type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { dense, leakyRelu } from '../codec/layers.ts';
import { conv, convSpecs, heDeviation } from './maps.ts';
import { modulated, modulationSpecs } from './modulation.ts';
import { channelsAt, type PixelShape, SMALLEST, sidesTo } from './shape.ts';

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
export function drawPixels(weights: Weights, condition: Tensor2D, size: number): Tensor4D {
  const kernel = weights['first/kernel'] as Tensor2D;
  const seeds = dense(condition, kernel, weights['first/bias'] as Tensor1D);
  const first = seeds.reshape([-1, SMALLEST, SMALLEST, kernel.shape[1] / SMALLEST ** 2]);
  const maps = sidesTo(size).reduce(
    (x, side) => doubled(weights, side, x, condition),
    leakyRelu(first) as Tensor4D,
  );
  return tf.tanh(conv(weights, 'out', maps, 1));
}
