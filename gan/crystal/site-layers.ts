import { type Kernels, kernels } from '../../src/engine/kernels.ts';
import type { Weights } from '../../src/engine/parameters.ts';
import {
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tf,
} from '../../src/engine/tf.ts';
import { groupSpread } from '../codec/networks.ts';
import { GROUP } from '../training/batches.ts';
import { biasedLeaky, customMany, fusedOperation, project } from '../training/layers.ts';

/** A kernel of the weights of a layer. */
export const kernelOf = (weights: Weights, name: string): Tensor2D =>
  weights[`${name}/kernel`] as Tensor2D;

export const biasOf = (weights: Weights, name: string): Tensor1D =>
  weights[`${name}/bias`] as Tensor1D;

/** What a layer has to be ready for. */
export interface LayerUse {
  /** Its gradient may be differentiated again. */
  twice?: boolean;
  /** Its rows come from outside: nothing is differentiated in them. */
  outermost?: boolean;
  /** Its weights are not learned: nothing is differentiated in them. */
  resting?: boolean;
}

/** A dense layer with a leaky ReLU. */
export function denseLeaky(
  x: Tensor2D,
  weights: Weights,
  name: string,
  use: LayerUse = {},
): Tensor2D {
  const run = use.twice ? null : kernels();
  if (run) return fusedDense(run, { x, weights, name, use });
  return biasedLeaky(project(x, kernelOf(weights, name)), biasOf(weights, name), true);
}

/** A dense layer with a leaky ReLU over rows (B n, a), each beside the row (B, b) of its crystal. */
export function layerOverRows(
  x: Tensor2D,
  each: Tensor2D,
  weights: Weights,
  name: string,
  use: LayerUse = {},
): Tensor2D {
  const run = use.twice ? null : kernels();
  if (run) return fusedDense(run, { x, each, weights, name, use });
  const [b, width] = each.shape;
  const n = x.shape[0] / b;
  const given = each
    .reshape([b, 1, width])
    .tile([1, n, 1])
    .reshape([b * n, width]);
  return denseLeaky(tf.concat([x, given as Tensor2D], 1), weights, name, use);
}

/** Rows of one crystal share the product of what stands beside them: it is computed once. */
function fusedDense(
  run: Kernels,
  given: { x: Tensor2D; each?: Tensor2D; weights: Weights; name: string; use: LayerUse },
): Tensor2D {
  const { x, each, weights, name, use } = given;
  const [kernel, bias] = [kernelOf(weights, name), biasOf(weights, name)];
  const beside = (): Tensor => each ?? tf.zeros([0, 0]);
  const inputs = each ? [x, each, kernel, bias] : [x, kernel, bias];
  const [value] = fusedOperation(inputs, {
    forward: (save) => {
      const outputs = run('CbedDense', [x, beside(), kernel, bias], 1);
      save([outputs[0]!, ...inputs.slice(0, -1)]);
      return outputs;
    },
    backward: ([upstream], [y, rows, ...rest]) => {
      const wanted = tf.tensor1d([use.outermost ? 0 : 1, use.resting ? 0 : 1]);
      const [crystals, k] = each ? rest : [beside(), ...rest];
      const slopes = run('CbedDenseGrad', [upstream!, y!, rows!, crystals!, k!, wanted], 4);
      return each ? slopes : slopes.filter((_, i) => i !== 1);
    },
  });
  return value as Tensor2D;
}

/** The mean over the sites that there are of rows (B S, n), then a quarter of their sum: (B, 2 n). */
export function poolSites(x: Tensor2D, mask: Tensor3D): Tensor2D {
  const run = kernels();
  if (run) return fusedPool(run, x, mask);
  const [b, s] = mask.shape;
  const sum = x.reshape([b, s, x.shape[1]]).mul(mask).sum(1);
  return tf.concat([sum.div(mask.sum(1)), sum.div(4)], 1) as Tensor2D;
}

/** Linear, so that it and its transpose are each other's gradient, to any order. */
const fusedPool = (run: Kernels, x: Tensor2D, mask: Tensor3D): Tensor2D =>
  customMany([x], {
    forward: (save) => {
      save([mask]);
      return run('CbedPoolSites', [x, mask], 1);
    },
    backward: ([upstream], [m]) => [fusedPoolTranspose(run, upstream as Tensor2D, m as Tensor3D)],
  })[0] as Tensor2D;

const fusedPoolTranspose = (run: Kernels, dy: Tensor2D, mask: Tensor3D): Tensor2D =>
  customMany([dy], {
    forward: (save) => {
      save([mask]);
      return run('CbedPoolSitesGrad', [dy, mask], 1);
    },
    backward: ([again], [m]) => [fusedPool(run, again as Tensor2D, m as Tensor3D)],
  })[0] as Tensor2D;

/** Means of rows of sites (B S, n) over those that stand in each slot (B, S, K): (B K, n). */
export function slotMeans(x: Tensor2D, slots: Tensor3D): Tensor2D {
  const run = kernels();
  const [b, s, k] = slots.shape;
  if (!run) {
    const members = slots.sum(1).maximum(1).reshape([b, k, 1]);
    const sums = tf.matMul(slots, x.reshape([b, s, x.shape[1]]) as Tensor3D, true, false);
    return sums.div(members).reshape([b * k, x.shape[1]]) as Tensor2D;
  }
  const [value] = fusedOperation([x], {
    forward: () => run('CbedSlotMeans', [x, slots], 1),
    backward: ([upstream]) => run('CbedSlotMeansGrad', [upstream!, slots], 1),
  });
  return value as Tensor2D;
}

/** Rows (B, n) with how far their group spreads as one more number. Its gradient may be differentiated again. */
export function withGroupSpread(x: Tensor2D): Tensor2D {
  const run = kernels();
  if (!run) return tf.concat([x, groupSpread(x)], 1) as Tensor2D;
  const [value] = customMany([x], {
    forward: (save) => {
      save([x]);
      return run('CbedWithSpread', [x, tf.scalar(GROUP)], 1);
    },
    backward: ([upstream], [rows]) => [
      fusedSpreadSlope(run, upstream as Tensor2D, rows as Tensor2D),
    ],
  });
  return value as Tensor2D;
}

const fusedSpreadSlope = (run: Kernels, dy: Tensor2D, x: Tensor2D): Tensor2D =>
  fusedOperation([dy, x], {
    forward: (save) => {
      save([dy, x]);
      return run('CbedWithSpreadGrad', [dy, x, tf.scalar(GROUP)], 1);
    },
    backward: ([again], [upstream, rows]) =>
      run('CbedWithSpreadTwice', [again!, upstream!, rows!, tf.scalar(GROUP)], 2),
  })[0] as Tensor2D;
