import { native } from './complex.ts';
import { type Tensor, type Tensor1D, type Tensor4D, tf } from './tf.ts';

/** Kernel (3, 3, from, to) of a convolution, and gain and offset (to) of its normalisation. */
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

/** Receives the running statistics after a training pass; the receiver keeps or loses them. */
export type StatisticsSink = (statistics: NormStatistics) => void;

export interface ConvNormOptions {
  stride: 1 | 2;
  /** Whether max(., 0) follows. */
  relu: boolean;
  statistics: NormStatistics;
  /** Present in training: the batch's own statistics normalise, and the running ones go here. */
  sink?: StatisticsSink;
  /** False where nothing before this layer wants a gradient: saves the costliest part of it. */
  inputGradient?: boolean;
  /** Share of the batch in the new running statistics. */
  momentum?: number;
  epsilon?: number;
}

type Attribute = { name: string; type: number; value: unknown };

/** Attributes of the kernels, made from what they share. */
function attributesOf(
  options: Required<Pick<ConvNormOptions, 'stride' | 'momentum' | 'epsilon'>> & {
    training: boolean;
  },
) {
  const { stride, momentum, epsilon, training } = options;
  const { binding } = native();
  const type = (name: string): Attribute => ({
    name,
    type: binding.TF_ATTR_TYPE,
    value: binding.TF_FLOAT,
  });
  const text = (name: string, value: string): Attribute => ({
    name,
    type: binding.TF_ATTR_STRING,
    value,
  });
  const number = (name: string, value: number): Attribute => ({
    name,
    type: binding.TF_ATTR_FLOAT,
    value,
  });
  const format = text('data_format', 'NHWC');
  const norm = [
    type('T'),
    type('U'),
    number('epsilon', epsilon),
    format,
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: training },
  ];
  return {
    convolution: [
      type('T'),
      { name: 'strides', type: binding.TF_ATTR_INT, value: [1, stride, stride, 1] },
      text('padding', 'SAME'),
      format,
    ],
    normGradient: norm,
    norm: [...norm, number('exponential_avg_factor', training ? momentum : 1)],
    relu: [type('T')],
  };
}

const shapeTensor = (shape: readonly number[]): Tensor => tf.tensor1d([...shape], 'int32');

/**
 * 3x3 convolution with zero padding, batch normalisation (Ioffe and Szegedy 2015) and ReLU of NHWC
 * maps as one differentiable operation on TensorFlow's own kernels: seven kernels forward and
 * backward, where the composed form takes some thirty. Differentiable once.
 *
 * In training the variance that joins the running one is the unbiased one, as in PyTorch.
 */
export function convNorm(
  x: Tensor4D,
  weights: ConvNormWeights,
  options: ConvNormOptions,
): Tensor4D {
  const { stride, relu, statistics, sink, inputGradient = true } = options;
  const { momentum = 0.1, epsilon = 1e-5 } = options;
  const attributes = attributesOf({ stride, momentum, epsilon, training: sink !== undefined });
  const { mean, variance } = statistics;

  const forward = (input: Tensor, kernel: Tensor, gain: Tensor, offset: Tensor) => {
    const engine = native();
    const maps = engine.executeSingleOutput('Conv2D', attributes.convolution, [input, kernel]);
    const [y, newMean, newVariance, ...reserves] = engine.executeMultipleOutputs(
      'FusedBatchNormV3',
      attributes.norm,
      [maps, gain, offset, mean, variance],
      6,
    );
    sink?.({ mean: newMean as Tensor1D, variance: newVariance as Tensor1D });
    const value = relu ? engine.executeSingleOutput('Relu', attributes.relu, [y!]) : y!;
    return { value, saved: [input, kernel, gain, maps, value, ...reserves] };
  };

  const backward = (upstream: Tensor, saved: Tensor[]): Tensor[] => {
    const [input, kernel, gain, maps, value, ...reserves] = saved as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const engine = native();
    const dy = relu
      ? engine.executeSingleOutput('ReluGrad', attributes.relu, [upstream, value])
      : upstream;
    const [dMaps, dGain, dOffset] = engine.executeMultipleOutputs(
      'FusedBatchNormGradV3',
      attributes.normGradient,
      [dy, maps, gain, ...reserves],
      5,
    );
    const dKernel = engine.executeSingleOutput('Conv2DBackpropFilter', attributes.convolution, [
      input,
      shapeTensor(kernel.shape),
      dMaps!,
    ]);
    if (!inputGradient) return [dKernel, dGain!, dOffset!];
    const dInput = engine.executeSingleOutput('Conv2DBackpropInput', attributes.convolution, [
      shapeTensor(input.shape),
      kernel,
      dMaps!,
    ]);
    return [dInput, dKernel, dGain!, dOffset!];
  };

  const { kernel, gain, offset } = weights;
  const operation = tf.customGrad((...args: unknown[]) => {
    const save = args.pop() as (tensors: Tensor[]) => void;
    const inputs = (inputGradient ? args : [x, ...args]) as [Tensor, Tensor, Tensor, Tensor];
    const { value, saved } = forward(...inputs);
    save(saved);
    return { value, gradFunc: backward as never };
  });
  const inputs: Tensor[] = [kernel, gain, offset];
  return operation(...(inputGradient ? [x, ...inputs] : inputs)) as Tensor4D;
}
