import { native } from './complex.ts';
import { type Tensor1D, type Tensor4D, tf } from './tf.ts';

/** Gain, offset and running statistics of one batch normalisation, all (channels). */
export interface NormWeights {
  gain: Tensor1D;
  offset: Tensor1D;
  mean: Tensor1D;
  variance: Tensor1D;
}

/** Receives the running statistics after a training pass; the receiver owns the tensors. */
export type StatisticsSink = (mean: Tensor1D, variance: Tensor1D) => void;

export interface NormOptions {
  /** Present in training: normalise with the batch's own statistics and report the running ones. */
  sink?: StatisticsSink;
  /** Share of the batch in the new running statistics. */
  momentum?: number;
  epsilon?: number;
}

const attributes = (epsilon: number, training: boolean, share: number) => {
  const { binding } = native();
  return [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'U', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: epsilon },
    { name: 'exponential_avg_factor', type: binding.TF_ATTR_FLOAT, value: share },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: training },
  ];
};

/**
 * Batch normalisation (Ioffe and Szegedy 2015) of NHWC maps by TensorFlow's fused kernels, forward
 * and backward: one operation each where the composed form takes a dozen. Differentiable once in
 * input, gain and offset; a second derivative is not defined.
 *
 * In training the variance that joins the running one is the unbiased one, as in PyTorch.
 */
export function batchNorm(x: Tensor4D, weights: NormWeights, options: NormOptions = {}): Tensor4D {
  const { sink, momentum = 0.1, epsilon = 1e-5 } = options;
  const training = sink !== undefined;
  const normalise = tf.customGrad((input, gain, offset, save) => {
    const [y, mean, variance, reserve1, reserve2, reserve3] = native().executeMultipleOutputs(
      'FusedBatchNormV3',
      attributes(epsilon, training, training ? momentum : 1),
      [input as Tensor4D, gain as Tensor1D, offset as Tensor1D, weights.mean, weights.variance],
      6,
    );
    sink?.(mean as Tensor1D, variance as Tensor1D);
    (save as (tensors: unknown[]) => void)([input, gain, reserve1, reserve2, reserve3]);
    const gradFunc = (dy: unknown, saved: Tensor4D[]) => {
      const [x0, g0, r1, r2, r3] = saved;
      return native()
        .executeMultipleOutputs(
          'FusedBatchNormGradV3',
          attributes(epsilon, training, 1).filter(({ name }) => name !== 'exponential_avg_factor'),
          [dy as Tensor4D, x0!, g0!, r1!, r2!, r3!],
          5,
        )
        .slice(0, 3);
    };
    return { value: y as Tensor4D, gradFunc: gradFunc as never };
  });
  return normalise(x, weights.gain, weights.offset) as Tensor4D;
}
