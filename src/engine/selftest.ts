import { Stream } from '../common/stream.ts';
import { engine, type Scalar, type Tensor4D, tf } from './tf.ts';

/** What the self-test found. */
export interface SelfTest {
  passed: boolean;
  /** Largest differences from plain JavaScript: a convolution and its two gradients. */
  differences: { convolution: number; inputGradient: number; filterGradient: number };
  /** Difference that is still right for float32 sums of this length. */
  tolerance: number;
  /** Rate of a square matrix product. */
  matmul: { size: number; gflops: number };
  seconds: number;
}

/** A small convolution with 'same' padding: NHWC input, HWIO filter, and a cotangent. */
interface Case {
  height: number;
  width: number;
  channels: number;
  filters: number;
  reach: number;
  input: Float32Array;
  filter: Float32Array;
  weight: Float32Array;
}

const TOLERANCE = 1e-4;

function makeCase(): Case {
  const stream = new Stream(1, 'self-test');
  const shape = { height: 7, width: 6, channels: 3, filters: 4, reach: 1 };
  const pixels = shape.height * shape.width;
  return {
    ...shape,
    input: stream.normals(pixels * shape.channels),
    filter: stream.normals(9 * shape.channels * shape.filters),
    weight: stream.normals(pixels * shape.filters),
  };
}

/** Visits every product of a 3x3 'same' convolution by its three indices. */
function visit(c: Case, product: (input: number, filter: number, output: number) => void): void {
  const side = 2 * c.reach + 1;
  for (let row = 0; row < c.height; row++) {
    for (let column = 0; column < c.width; column++) {
      for (let tap = 0; tap < side * side; tap++) {
        const y = row + Math.floor(tap / side) - c.reach;
        const x = column + (tap % side) - c.reach;
        if (y < 0 || x < 0 || y >= c.height || x >= c.width) continue;
        for (let from = 0; from < c.channels; from++) {
          for (let to = 0; to < c.filters; to++) {
            product(
              (y * c.width + x) * c.channels + from,
              (tap * c.channels + from) * c.filters + to,
              (row * c.width + column) * c.filters + to,
            );
          }
        }
      }
    }
  }
}

/** The convolution and the gradients of sum(weight x convolution), in plain JavaScript. */
export function plainConvolution(c: Case) {
  const convolution = new Float64Array(c.weight.length);
  const inputGradient = new Float64Array(c.input.length);
  const filterGradient = new Float64Array(c.filter.length);
  visit(c, (input, filter, output) => {
    convolution[output]! += c.input[input]! * c.filter[filter]!;
    inputGradient[input]! += c.weight[output]! * c.filter[filter]!;
    filterGradient[filter]! += c.weight[output]! * c.input[input]!;
  });
  return { convolution, inputGradient, filterGradient };
}

/** The same on the engine. */
export function engineConvolution(c: Case) {
  return tf.tidy(() => {
    const side = 2 * c.reach + 1;
    const input = tf.tensor4d(c.input, [1, c.height, c.width, c.channels]);
    const filter = tf.tensor4d(c.filter, [side, side, c.channels, c.filters]);
    const weight = tf.tensor4d(c.weight, [1, c.height, c.width, c.filters]);
    const convolve = (x: Tensor4D, w: Tensor4D) => tf.conv2d(x, w, 1, 'same');
    const gradients = tf.grads(
      (x, w) =>
        convolve(x as Tensor4D, w as Tensor4D)
          .mul(weight)
          .sum() as Scalar,
    )([input, filter]);
    return {
      convolution: convolve(input, filter).dataSync(),
      inputGradient: gradients[0]!.dataSync(),
      filterGradient: gradients[1]!.dataSync(),
    };
  });
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length
    ? Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
    : Number.POSITIVE_INFINITY;

/** Rate of `size`^3 products, the best of as many as fit in the time. */
export function matmulRate(size: number, milliseconds: number): number {
  return tf.tidy(() => {
    const a = tf.ones([size, size]);
    const b = tf.ones([size, size]);
    const once = () => tf.tidy(() => tf.matMul(a, b).slice([0, 0], [1, 1]).dataSync());
    once();
    let best = Number.POSITIVE_INFINITY;
    for (const end = performance.now() + milliseconds; performance.now() < end; ) {
      const start = performance.now();
      once();
      best = Math.min(best, performance.now() - start);
    }
    return (2 * size ** 3) / best / 1e6;
  });
}

/** Checks the engine against plain JavaScript and measures its speed; about two seconds. */
export function selfTest(): SelfTest {
  const start = performance.now();
  const example = makeCase();
  const expected = plainConvolution(example);
  const found = engineConvolution(example);
  const differences = {
    convolution: largestDifference(found.convolution, expected.convolution),
    inputGradient: largestDifference(found.inputGradient, expected.inputGradient),
    filterGradient: largestDifference(found.filterGradient, expected.filterGradient),
  };
  const size = engine.gpu ? 8192 : 1024;
  const gflops = matmulRate(size, 1200);
  return {
    passed: Object.values(differences).every((value) => value < TOLERANCE),
    differences,
    tolerance: TOLERANCE,
    matmul: { size, gflops: Math.round(gflops * 10) / 10 },
    seconds: Math.round(performance.now() - start) / 1000,
  };
}
