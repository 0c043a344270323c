import type { Stream } from '../common/stream.ts';
import { type Kernels, kernels } from './kernels.ts';
import { type Scalar, type Tensor, type Tensor1D, tf } from './tf.ts';

/** How one weight starts: zeros, ones, or normal with the given standard deviation. */
export type Start = 'zeros' | 'ones' | { normal: number };

/** One named weight of a network. */
export interface WeightSpec {
  name: string;
  shape: readonly number[];
  start: Start;
  /** Whether decoupled weight decay applies (kernels yes; biases, gains and embeddings no). */
  decay?: boolean;
}

/** Weights by name, as tensors: views of one flat vector. */
export type Weights = Record<string, Tensor>;

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * The weights of a network as one flat vector. One vector means one optimiser update, one
 * moving average, one checkpoint buffer, instead of a dozen operations a weight.
 */
export class ParameterLayout {
  readonly specs: readonly WeightSpec[];
  readonly sizes: readonly number[];
  /** Number of parameters. */
  readonly size: number;

  constructor(specs: readonly WeightSpec[]) {
    this.specs = specs;
    this.sizes = specs.map((spec) => sizeOf(spec.shape));
    this.size = this.sizes.reduce((a, b) => a + b, 0);
  }

  /** Where a weight stands in the flat vector: first index and the one after the last. */
  rangeOf(name: string): [from: number, to: number] {
    const index = this.specs.findIndex((spec) => spec.name === name);
    if (index < 0) throw new RangeError(`no weight named "${name}"`);
    const from = this.sizes.slice(0, index).reduce((a, b) => a + b, 0);
    return [from, from + this.sizes[index]!];
  }

  /** Starting values, drawn weight by weight from streams named after the weights. */
  initial(stream: Stream): Float32Array {
    const flat = new Float32Array(this.size);
    let at = 0;
    this.specs.forEach((spec, i) => {
      const size = this.sizes[i]!;
      if (spec.start === 'ones') flat.fill(1, at, at + size);
      else if (spec.start !== 'zeros') {
        flat.set(stream.split(spec.name).normals(size, spec.start.normal), at);
      }
      at += size;
    });
    return flat;
  }

  /** Named tensors cut from the flat vector; differentiable. Call inside `tf.tidy`. */
  unpack(flat: Tensor1D): Weights {
    const parts = this.specs.length === 1 ? [flat] : tf.split(flat, [...this.sizes]);
    return Object.fromEntries(
      this.specs.map((spec, i) => [
        spec.name,
        spec.shape.length === 1 ? parts[i]! : parts[i]!.reshape([...spec.shape]),
      ]),
    );
  }

  /** The same tensors by a fused kernel; not differentiable. Call inside `tf.tidy`. */
  cut(run: Kernels, flat: Tensor1D): Weights {
    const shapes = tf.tensor1d(this.specs.flatMap(({ shape }) => [shape.length, ...shape]));
    const count = this.specs.length;
    const parts = run('CbedCut', [flat, shapes], count, count);
    return Object.fromEntries(this.specs.map(({ name }, i) => [name, parts[i]!]));
  }

  /** The same tensors where nothing is differentiated: `cut`, or without kernels `unpack`. */
  named(flat: Tensor1D): Weights {
    const run = kernels();
    return run ? this.cut(run, flat) : this.unpack(flat);
  }

  /** The flat vector of named tensors, all of them: the inverse of `cut`. */
  join(run: Kernels, weights: Weights): Tensor1D {
    const parts = this.specs.map(({ name }) => weights[name]!);
    return run('CbedJoin', parts, 1, parts.length)[0] as Tensor1D;
  }

  /**
   * A loss of the named weights and its gradient in the flat vector; zero in weights that the loss
   * does not use. The caller disposes both.
   */
  slope(flat: Tensor1D, loss: (weights: Weights) => Scalar): { value: Scalar; gradient: Tensor1D } {
    return tf.tidy(() => {
      const run = kernels();
      if (!run) {
        const { value, grad } = tf.valueAndGrad((x) => loss(this.unpack(x as Tensor1D)))(flat);
        return { value: value as Scalar, gradient: grad as Tensor1D };
      }
      const cut = this.cut(run, flat);
      const names = Object.keys(cut);
      const { value, grads } = tf
        .engine()
        .gradients(() => loss(cut), Object.values(cut), undefined, true);
      const slopes = names.map((name, i) => [name, grads[i] ?? tf.zerosLike(cut[name]!)]);
      const gradient = this.join(run, Object.fromEntries(slopes));
      return { value: value as Scalar, gradient };
    });
  }

  /** 1 where weight decay applies, 0 elsewhere. */
  decayMask(): Float32Array {
    const mask = new Float32Array(this.size);
    let at = 0;
    this.specs.forEach((spec, i) => {
      if (spec.decay) mask.fill(1, at, at + this.sizes[i]!);
      at += this.sizes[i]!;
    });
    return mask;
  }
}
