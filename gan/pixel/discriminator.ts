import { ParameterLayout, type Weights } from '../../src/engine/parameters.ts';
import {
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tf,
} from '../../src/engine/tf.ts';
import { biasedLeaky, project } from '../codec/layers.ts';
import { convSpecs, heDeviation } from './maps.ts';
import { channelsAt, type PixelShape, SMALLEST, sidesTo } from './shape.ts';

/** Length of the features that scores are read from. */
const FEATURES = 128;

/** Weights of the discriminator; `class/projection` is the table of Miyato and Koyama (2018). */
export function discriminatorLayout(
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
