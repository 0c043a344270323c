import { groupBy } from '../../src/common/group.ts';
import { median } from '../../src/common/quantile.ts';
import { squaredDistance, visitDistances } from './distances.ts';
import type { Features } from './features.ts';
import { type Groups, nearest } from './neighbours.ts';

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
  const { index, squared } = nearest(set, set, { k: size, excludeSelf: true, exclude });
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
