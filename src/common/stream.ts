import { createHash } from 'node:crypto';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** Everything needed to go on drawing from where a stream stood. */
export interface StreamState {
  name: string;
  seed: number;
  generator: readonly number[];
  spare: number | null;
}

/**
 * A named, seeded stream of random numbers: the only source of randomness in the project.
 * Two streams of the same seed and name draw the same numbers; `split` gives an independent
 * stream for a part of the work, so that adding a draw in one part never moves another.
 *
 * @example
 * const stream = new Stream(1, 'mine');
 * const value = stream.normal();
 * @category Basics
 */
export class Stream {
  readonly seed: number;
  readonly name: string;
  private generator: RandomGenerator;
  private spare: number | null = null;

  constructor(seed: number, name: string) {
    if (!Number.isSafeInteger(seed)) throw new TypeError(`seed ${seed} is not an integer`);
    this.seed = seed;
    this.name = name;
    const digest = createHash('sha256').update(`${seed}/${name}`).digest();
    this.generator = xoroshiro128plusFromState([0, 4, 8, 12].map((at) => digest.readInt32LE(at)));
  }

  /** An independent stream named below this one. */
  split(name: string | number): Stream {
    return new Stream(this.seed, `${this.name}/${name}`);
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    const high = (this.generator.next() >>> 0) >>> 5;
    const low = (this.generator.next() >>> 0) >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Uniform integer in [0, count). */
  index(count: number): number {
    if (!(count >= 1)) throw new RangeError(`cannot draw from ${count} items`);
    return Math.floor(this.uniform() * count);
  }

  /** Standard normal (Box-Muller; the second value is kept for the next call). */
  normal(): number {
    if (this.spare !== null) {
      const value = this.spare;
      this.spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** `count` standard normals, times `scale`. */
  normals(count: number, scale = 1): Float32Array {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = scale * this.normal();
    return values;
  }

  /** `count` uniforms in [low, high). */
  uniforms(count: number, low = 0, high = 1): Float32Array {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = this.between(low, high);
    return values;
  }

  /** Gamma(shape, 1) by Marsaglia and Tsang (2000). */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * this.uniform() ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
        return d * v;
      }
    }
  }

  /** Beta(a, b). */
  beta(a: number, b: number): number {
    const x = this.gamma(a);
    return x / (x + this.gamma(b));
  }

  /** One item, uniformly. */
  pick<T>(items: ArrayLike<T>): T {
    return items[this.index(items.length)] as T;
  }

  /** Index drawn with probability proportional to `weights`. */
  weighted(weights: ArrayLike<number>): number {
    let total = 0;
    for (let i = 0; i < weights.length; i++) total += weights[i] as number;
    let left = this.uniform() * total;
    for (let i = 0; i < weights.length; i++) {
      left -= weights[i] as number;
      if (left < 0) return i;
    }
    return weights.length - 1;
  }

  /** A shuffled copy (Fisher-Yates). */
  shuffled<T>(items: Iterable<T> | ArrayLike<T>): T[] {
    const out = Array.from(items);
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.index(i + 1);
      const held = out[i] as T;
      out[i] = out[j] as T;
      out[j] = held;
    }
    return out;
  }

  /** The integers 0..count-1 in random order. */
  permutation(count: number): number[] {
    return this.shuffled(Array.from({ length: count }, (_, i) => i));
  }

  state(): StreamState {
    return {
      name: this.name,
      seed: this.seed,
      generator: this.generator.getState(),
      spare: this.spare,
    };
  }

  static restore(state: StreamState): Stream {
    const stream = new Stream(state.seed, state.name);
    stream.generator = xoroshiro128plusFromState(state.generator);
    stream.spare = state.spare;
    return stream;
  }
}
