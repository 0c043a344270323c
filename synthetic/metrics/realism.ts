import { groupBy } from '../../src/common/group.ts';
import { median } from '../../src/common/quantile.ts';
import type { Features } from './features.ts';
import {
  type Groups,
  nearestRows,
  squaredDistance,
  squaredRadii,
  visitDistances,
} from './neighbours.ts';

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

/**
 * The realism that each sample of a set would have if neither it nor another one of its group
 * (material) belonged to the set: what new real samples can be expected to reach. A sample that
 * shapes the ball of a neighbour would lie on its surface and score 1 by construction, so such
 * balls are taken as they would be without it.
 *
 * @returns (count) as `realism`; 0 where no ball is left.
 */
export function realismAmong(
  set: Features,
  { k = 3, groups }: { k?: number; groups?: Groups } = {},
): Float64Array {
  const groupOf = (row: number): unknown => (groups ? groups[row] : row);
  const members = groupBy(Array(set.count).keys(), groupOf);
  const largest = Math.max(...[...members.values()].map((rows) => rows.length));
  const size = Math.min(set.count - 1, k + largest);
  const exclude = (i: number, j: number) => groupOf(i) === groupOf(j);
  const { index, squared } = nearestRows(set, set, { k: size, excludeSelf: true, exclude });
  const reach = Float64Array.from({ length: set.count }, (_, i) => squared[i * size + k - 1]!);
  const middle = median(reach);
  const dense = reach.some((r) => r < middle);
  const isBall = (i: number): boolean => (dense ? reach[i]! < middle : reach[i]! <= middle);
  const best = new Float64Array(set.count);
  const shapers = Array.from({ length: set.count }, (_, i) =>
    isBall(i) ? new Set(Array.from({ length: k }, (_u, n) => groupOf(index[i * size + n]!))) : null,
  );
  visitDistances(set, set, ({ start, count, squared: block }, slack) => {
    for (let r = 0; r < count; r++) {
      const j = start + r;
      for (let i = 0, at = r * set.count; i < set.count; i++, at++) {
        const shaping = shapers[i];
        if (!shaping || best[j]! * (block[at]! - slack) > reach[i]!) continue;
        if (exclude(i, j) || shaping.has(groupOf(j))) continue;
        best[j] = Math.max(best[j]!, reach[i]! / squaredDistance(set, j, set, i));
      }
    }
  });
  shapers.forEach((found, i) => {
    for (const group of found ?? []) {
      const rows = Array.from({ length: size }, (_, n) => i * size + n);
      const others = rows.filter((at) => index[at]! >= 0 && groupOf(index[at]!) !== group);
      const radius = squared[others[k - 1] ?? -1];
      if (radius === undefined) continue;
      for (const j of members.get(group)!) {
        best[j] = Math.max(best[j]!, radius / squaredDistance(set, j, set, i));
      }
    }
  });
  return best.map(Math.sqrt);
}

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
