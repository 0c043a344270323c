import { native } from './complex.ts';
import { type Tensor, type Tensor1D, type Tensor4D, tf } from './tf.ts';

/** Kernel (rows, columns, from, to) of a convolution, and gain and offset (to) of its normalisation. */
export interface ConvNormWeights {
  kernel: Tensor4D;
  gain: Tensor1D;
  offset: Tensor1D;
}

/** Running mean and variance (channels). */
export interface NormStatistics {
  mean: Tensor1D;
  variance: Tensor1D;
}

/** The variance that is added to a channel's own before its root is taken. */
export const NORM_EPSILON = 1e-5;

/** Share of the batch in the new running statistics. */
const MOMENTUM = 0.1;

export interface ConvNormOptions {
  stride: 1 | 2;
  /** Whether max(., 0) follows. */
  relu: boolean;
  /** Running statistics before this batch. */
  statistics: NormStatistics;
  /** Receives those after it; they are freed with the pass unless the receiver keeps them. */
  sink(statistics: NormStatistics): void;
  /** False where nothing before this layer wants a gradient: saves the costliest part of it. */
  inputGradient?: boolean;
}

interface Attribute {
  name: string;
  type: number;
  value: unknown;
}

/** Attributes of the kernels for a stride. */
function attributesOf(stride: number) {
  const { binding } = native();
  const attribute = (name: string, type: number, value: unknown): Attribute => ({
    name,
    type,
    value,
  });
  const type = (name: string) => attribute(name, binding.TF_ATTR_TYPE, binding.TF_FLOAT);
  const format = attribute('data_format', binding.TF_ATTR_STRING, 'NHWC');
  const norm = [
    type('T'),
    type('U'),
    attribute('epsilon', binding.TF_ATTR_FLOAT, NORM_EPSILON),
    format,
    attribute('is_training', binding.TF_ATTR_BOOL, true),
  ];
  return {
    convolution: [
      type('T'),
      attribute('strides', binding.TF_ATTR_INT, [1, stride, stride, 1]),
      attribute('padding', binding.TF_ATTR_STRING, 'SAME'),
      format,
    ],
    norm: [...norm, attribute('exponential_avg_factor', binding.TF_ATTR_FLOAT, MOMENTUM)],
    normGradient: norm,
    relu: [type('T')],
  };
}

const shapeTensor = (shape: readonly number[]): Tensor => tf.tensor1d([...shape], 'int32');

type Saved = [
  input: Tensor,
  kernel: Tensor,
  gain: Tensor,
  maps: Tensor,
  value: Tensor,
  ...Tensor[],
];

function forward(
  [input, kernel, gain, offset]: readonly Tensor[],
  options: ConvNormOptions,
): { value: Tensor; saved: Saved } {
  const engine = native();
  const { mean, variance } = options.statistics;
  const attributes = attributesOf(options.stride);
  const maps = engine.executeSingleOutput('Conv2D', attributes.convolution, [input!, kernel!]);
  const [y, newMean, newVariance, ...reserves] = engine.executeMultipleOutputs(
    'FusedBatchNormV3',
    attributes.norm,
    [maps, gain!, offset!, mean, variance],
    6,
  );
  options.sink({ mean: newMean as Tensor1D, variance: newVariance as Tensor1D });
  const value = options.relu ? engine.executeSingleOutput('Relu', attributes.relu, [y!]) : y!;
  return { value, saved: [input!, kernel!, gain!, maps, value, ...reserves] };
}

/** Gradients in input (unless it is not wanted), kernel, gain and offset. */
function backward(upstream: Tensor, saved: Saved, options: ConvNormOptions): Tensor[] {
  const [input, kernel, gain, maps, value, ...reserves] = saved;
  const engine = native();
  const { convolution, normGradient, relu } = attributesOf(options.stride);
  const dy = options.relu
    ? engine.executeSingleOutput('ReluGrad', relu, [upstream, value])
    : upstream;
  const [dMaps, dGain, dOffset] = engine.executeMultipleOutputs(
    'FusedBatchNormGradV3',
    normGradient,
    [dy, maps, gain, ...reserves],
    5,
  ) as [Tensor, Tensor, Tensor];
  const dKernel = engine.executeSingleOutput('Conv2DBackpropFilter', convolution, [
    input,
    shapeTensor(kernel.shape),
    dMaps,
  ]);
  if (options.inputGradient === false) return [dKernel, dGain, dOffset];
  const dInput = engine.executeSingleOutput('Conv2DBackpropInput', convolution, [
    shapeTensor(input.shape),
    kernel,
    dMaps,
  ]);
  return [dInput, dKernel, dGain, dOffset];
}

/**
 * Convolution with zero padding, normalisation by the batch's own statistics (Ioffe and Szegedy
 * 2015) and ReLU of NHWC maps, for training: one differentiable operation of seven kernels forward
 * and backward, where the composed form takes some thirty. Differentiable once.
 *
 * The variance that joins the running one is the unbiased one, as in PyTorch.
 */
export function convNorm(
  x: Tensor4D,
  weights: ConvNormWeights,
  options: ConvNormOptions,
): Tensor4D {
  const { kernel, gain, offset } = weights;
  const withInput = options.inputGradient !== false;
  const operation = tf.customGrad((...args: unknown[]) => {
    const save = args.pop() as (tensors: Tensor[]) => void;
    const { value, saved } = forward((withInput ? args : [x, ...args]) as Tensor[], options);
    save(saved);
    const gradFunc = (upstream: Tensor, kept: Tensor[]) =>
      backward(upstream, kept as Saved, options);
    return { value, gradFunc: gradFunc as never };
  });
  return operation(...(withInput ? [x] : []), kernel, gain, offset) as Tensor4D;
}
