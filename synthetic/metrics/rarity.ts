import { squaredDistance, visitDistances } from './distances.ts';
import type { Features } from './features.ts';
import { type Groups, squaredRadii } from './neighbours.ts';

/**
 * Rarity score of each generated sample (Han et al. 2023): the smallest radius among the real
 * balls that hold it, the boundary included; NaN where none does, because rarity says nothing
 * about samples outside the real manifold.
 *
 * @param k a ball reaches to the k-th nearest other real sample; 3 by default.
 * @param groups material of each real sample: then to the k-th nearest one of another material.
 */
export function rarity(
  real: Features,
  fake: Features,
  { k = 3, groups }: { k?: number; groups?: Groups } = {},
): Float64Array {
  const reach = squaredRadii(real, k, groups);
  const least = new Float64Array(fake.count).fill(Number.POSITIVE_INFINITY);
  visitDistances(fake, real, ({ start, count, squared }, slack) => {
    for (let r = 0; r < count; r++) {
      const j = start + r;
      for (let i = 0, at = r * real.count; i < real.count; i++, at++) {
        const radius = reach[i]!;
        if (radius >= least[j]! || squared[at]! > radius + slack) continue;
        if (squaredDistance(fake, j, real, i) <= radius) least[j] = radius;
      }
    }
  });
  return least.map((r) => (Number.isFinite(r) ? Math.sqrt(r) : Number.NaN));
}
