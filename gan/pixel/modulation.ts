import { normalised } from '../../src/engine/conv-norm.ts';
import { type Kernels, kernels } from '../../src/engine/kernels.ts';
import type { WeightSpec, Weights } from '../../src/engine/parameters.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '../../src/engine/tf.ts';
import { custom, dense, type Saved } from '../codec/layers.ts';

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
