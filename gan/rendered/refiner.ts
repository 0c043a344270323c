import { PIXEL_SCALE } from '../../src/dataset/examples.ts';
import { ParameterLayout, type Weights } from '../../src/engine/parameters.ts';
import type { Tensor4D } from '../../src/engine/tf.ts';
import { leakyRelu } from '../codec/layers.ts';
import { conv, convSpecs, heDeviation } from '../pixel/maps.ts';

/** A trained refiner: its channels and flat weights. */
export interface RefinerParts {
  channels: number;
  weights: Float32Array;
}

/** Brightest value of a pattern in network units; the darkest is 0. */
export const BRIGHTEST = 255 * PIXEL_SCALE;

/** Below this share of the brightest value a pixel may change in proportion to its light only. */
const FULL_LIGHT = 0.1;

/** The last layer starts small: at first a pattern hardly changes. */
const START = 0.003;

/** Weights of a refiner with this many channels. */
export const refinerLayout = (channels: number): ParameterLayout =>
  new ParameterLayout([
    ...convSpecs('first', { side: 3, from: 1, to: channels }, heDeviation(9)),
    ...convSpecs('second', { side: 3, from: channels, to: channels }, heDeviation(9 * channels)),
    ...convSpecs('change', { side: 3, from: channels, to: 1 }, START),
  ]);

/**
 * Triplets (B, S, S, 3) in network units with what discs leave out: three convolutions add a
 * residual to each pattern, which is all that they see. Pixels without light stay dark, so that an
 * extinct disc stays extinct, and the result is cut off at the range of a stored pixel.
 * Differentiable once, in weights and triplets.
 */
export function refine(weights: Weights, drawn: Tensor4D): Tensor4D {
  const [count, size] = drawn.shape;
  const patterns = drawn.div(BRIGHTEST).transpose([0, 3, 1, 2]).reshape([-1, size, size, 1]);
  const light = patterns as Tensor4D;
  const first = leakyRelu(conv(weights, 'first', light, 1));
  const second = leakyRelu(conv(weights, 'second', first, 1)).add(first) as Tensor4D;
  const change = conv(weights, 'change', second, 1).mul(light.div(FULL_LIGHT).clipByValue(0, 1));
  const refined = light.add(change).clipByValue(0, 1).mul(BRIGHTEST);
  return refined.reshape([count, 3, size, size]).transpose([0, 2, 3, 1]) as Tensor4D;
}
