import type { Stream } from '../../src/common/stream.ts';
import { type Kernels, kernels } from '../../src/engine/kernels.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { ParameterLayout, type Weights } from '../../src/engine/parameters.ts';
import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { custom, project, type Saved } from '../training/layers.ts';

/** The kernels of a layout: what spectral normalisation applies to. */
const kernelsOf = (layout: ParameterLayout) =>
  layout.specs.filter(({ name }) => name.endsWith('/kernel'));

/** A kernel as a matrix (inputs, outputs). */
const matrix = (kernel: Tensor): Tensor2D => kernel.reshape([-1, kernel.shape.at(-1)!]) as Tensor2D;

const unit = (x: Tensor): Tensor2D => x.div(x.square().sum().add(1e-12).sqrt()) as Tensor2D;

/** Where the singular vectors on the output side stand in one flat vector; normal at the start. */
export const spectralLayout = (layout: ParameterLayout): ParameterLayout =>
  new ParameterLayout(
    kernelsOf(layout).map(({ name, shape }) => ({
      name,
      shape: [shape.at(-1)!, 1],
      start: { normal: 1 },
    })),
  );

/** Singular vectors of every kernel by name: `left` (inputs, 1) and `right` (outputs, 1). */
export type Singular = {
  left: Weights;
  right: Weights;
};

function iterated(kernel: Tensor, u: Tensor2D): [left: Tensor, right: Tensor] {
  const run = kernels();
  if (run) return run('CbedPower', [kernel, u], 2) as [Tensor, Tensor];
  const w = matrix(kernel);
  const left = unit(w.matMul(u));
  return [left, unit(w.matMul(left, true))];
}

/**
 * One power iteration for every kernel: v = W u / |W u|, u = W'v / |W'v|, from the flat vectors u.
 * Gives v and the new u; call inside `tf.tidy`. Not differentiated.
 */
export function powerIteration(layout: ParameterLayout, weights: Weights, u: Tensor1D): Singular {
  const before = spectralLayout(layout).unpack(u);
  const left: Weights = {};
  const right: Weights = {};
  for (const { name } of kernelsOf(layout)) {
    [left[name], right[name]] = iterated(weights[name]!, before[name] as Tensor2D);
  }
  return { left, right };
}

/** The flat vector of the singular vectors on the output side. */
export const flatRight = (layout: ParameterLayout, { right }: Singular): Tensor1D =>
  tf.concat(kernelsOf(layout).map(({ name }) => right[name]!.reshape([-1]))) as Tensor1D;

/** v'W u: the largest singular value, once the iteration has settled. */
const sigma = (kernel: Tensor, left: Tensor2D, right: Tensor2D): Scalar =>
  project(matrix(kernel), right).mul(left).sum();

/** A kernel over its largest singular value, by the fused kernels. */
const dividedAtOnce = (run: Kernels, left: Tensor, right: Tensor) =>
  custom<Tensor>((...inputs) => {
    const [kernel, save] = inputs as [Tensor, Saved];
    const [value, largest] = run('CbedSpectral', [kernel, left, right], 2) as [Tensor, Tensor];
    save([value, left, right, largest]);
    return {
      value,
      gradFunc: (upstream, saved) => run('CbedSpectralGrad', [upstream, ...saved], 1),
    };
  });

function divided(kernel: Tensor, left: Tensor2D, right: Tensor2D): Tensor {
  const run = kernels();
  return run ? dividedAtOnce(run, left, right)(kernel) : kernel.div(sigma(kernel, left, right));
}

/**
 * Weights with every kernel divided by its largest singular value (Miyato et al. 2018), the
 * singular vectors taken as constants; differentiable in the weights.
 */
export function spectrallyNormalised(weights: Weights, { left, right }: Singular): Weights {
  const normal = Object.keys(left).map((name) => [
    name,
    divided(weights[name]!, left[name] as Tensor2D, right[name] as Tensor2D),
  ]);
  return { ...weights, ...Object.fromEntries(normal) };
}

/** The singular vectors of a discriminator in training. Free them with `dispose`. */
export class SpectralNorm {
  private readonly layout: ParameterLayout;
  private vectors: Tensor1D;

  constructor(layout: ParameterLayout, stream: Stream) {
    this.layout = layout;
    this.vectors = tf.tensor1d(spectralLayout(layout).initial(stream));
  }

  /** The vectors after one more iteration on flat weights, the caller's; kept for the next step. */
  iterated(flat: Tensor1D): Singular {
    return tf.tidy(() => {
      const next = powerIteration(this.layout, this.layout.named(flat), this.vectors);
      const right = tf.keep(flatRight(this.layout, next));
      this.vectors.dispose();
      this.vectors = right;
      return next;
    });
  }

  /** Flat weights with normalised kernels; nothing is kept. */
  normalised(flat: Tensor1D): Float32Array {
    return numbersOf(() => {
      const weights = this.layout.named(flat);
      const normal = spectrallyNormalised(
        weights,
        powerIteration(this.layout, weights, this.vectors),
      );
      return tf.concat(this.layout.specs.map(({ name }) => normal[name]!.reshape([-1])));
    });
  }

  state(): Float32Array {
    return this.vectors.dataSync() as Float32Array;
  }

  restore(state: Float32Array): void {
    this.vectors.dispose();
    this.vectors = tf.tensor1d(state);
  }

  dispose(): void {
    this.vectors.dispose();
  }
}
