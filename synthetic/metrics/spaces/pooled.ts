import { pooledPixels } from '../../../src/balance/interpolate.ts';
import type { Examples } from '../../../src/dataset/examples.ts';
import type { Features } from '../features.ts';

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
