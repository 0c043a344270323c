import { pooledPixels } from '../../src/balance/interpolate.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import type { Features } from '../metrics/features.ts';

/**
 * Patterns averaged to 16 x 16 as vectors of grey levels: the space in which copies are sought,
 * because no network decides there what counts as alike.
 */
export function pooled(examples: Pick<Examples, 'count' | 'size' | 'images'>): Features {
  const { count, dimension, values } = pooledPixels(examples as Examples);
  return { count, width: dimension, values };
}

/** Distance in that space of two triplets that differ by `levels` grey levels everywhere. */
export const levelDistance = (width: number, levels: number): number => levels * Math.sqrt(width);
