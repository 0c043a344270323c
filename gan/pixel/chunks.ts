import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';
import type { LabelledRows, VectorRows } from '../codec/vectors.ts';
import { discriminatorLayout, scorePixels } from './discriminator.ts';
import { pixelLayout } from './generator.ts';
import { generate } from './networks.ts';
import type { PixelShape } from './shape.ts';

/** Triplets that go through a network at once where nothing is learned. */
const CHUNK = 32;

/** A network in use: its flat weights, and the code of every class, (K, code). */
export interface InUse {
  shape: PixelShape;
  flat: Tensor1D;
  codes: Tensor2D;
}

/** What triplets are drawn from: labels (N) and latent vectors (N, latent). */
export interface Wanted {
  labels: Int32Array;
  z: Float32Array;
}

const codesOf = ({ codes }: InUse, labels: Int32Array): Tensor2D =>
  tf.gather(codes, tf.tensor1d(labels, 'int32'));

/** Triplets flattened to rows, in [-1, 1]; `chunk` rows go through at once. */
export function drawRows(network: InUse, wanted: Wanted, chunk = CHUNK): VectorRows {
  const { shape, flat } = network;
  const width = 3 * shape.size ** 2;
  const count = wanted.labels.length;
  const values = new Float32Array(count * width);
  for (let from = 0; from < count; from += chunk) {
    const labels = wanted.labels.subarray(from, from + chunk);
    const rows = labels.length;
    const drawn = numbersOf(() => {
      const z = wanted.z.subarray(from * shape.latent, (from + rows) * shape.latent);
      const request = {
        z: tf.tensor2d(z, [rows, shape.latent]),
        codes: codesOf(network, labels),
      };
      const made = generate(shape, pixelLayout(shape).named(flat), request);
      return made.clipByValue(-1, 1);
    });
    values.set(drawn, from * width);
  }
  return { count, width, values };
}

/** Scores of rows under their classes by a discriminator whose kernels are normalised. */
export function scoreRows(network: InUse, { count, width, values, labels }: LabelledRows) {
  const { shape, flat } = network;
  const { size } = shape;
  const scores = new Float32Array(count);
  for (let from = 0; from < count; from += CHUNK) {
    const part = labels.subarray(from, from + CHUNK);
    const pixels = values.subarray(from * width, (from + part.length) * width);
    const found = numbersOf(() => {
      const x = tf.tensor4d(pixels, [part.length, size, size, 3]);
      return scorePixels(discriminatorLayout(shape).named(flat), x, codesOf(network, part));
    });
    scores.set(found, from);
  }
  return scores;
}
