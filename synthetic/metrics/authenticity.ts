import type { Features } from './features.ts';
import { type Groups, nearest, squaredRadii } from './neighbours.ts';

/**
 * AuthPct (Alaa et al. 2022): percentage of generated samples that are farther from their nearest
 * training sample than that training sample is from its own nearest neighbour. About 50 where
 * the generated samples are spread like the training samples; low where they are copies.
 *
 * @param groups material of each training sample: its own neighbour is then of another material.
 */
export function authenticity(train: Features, fake: Features, groups?: Groups): number {
  const own = squaredRadii(train, 1, groups);
  const to = nearest(fake, train, { k: 1 });
  let authentic = 0;
  for (let j = 0; j < fake.count; j++) {
    if (to.squared[j]! > own[to.index[j]!]!) authentic++;
  }
  return (100 * authentic) / fake.count;
}
