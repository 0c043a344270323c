import { median } from '../../src/common/quantile.ts';
import { squaredDistance, visitDistances } from './distances.ts';
import type { Features } from './features.ts';
import { type Groups, squaredRadii } from './neighbours.ts';

export interface RealismOptions {
  /** Radius of a real sample: distance to its k-th nearest other real sample. */
  k?: number;
  /**
   * False (default): ratio of plain distances, as the paper and dgm-eval have it. True: ratio of
   * squared distances with 1e-5 added to the lower one, as the authors' released code has it.
   */
  squared?: boolean;
  /**
   * Material of each real sample: the radius then reaches to the k-th nearest sample of another
   * material, because near-twins would make every ball small.
   */
  groups?: Groups;
}

/** Keeps the squared variant finite on a real sample, as the released code does. */
const SQUARED_EPSILON = 1e-5;

/**
 * Realism score of each generated sample (Kynkaanniemi et al. 2019, eq. 3): the largest ratio
 * radius / distance over real samples whose radius is below the median (at most the median where
 * none is). At least 1 inside the estimated manifold of the real samples; infinite on a real sample.
 */
export function realism(
  real: Features,
  fake: Features,
  options: RealismOptions = {},
): Float64Array {
  const { k = 3, squared: squaredRatio = false, groups } = options;
  const epsilon = squaredRatio ? SQUARED_EPSILON : 0;
  const reach = squaredRadii(real, k, groups);
  const middle = median(reach);
  const dense = reach.some((r) => r < middle);
  const best = new Float64Array(fake.count);
  visitDistances(fake, real, ({ start, count, squared }, slack) => {
    for (let r = 0; r < count; r++) {
      const j = start + r;
      for (let i = 0, at = r * real.count; i < real.count; i++, at++) {
        const radius = reach[i]!;
        if (dense ? radius >= middle : radius > middle) continue;
        // Skip what cannot beat the best ratio so far, whatever the rounding.
        if (best[j]! * (squared[at]! - slack) > radius) continue;
        best[j] = Math.max(best[j]!, radius / (squaredDistance(fake, j, real, i) + epsilon));
      }
    }
  });
  return squaredRatio ? best : best.map(Math.sqrt);
}
