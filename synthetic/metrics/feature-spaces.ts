import { pooledPixels } from '../../src/balance/smote.ts';
import type { Stream } from '../../src/common/stream.ts';
import { type Examples, PIXEL_SCALE } from '../../src/dataset/examples.ts';
import { type Tensor4D, tf } from '../../src/engine/tf.ts';
import { describe, type Triplets } from './descriptors/descriptors.ts';
import { columnMeans, type Features } from './features.ts';

/**
 * Patterns averaged to 16 x 16 as vectors, scaled so that a distance is the root mean square
 * difference in grey levels: the space in which copies are sought, because no network decides
 * there what counts as alike.
 */
export function pooled(examples: Pick<Examples, 'count' | 'size' | 'images'>): Features {
  const { count, dimension, values } = pooledPixels(examples as Examples);
  const scale = 1 / Math.sqrt(dimension);
  return { count, width: dimension, values: values.map((value) => value * scale) };
}

/** Kernels: side, input channels, output channels; all with stride 2. */
const LAYERS = [
  [5, 3, 24],
  [3, 24, 48],
  [3, 48, 64],
] as const;

const WIDTH = 48 + 64;
const BATCH = 64;

/**
 * A feature space that has seen no data: three random convolutions, drawn from the stream, and
 * the mean of the last two layers over the pattern. Random networks are a fair
 * measure where the data are unlike the photographs that trained ones know (Naeem et al. 2020).
 */
function randomConvolutions(stream: Stream): (triplets: Triplets) => Features {
  const kernels = LAYERS.map(([side, from, to], i) => ({
    shape: [side, side, from, to] as [number, number, number, number],
    values: stream.split(i).normals(side * side * from * to, Math.sqrt(2 / (side * side * from))),
  }));
  return ({ pixels, count, size }) => {
    const values = new Float32Array(count * WIDTH);
    const row = size * size * 3;
    for (let start = 0; start < count; start += BATCH) {
      const some = Math.min(BATCH, count - start);
      const part = tf.tidy(() => {
        const stored = tf.tensor4d(pixels.subarray(start * row, (start + some) * row), [
          some,
          size,
          size,
          3,
        ]);
        let maps = stored.mul(PIXEL_SCALE) as Tensor4D;
        const means = kernels.map(({ shape, values: kernel }) => {
          maps = tf.relu(tf.conv2d(maps, tf.tensor4d(kernel, shape), 2, 'same'));
          return maps.mean([1, 2]);
        });
        return tf.concat(means.slice(1), 1);
      });
      values.set(part.dataSync(), start * WIDTH);
      part.dispose();
    }
    return { count, width: WIDTH, values };
  };
}

const SPACE_NAMES = ['classifier', 'convolutions', 'physics'] as const;
export type SpaceName = (typeof SPACE_NAMES)[number];

/** A feature space in which real and synthetic triplets are compared. */
export interface Space {
  readonly name: SpaceName;
  embed(triplets: Triplets): Features;
}

/**
 * The penultimate layer of a classifier that learned from real training triplets only, and did not
 * guide the generator.
 */
export const classifierSpace = (classifier: {
  features(pixels: Uint8Array): Float32Array;
  readonly featureCount: number;
}): Space => ({
  name: 'classifier',
  embed: ({ pixels, count }) => ({
    count,
    width: classifier.featureCount,
    values: classifier.features(pixels),
  }),
});

/** Random convolutions: they have seen no data. */
export const convolutionSpace = (stream: Stream): Space => ({
  name: 'convolutions',
  embed: randomConvolutions(stream),
});

/** Mean and standard deviation of each column. */
export interface Scaler {
  mean: Float64Array;
  scale: Float64Array;
}

/** Fits a scaler; columns that hardly vary keep their unit. */
export function fitScaler(features: Features): Scaler {
  const { count, width, values } = features;
  const mean = columnMeans(features);
  const square = new Float64Array(width);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < width; k++) square[k]! += (values[i * width + k]! - mean[k]!) ** 2;
  }
  const scale = square.map((sum) => {
    const deviation = Math.sqrt(sum / Math.max(1, count - 1));
    return deviation > 1e-6 ? deviation : 1;
  });
  return { mean, scale };
}

/** Each column less its mean, over its scale. */
export function standardised({ count, width, values }: Features, scaler: Scaler): Features {
  const out = new Float64Array(values.length);
  for (let i = 0; i < count; i++) {
    for (let k = 0, at = i * width; k < width; k++, at++) {
      out[at] = (values[at]! - scaler.mean[k]!) / scaler.scale[k]!;
    }
  }
  return { count, width, values: out };
}

/** Physics descriptors in units of their spread over real training triplets. */
export function physicsSpace(train: Triplets): Space {
  const scaler = fitScaler(describe(train));
  return { name: 'physics', embed: (triplets) => standardised(describe(triplets), scaler) };
}
