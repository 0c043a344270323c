import type { Features } from './features.ts';
import { nearest } from './neighbours.ts';

/**
 * AuthPct (Alaa et al. 2022): percentage of generated samples that are farther from their nearest
 * training sample than that training sample is from its own nearest neighbour. About 50 where
 * the generated samples are spread like the training samples; low where they are copies.
 */
export function authenticity(train: Features, fake: Features): number {
  const own = nearest(train, train, { k: 1, excludeSelf: true });
  const to = nearest(fake, train, { k: 1 });
  let authentic = 0;
  for (let j = 0; j < fake.count; j++) {
    if (to.squared[j]! > own.squared[to.index[j]!]!) authentic++;
  }
  return (100 * authentic) / fake.count;
}
