import type { Stream } from '../ground/stream.ts';
import { type Tensor, type Tensor1D, tf } from './tf.ts';

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
