import { type Kernels, kernels } from '../../src/engine/kernels.ts';
import { type OperationAttributes, runOperation } from '../../src/engine/operation.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';

type GradientOf<T> = (upstream: Tensor, saved: Tensor[]) => T;
export type Saved = (tensors: Tensor[]) => void;

/** An operation with its own gradient; `body` gives the value and the gradient of each input. */
export const custom = <T extends Tensor>(
  body: (...inputs: unknown[]) => { value: Tensor; gradFunc: GradientOf<Tensor | Tensor[]> },
): ((...inputs: Tensor[]) => T) => tf.customGrad(body as never) as never;

const kernel = <T extends Tensor>(
  name: string,
  inputs: Tensor[],
  attributes: Omit<OperationAttributes, 'types'> = {},
): T => runOperation(name, inputs, { types: { T: 'float' }, ...attributes }) as T;

const LEAK = 0.2;

/** Slope of the leaky ReLU at `x` times `upstream`; linear in `upstream`, so again differentiable. */
const leakySlope = (upstream: Tensor, x: Tensor): Tensor =>
  custom((given) => ({
    value: kernel('LeakyReluGrad', [given as Tensor, x], { floats: { alpha: LEAK } }),
    gradFunc: (again) => leakySlope(again, x),
  }))(upstream);

/**
 * max(x, 0.2 x) by TensorFlow's kernel. Its gradient may be differentiated again, exactly (the
 * slope is constant almost everywhere); the engine's own leaky ReLU throws there.
 */
export const leakyRelu = <T extends Tensor>(x: T): T => leaky(x) as T;

const leaky = custom<Tensor>((...inputs) => {
  const [x, save] = inputs as [Tensor, Saved];
  save([x]);
  return {
    value: kernel('LeakyRelu', [x], { floats: { alpha: LEAK } }),
    gradFunc: (upstream, [input]) => leakySlope(upstream, input!),
  };
});

/** a b, with either transposed; its gradients are products again, to any order. */
function product(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor2D {
  return custom<Tensor2D>((...inputs) => {
    const [left, right, save] = inputs as [Tensor, Tensor, Saved];
    save([left, right]);
    const flags = { transpose_a: transposeA, transpose_b: transposeB };
    return {
      value: kernel('MatMul', [left, right], { flags }),
      gradFunc: (upstream, [l, r]) => [
        transposeA
          ? product(r!, upstream, transposeB, true)
          : product(upstream, r!, false, !transposeB),
        transposeB
          ? product(upstream, l!, true, transposeA)
          : product(l!, upstream, !transposeA, false),
      ],
    };
  })(a, b);
}

/** x (B, inputs) times kernel (inputs, outputs). */
export const project = (x: Tensor2D, kernelWeights: Tensor2D): Tensor2D =>
  product(x, kernelWeights);

/** x + bias (outputs); its gradient is a sum over the batch. */
const biased = custom<Tensor2D>((...inputs) => {
  const [x, bias] = inputs as [Tensor2D, Tensor1D];
  return {
    value: kernel('BiasAdd', [x, bias]),
    gradFunc: (upstream) => [upstream, upstream.sum(0)],
  };
});

/** x W + b. */
export const dense = (x: Tensor2D, weights: Tensor2D, bias: Tensor1D): Tensor2D =>
  biased(product(x, weights), bias);

/** x (..., C) plus a number for each channel. */
export const withBias = <T extends Tensor>(x: T, bias: Tensor1D): T =>
  biased(x.reshape([-1, bias.size]), bias).reshape(x.shape);

const refuseAgain = (): never => {
  throw new Error('a leaky ReLU is differentiated again that was not asked for `twice`');
};

/** The leaky ReLU of x + bias in one pass each way; its gradient cannot be differentiated again. */
const biasedLeakyAtOnce = (run: Kernels) =>
  custom<Tensor>((...inputs) => {
    const [x, bias, save] = inputs as [Tensor, Tensor, Saved];
    const value = run('CbedBiasLeaky', [x, bias], 1)[0]!;
    save([value]);
    return {
      value,
      gradFunc: (upstream, [y]) => {
        const [dx, dBias] = run('CbedLeakyGrad', [upstream, y!], 2) as [Tensor, Tensor];
        // A gradient of this gradient would silently be taken as zero.
        const once = custom(() => ({ value: dx, gradFunc: refuseAgain }));
        return [once(upstream), dBias];
      },
    };
  });

/**
 * The leaky ReLU of x (..., C) + bias (C). With `twice` its gradient may be differentiated again,
 * exactly; otherwise that is an error.
 */
export function biasedLeaky<T extends Tensor>(x: T, bias: Tensor1D, twice = false): T {
  const run = twice ? null : kernels();
  if (run) return biasedLeakyAtOnce(run)(x, bias) as T;
  return leakyRelu(withBias(x, bias));
}

const NORM_EPSILON = 1e-5;

/**
 * Layer normalisation (Ba et al. 2016) of rows, with the gradient written out:
 * dx = (g - mean g - y mean(g y)) / sigma with g = gain dy and y the normalised rows.
 */
export const layerNorm = custom<Tensor2D>((...inputs) => {
  const [x, gain, shift, save] = inputs as [Tensor2D, Tensor1D, Tensor1D, Saved];
  const centred = x.sub(x.mean(1, true));
  const rate = centred.square().mean(1, true).add(NORM_EPSILON).rsqrt();
  const normal = centred.mul(rate);
  save([normal, rate, gain]);
  return {
    value: normal.mul(gain).add(shift),
    gradFunc: (upstream, saved) => {
      const [y, r, scale] = saved as [Tensor2D, Tensor2D, Tensor1D];
      const g = upstream.mul(scale);
      const along = g.mul(y).mean(1, true);
      const dx = g.sub(g.mean(1, true)).sub(y.mul(along)).mul(r);
      return [dx, upstream.mul(y).sum(0), upstream.sum(0)];
    },
  };
});
