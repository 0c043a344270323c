import type { Kernels } from '../../src/engine/kernels.ts';
import type { Weights } from '../../src/engine/parameters.ts';
import { type Tensor, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { GROUP } from './batches.ts';
import { product } from './products.ts';

/** A batch as the discriminator sees it. */
export interface Seen {
  /** Vectors with noise, then how far the batch spreads: (B, vector + 1). */
  seen: Tensor;
  /** Slope of the spread at each number, (B, vector). */
  pull: Tensor;
}

/** What a pass through the discriminator leaves for the way back. */
export interface DiscriminatorPass {
  weights: Weights;
  codes: Tensor2D;
  seen: Tensor;
  /** Outputs of the hidden layers. */
  first: Tensor;
  second: Tensor;
  /** What the features of a row are multiplied with, (B, hidden). */
  direction: Tensor;
  scores: Float32Array;
}

function hidden(run: Kernels, weights: Weights, x: Tensor, name: string): Tensor {
  const inputs = [product(x, weights[`${name}/kernel`]!), weights[`${name}/bias`]!];
  return run('CbedBiasLeaky', inputs, 1)[0]!;
}

/** The discriminator of `networks.ts` on batches that are seen under the same codes (B, code). */
export function discriminatorPass(
  run: Kernels,
  weights: Weights,
  { seen, codes }: { seen: Tensor; codes: Tensor2D },
): DiscriminatorPass {
  const first = hidden(run, weights, seen, 'first');
  const second = hidden(run, weights, first, 'second');
  const projection = product(codes, weights['class/projection']!);
  const inputs = [second, projection, weights['out/kernel']!, weights['out/bias']!];
  const [scores, direction] = run('CbedScores', inputs, 2);
  return {
    weights,
    codes,
    seen,
    first,
    second,
    direction: direction!,
    scores: scores!.dataSync() as Float32Array,
  };
}

/** Gradient before and after the slope of a leaky ReLU with output y, and in its bias. */
function throughLeaky(run: Kernels, dy: Tensor, y: Tensor): { dx: Tensor; bias: Tensor } {
  const [dx, bias] = run('CbedLeakyGrad', [dy, y], 2);
  return { dx: dx!, bias: bias! };
}

/** Gradients of scores, given (batches x B), on their way down to what was seen. */
export interface Descending {
  /** In the direction, (B, hidden). */
  direction: Tensor;
  /** In the products of input and kernel of both layers, and in their biases. */
  second: { dx: Tensor; bias: Tensor };
  first: { dx: Tensor; bias: Tensor };
}

export function descending(
  run: Kernels,
  pass: DiscriminatorPass,
  dScores: Float32Array,
): Descending {
  const inputs = [tf.tensor1d(dScores), pass.second, pass.direction];
  const [features, direction] = run('CbedScoresGrad', inputs, 2);
  const second = throughLeaky(run, features!, pass.second);
  const back = product(second.dx, pass.weights['second/kernel']!, 'right');
  return { direction: direction!, second, first: throughLeaky(run, back, pass.first) };
}

/** Gradient in what was seen. */
export const seenSlope = ({ weights }: DiscriminatorPass, { first }: Descending): Tensor =>
  product(first.dx, weights['first/kernel']!, 'right');

/** The part of the gradients that the penalty adds to. */
export interface Slopes {
  direction: Tensor;
  'first/kernel': Tensor;
  'second/kernel': Tensor;
}

export const kernelSlopes = (pass: DiscriminatorPass, down: Descending): Slopes => ({
  direction: down.direction,
  'first/kernel': product(pass.seen, down.first.dx, 'left'),
  'second/kernel': product(pass.first, down.second.dx, 'left'),
});

/** All weights' gradients by name. */
export function discriminatorSlopes(
  run: Kernels,
  { pass, down, slopes }: { pass: DiscriminatorPass; down: Descending; slopes: Slopes },
  dScores: Float32Array,
): Weights {
  const { direction, ...kernels } = slopes;
  const [projection, out] = run('CbedDirectionGrad', [direction], 2);
  return {
    ...kernels,
    'class/projection': product(pass.codes, projection!, 'left'),
    'first/bias': down.first.bias,
    'second/bias': down.second.bias,
    'out/kernel': out!,
    'out/bias': tf.scalar(dScores.reduce((a, b) => a + b, 0)),
  };
}

/**
 * R1 at real vectors, gamma / 2 E |grad_x D|^2, and its gradient added to the slopes. Between the
 * kinks of the leaky ReLUs the slope of a score is a product of matrices, linear in each of them:
 * down with s_2 = m_2 direction, s_1 = m_1 (s_2 W_2^T), s_0 = s_1 W_1^T, where m are the slopes of
 * the ReLUs; and the gradient of its square goes up again through the same matrices.
 */
export function addPenalty(
  run: Kernels,
  { pass, pull, gamma }: { pass: DiscriminatorPass; pull: Tensor; gamma: number },
  slopes: Slopes,
): { penalty: number; slopes: Slopes } {
  const [count] = pull.shape as [number];
  const part = (y: Tensor) => tf.slice(y, [0, 0], [count, y.shape[1]!]);
  const [first, second] = [part(pass.first), part(pass.second)];
  const [w1, w2] = [pass.weights['first/kernel']!, pass.weights['second/kernel']!];
  const s2 = throughLeaky(run, pass.direction, second).dx;
  const s1 = throughLeaky(run, product(s2, w2, 'right'), first).dx;
  const [slope] = run('CbedSeeGrad', [product(s1, w1, 'right'), pull, tf.scalar(GROUP)], 2);
  const [penalty, up0] = run(
    'CbedPenalty',
    [slope!, pull, tf.scalar(gamma / count), tf.scalar(GROUP)],
    2,
  );
  const up1 = throughLeaky(run, product(up0!, w1), first).dx;
  const up2 = throughLeaky(run, product(up1, w2), second).dx;
  return {
    penalty: penalty!.dataSync()[0]!,
    slopes: {
      direction: slopes.direction.add(up2),
      'first/kernel': slopes['first/kernel'].add(product(up0!, s1, 'left')),
      'second/kernel': slopes['second/kernel'].add(product(up1, s2, 'left')),
    },
  };
}
