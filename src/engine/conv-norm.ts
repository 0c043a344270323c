import { type Kernels, kernels } from './kernels.ts';
import { native } from './operation.ts';
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

/** What the gradient needs of a pass: its inputs, the maps, and what the normalisation kept. */
type Kept = [
  input: Tensor,
  kernel: Tensor,
  gain: Tensor,
  offset: Tensor,
  maps: Tensor,
  ...rest: Tensor[],
];

interface Normalised {
  value: Tensor;
  statistics: NormStatistics;
  /** What `gradient` needs beside the maps. */
  rest: Tensor[];
}

/** One way to normalise maps, and the gradients in maps, gain and offset. */
interface Normalisation {
  run(maps: Tensor, gain: Tensor, offset: Tensor, options: ConvNormOptions): Normalised;
  gradient(upstream: Tensor, kept: Kept, options: ConvNormOptions): Tensor[];
}

/** By TensorFlow's kernels. */
const stock: Normalisation = {
  run(maps, gain, offset, { statistics, relu, stride }) {
    const engine = native();
    const attributes = attributesOf(stride);
    const [y, mean, variance, ...reserves] = engine.executeMultipleOutputs(
      'FusedBatchNormV3',
      attributes.norm,
      [maps, gain, offset, statistics.mean, statistics.variance],
      6,
    ) as [Tensor, Tensor1D, Tensor1D, ...Tensor[]];
    const value = relu ? engine.executeSingleOutput('Relu', attributes.relu, [y]) : y;
    return { value, statistics: { mean, variance }, rest: [value, ...reserves] };
  },
  gradient(upstream, [, , gain, , maps, value, ...reserves], { relu, stride }) {
    const engine = native();
    const attributes = attributesOf(stride);
    const dy = relu
      ? engine.executeSingleOutput('ReluGrad', attributes.relu, [upstream, value!])
      : upstream;
    const inputs = [dy, maps, gain, ...reserves];
    return engine
      .executeMultipleOutputs('FusedBatchNormGradV3', attributes.normGradient, inputs, 5)
      .slice(0, 3);
  },
};

const settingsOf = ({ relu }: ConvNormOptions): Tensor1D =>
  tf.tensor1d([NORM_EPSILON, MOMENTUM, relu ? 1 : 0]);

/** By the fused kernels. */
const fused = (run: Kernels): Normalisation => ({
  run(maps, gain, offset, options) {
    const { mean, variance } = options.statistics;
    const inputs = [maps, gain, offset, mean, variance, settingsOf(options)];
    const [value, newMean, newVariance, moments] = run('CbedNormalise', inputs, 4);
    const statistics = { mean: newMean as Tensor1D, variance: newVariance as Tensor1D };
    return { value: value!, statistics, rest: [moments!] };
  },
  gradient(upstream, [, , gain, offset, maps, moments], options) {
    const inputs = [upstream, maps, gain, offset, moments!, settingsOf(options)];
    return run('CbedNormaliseGrad', inputs, 3);
  },
});

const normalisation = (): Normalisation => {
  const run = kernels();
  return run ? fused(run) : stock;
};

function forward(
  [input, kernel, gain, offset]: readonly Tensor[],
  options: ConvNormOptions,
): { value: Tensor; kept: Kept } {
  const { convolution } = attributesOf(options.stride);
  const maps = native().executeSingleOutput('Conv2D', convolution, [input!, kernel!]);
  const { value, statistics, rest } = normalisation().run(maps, gain!, offset!, options);
  options.sink(statistics);
  return { value, kept: [input!, kernel!, gain!, offset!, maps, ...rest] };
}

/** Gradients in input (unless it is not wanted), kernel, gain and offset. */
function backward(upstream: Tensor, kept: Kept, options: ConvNormOptions): Tensor[] {
  const [input, kernel] = kept;
  const engine = native();
  const { convolution } = attributesOf(options.stride);
  const [dMaps, dGain, dOffset] = normalisation().gradient(upstream, kept, options) as [
    Tensor,
    Tensor,
    Tensor,
  ];
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
    const { value, kept } = forward((withInput ? args : [x, ...args]) as Tensor[], options);
    save(kept);
    const gradFunc = (upstream: Tensor, saved: Tensor[]) =>
      backward(upstream, saved as Kept, options);
    return { value, gradFunc: gradFunc as never };
  });
  return operation(...(withInput ? [x] : []), kernel, gain, offset) as Tensor4D;
}

/**
 * The normalisation alone: each channel of NHWC `maps` by its own mean and variance, times `gain` plus `offset` (channels), with max(., 0) where `relu`. Differentiable
 * once.
 */
export function normalised(
  maps: Tensor4D,
  weights: { gain: Tensor1D; offset: Tensor1D },
  relu: boolean,
): Tensor4D {
  const none = { mean: tf.zeros([weights.gain.size]), variance: tf.ones([weights.gain.size]) };
  const statistics = none as unknown as NormStatistics;
  const options: ConvNormOptions = { stride: 1, relu, statistics, sink: () => {} };
  const operation = tf.customGrad((...args: unknown[]) => {
    const save = args.pop() as (tensors: Tensor[]) => void;
    const [x, gain, offset] = args as [Tensor, Tensor, Tensor];
    const { value, rest } = normalisation().run(x, gain, offset, options);
    // In the order of `Kept`; there is no kernel.
    save([x, gain, gain, offset, x, ...rest]);
    const gradFunc = (upstream: Tensor, saved: Tensor[]) =>
      normalisation().gradient(upstream, saved as Kept, options);
    return { value, gradFunc: gradFunc as never };
  });
  return operation(maps, weights.gain, weights.offset) as Tensor4D;
}
