import type { Stream } from '../../../src/common/stream.ts';
import { describe, type Triplets } from '../descriptors/descriptors.ts';
import { columnMeans, type Features } from '../features.ts';
import { randomConvolutions } from './convolutions.ts';

export const SPACE_NAMES = ['classifier', 'convolutions', 'physics'] as const;
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
