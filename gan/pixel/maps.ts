import type { WeightSpec, Weights } from '../../src/engine/parameters.ts';
import { type Tensor1D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { withBias } from '../codec/layers.ts';

/** Taps a side, and channels before and after. */
export interface ConvShape {
  side: number;
  from: number;
  to: number;
}

/** Kernel and bias of a convolution, the kernel normal with variance `power` over its inputs. */
export const convSpecs = (
  name: string,
  { side, from, to }: ConvShape,
  deviation: number,
): WeightSpec[] => [
  { name: `${name}/kernel`, shape: [side, side, from, to], start: { normal: deviation } },
  { name: `${name}/bias`, shape: [to], start: 'zeros' },
];

/** Standard deviation that keeps the variance of rectified maps (He et al. 2015). */
export const heDeviation = (inputs: number): number => Math.sqrt(2 / inputs);

/** Convolution with zero padding; differentiable twice in `x`. */
export const conv = (weights: Weights, name: string, x: Tensor4D, stride: 1 | 2): Tensor4D =>
  withBias(
    tf.conv2d(x, weights[`${name}/kernel`] as Tensor4D, stride, 'same'),
    weights[`${name}/bias`] as Tensor1D,
  );
