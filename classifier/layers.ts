import { convNorm, NORM_EPSILON, type NormStatistics } from '../src/engine/conv-norm.ts';
import { runOperation } from '../src/engine/operation.ts';
import type { WeightSpec, Weights } from '../src/engine/parameters.ts';
import { relu } from '../src/engine/relu.ts';
import { type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../src/engine/tf.ts';

/** Receives the running statistics of a layer after a training pass. */
export type NamedSink = (layer: string, mean: Tensor1D, variance: Tensor1D) => void;

/**
 * Weights of a pass by name. In training they are those of the layout, with the running
 * statistics; in use the normalisations are folded into kernels and biases.
 */
export interface Pass {
  weights: Weights;
  training?: { statistics: Weights; sink: NamedSink };
}

/** A 3x3 convolution of `from` to `to` channels. */
export interface LayerShape {
  name: string;
  from: number;
  to: number;
}

/** Kernel, gain and offset of a convolution with batch normalisation. */
export const convWeights = ({ name, from, to }: LayerShape): WeightSpec[] => [
  {
    name: `${name}/kernel`,
    shape: [3, 3, from, to],
    start: { normal: 1 / Math.sqrt(27 * from) },
    decay: true,
  },
  { name: `${name}/gain`, shape: [to], start: 'ones' },
  { name: `${name}/offset`, shape: [to], start: 'zeros' },
];

/** Running mean and variance of the same layer. */
export const convStatistics = ({ name, to }: LayerShape): WeightSpec[] => [
  { name: `${name}/mean`, shape: [to], start: 'zeros' },
  { name: `${name}/variance`, shape: [to], start: 'ones' },
];

/** How one convolution is used in a body. */
interface ConvUse {
  stride: 1 | 2;
  relu?: boolean;
  /** True for the layer that reads the patterns. */
  first?: boolean;
}

/** 3x3 convolution with zero padding, batch normalisation and, unless told otherwise, ReLU. */
export function convBlock(pass: Pass, name: string, x: Tensor4D, use: ConvUse): Tensor4D {
  const { weights, training } = pass;
  const kernel = weights[`${name}/kernel`] as Tensor4D;
  const { stride, relu: rectify = true, first = false } = use;
  if (!training) {
    const bias = weights[`${name}/bias`]!;
    const activation = rectify ? ('relu' as const) : undefined;
    return tf.fused.conv2d({ x, filter: kernel, strides: stride, pad: 'same', bias, activation });
  }
  const { statistics, sink } = training;
  const gain = weights[`${name}/gain`] as Tensor1D;
  const offset = weights[`${name}/offset`] as Tensor1D;
  return convNorm(
    x,
    { kernel, gain, offset },
    {
      stride,
      relu: rectify,
      statistics: statisticsOf(statistics, name),
      sink: ({ mean, variance }) => sink(name, mean, variance),
      inputGradient: !first,
    },
  );
}

const statisticsOf = (statistics: Weights, name: string): NormStatistics => ({
  mean: statistics[`${name}/mean`] as Tensor1D,
  variance: statistics[`${name}/variance`] as Tensor1D,
});

/** Kernel and bias that do in use what convolution and normalisation did in training. */
export function foldConv(weights: Weights, statistics: Weights, name: string): Weights {
  const { mean, variance } = statisticsOf(statistics, name);
  const scale = weights[`${name}/gain`]!.div(variance.add(NORM_EPSILON).sqrt());
  return {
    [`${name}/kernel`]: weights[`${name}/kernel`]!.mul(scale),
    [`${name}/bias`]: weights[`${name}/offset`]!.sub(mean.mul(scale)),
  };
}

/** Two convolutions whose result is added to the input (He et al. 2016). */
export function residualBlock(pass: Pass, name: string, x: Tensor4D): Tensor4D {
  const inner = convBlock(pass, `${name}/a`, x, { stride: 1 });
  return relu(convBlock(pass, `${name}/b`, inner, { stride: 1, relu: false }).add(x) as Tensor4D);
}

/** Values (N, channels) on all rows and columns of maps (N, rows, columns, channels). */
function spreadOver(values: Tensor2D, shape: readonly number[]): Tensor {
  const [count, channels] = values.shape;
  const inputs = [values.reshape([count, 1, 1, channels]), tf.tensor1d([...shape], 'int32')];
  return runOperation('BroadcastTo', inputs, { types: { T: 'float', Tidx: 'int32' } });
}

/**
 * Mean over rows and columns, (N, channels). Differentiable once: the gradient goes to all places
 * alike, in one pass where the engine's own takes four.
 */
export const meanPool = (x: Tensor4D): Tensor2D =>
  tf.customGrad((maps) => {
    const { shape } = maps as Tensor4D;
    return {
      value: tf.mean(maps as Tensor4D, [1, 2]),
      gradFunc: (dy: Tensor) => spreadOver(dy.div(shape[1] * shape[2]) as Tensor2D, shape),
    };
  })(x) as Tensor2D;

/** Kernel and bias of a dense layer. */
export const denseWeights = ({ name, from, to }: LayerShape): WeightSpec[] => [
  {
    name: `${name}/kernel`,
    shape: [from, to],
    start: { normal: 1 / Math.sqrt(3 * from) },
    decay: true,
  },
  { name: `${name}/bias`, shape: [to], start: 'zeros' },
];

/** x W + b. */
export const denseLayer = ({ weights }: Pass, name: string, x: Tensor2D): Tensor2D =>
  x.matMul(weights[`${name}/kernel`] as Tensor2D).add(weights[`${name}/bias`]!) as Tensor2D;

/** Logits of a cosine head are this times the cosine. */
export const HEAD_SCALE = 30;

/** HEAD_SCALE times the cosine between features and each column of the kernel. */
export function cosineHead({ weights }: Pass, name: string, x: Tensor2D): Tensor2D {
  const kernel = weights[`${name}/kernel`] as Tensor2D;
  const unit = (v: Tensor2D, axis: 0 | 1) =>
    v.div(v.square().sum(axis, true).add(1e-12).sqrt()) as Tensor2D;
  return unit(x, 1).matMul(unit(kernel, 0)).mul(HEAD_SCALE) as Tensor2D;
}
