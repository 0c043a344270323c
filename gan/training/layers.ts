import { type Kernels, kernels } from '../../src/engine/kernels.ts';
import { type OperationAttributes, runOperation } from '../../src/engine/operation.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';

type GradientOf<T> = (upstream: Tensor, saved: Tensor[]) => T;
export type Saved = (tensors: Tensor[]) => void;

/** An operation with its own gradient; `body` gives the value and the gradient of each input. */
export const custom = <T extends Tensor>(
  body: (...inputs: unknown[]) => { value: Tensor; gradFunc: GradientOf<Tensor | Tensor[]> },
): ((...inputs: Tensor[]) => T) => tf.customGrad(body as never) as never;

/** What an operation of several outputs computes, and its gradients. */
interface Passes {
  forward: (save: Saved) => Tensor[];
  /** A gradient for each input from those of the outputs; a function where computing it may be spared. */
  backward: (upstreams: Tensor[], saved: Tensor[]) => (Tensor | (() => Tensor))[];
}

interface GradientEngine {
  runKernelFunc(operation: {
    inputs: Record<string, Tensor>;
    forwardFunc: (backend: unknown, save: Saved) => Tensor[];
    backwardsFunc: (dy: Tensor | Tensor[], saved: Tensor[]) => Record<string, () => Tensor>;
  }): Tensor[];
}

/**
 * An operation with its own gradients, like `custom`, of any number of outputs. A gradient given as a function
 * is computed only where it leads to what is differentiated: weights of a network that rests cost nothing.
 */
export function customMany(inputs: readonly Tensor[], { forward, backward }: Passes): Tensor[] {
  return (tf.engine() as unknown as GradientEngine).runKernelFunc({
    inputs: { ...inputs } as unknown as Record<string, Tensor>,
    forwardFunc: (_, save) => forward(save),
    backwardsFunc: (dy, saved) => {
      const slopes = backward(Array.isArray(dy) ? dy : [dy], saved);
      return Object.fromEntries(
        slopes.map((slope, i) => [i, slope instanceof tf.Tensor ? () => slope : slope]),
      );
    },
  });
}

const refuseAgain = (): never => {
  throw new Error(
    'a gradient of fused kernels is differentiated again that was not asked for `twice`',
  );
};

/**
 * `customMany` on fused kernels whose gradients cannot be differentiated again: that is an error, where it
 * would silently be taken as zero.
 */
export const fusedOperation = (
  inputs: readonly Tensor[],
  { forward, backward }: { forward: Passes['forward']; backward: OnePass },
): Tensor[] =>
  customMany(inputs, {
    forward,
    backward: (upstreams, saved) => {
      const slopes = backward(upstreams, saved);
      // They depend on what was saved as well as on the upstream gradients.
      const inputs = [...upstreams, ...saved];
      return customMany(inputs, { forward: () => slopes, backward: refuseAgain });
    },
  });

type OnePass = (upstreams: Tensor[], saved: Tensor[]) => Tensor[];

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
  const [value] = customMany([a, b], {
    forward: (save) => {
      save([a, b]);
      const flags = { transpose_a: transposeA, transpose_b: transposeB };
      return [kernel('MatMul', [a, b], { flags })];
    },
    backward: ([upstream], [l, r]) => [
      () =>
        transposeA
          ? product(r!, upstream!, transposeB, true)
          : product(upstream!, r!, false, !transposeB),
      () =>
        transposeB
          ? product(upstream!, l!, true, transposeA)
          : product(l!, upstream!, !transposeA, false),
    ],
  });
  return value as Tensor2D;
}

/** x (B, inputs) times kernel (inputs, outputs). */
export const project = (x: Tensor2D, kernelWeights: Tensor2D): Tensor2D =>
  product(x, kernelWeights);

/** x + bias (outputs); its gradient is a sum over the batch. */
const biased = (x: Tensor2D, bias: Tensor1D): Tensor2D =>
  customMany([x, bias], {
    forward: () => [kernel('BiasAdd', [x, bias])],
    backward: ([upstream]) => [upstream!, () => upstream!.sum(0)],
  })[0] as Tensor2D;

/** x W + b. */
export const dense = (x: Tensor2D, weights: Tensor2D, bias: Tensor1D): Tensor2D =>
  biased(product(x, weights), bias);

/** x (..., C) plus a number for each channel. */
export const withBias = <T extends Tensor>(x: T, bias: Tensor1D): T =>
  x.rank === 2
    ? (biased(x as Tensor as Tensor2D, bias) as Tensor as T)
    : biased(x.reshape([-1, bias.size]), bias).reshape(x.shape);

/** The leaky ReLU of x + bias in one pass each way. */
const biasedLeakyAtOnce = (run: Kernels, x: Tensor, bias: Tensor1D): Tensor =>
  fusedOperation([x, bias], {
    forward: (save) => {
      const outputs = run('CbedBiasLeaky', [x, bias], 1);
      save(outputs);
      return outputs;
    },
    backward: ([upstream], [y]) => run('CbedLeakyGrad', [upstream!, y!], 2),
  })[0]!;

/**
 * The leaky ReLU of x (..., C) + bias (C). With `twice` its gradient may be differentiated again,
 * exactly; otherwise that is an error.
 */
export function biasedLeaky<T extends Tensor>(x: T, bias: Tensor1D, twice = false): T {
  const run = twice ? null : kernels();
  if (run) return biasedLeakyAtOnce(run, x, bias) as T;
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
