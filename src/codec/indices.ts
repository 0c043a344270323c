import { inputError } from '../common/errors.ts';
import type { Vec3 } from '../crystal/crystal.ts';
import { greatestDivisor } from '../crystal/lattice.ts';
import { cross, dot } from '../crystal/matrix.ts';

/** A zone axis without a common factor. */
export function reducedZone(zone: Vec3): Vec3 {
  if (zone.some((index) => !Number.isInteger(index))) {
    throw inputError(`zone axis [${zone.join(' ')}] is not three whole numbers`);
  }
  if (zone.every((index) => index === 0)) {
    throw inputError('zone axis [0 0 0] has no direction', 'give three indices, not all zero');
  }
  const divisor = greatestDivisor(zone);
  return [zone[0] / divisor + 0, zone[1] / divisor + 0, zone[2] / divisor + 0];
}

/** Shorter first; then the one whose first differing index is larger. */
function byLength(a: Vec3, b: Vec3): number {
  return dot(a, a) - dot(b, b) || b[0] - a[0] || b[1] - a[1] || b[2] - a[2];
}

const bases = new Map<string, readonly [Vec3, Vec3]>();

/**
 * Two Miller indices that generate all reflections hkl of the conventional cell with
 * h u + k v + l w = 0. They depend on the zone axis alone, not on the cell, so that a zone index
 * (h, k) names the same reflection in every crystal of a space group: absences and symmetry are
 * then constant over a class. Their cross product is +[uvw].
 */
export function zoneIndexBasis(zone: Vec3): readonly [Vec3, Vec3] {
  const u = reducedZone(zone);
  const key = u.join(' ');
  const known = bases.get(key);
  if (known) return known;
  const span = Math.max(1, ...u.map(Math.abs));
  const plane: Vec3[] = [];
  for (let h = -span; h <= span; h++) {
    for (let k = -span; k <= span; k++) {
      for (let l = -span; l <= span; l++) {
        if (h * u[0] + k * u[1] + l * u[2] === 0 && (h || k || l)) plane.push([h, k, l]);
      }
    }
  }
  plane.sort(byLength);
  const isDual = (a: Vec3, b: Vec3): boolean => cross(a, b).every((c, i) => c === u[i]);
  for (const first of plane) {
    const second = plane.find((other) => isDual(first, other));
    if (second) {
      const basis = [first, second] as const;
      bases.set(key, basis);
      return basis;
    }
  }
  throw inputError(`zone axis [${key}] is too high for the codec`, 'use smaller indices');
}

/** The reflection hkl of a zone index. */
export const reflection = (basis: readonly [Vec3, Vec3], h: number, k: number): Vec3 => [
  h * basis[0][0] + k * basis[1][0],
  h * basis[0][1] + k * basis[1][1],
  h * basis[0][2] + k * basis[1][2],
];

/**
 * The zone index of a reflection of the zone; null where hkl is not in the zone.
 */
export function zoneIndex(zone: Vec3, hkl: Vec3): [number, number] | null {
  const u = reducedZone(zone);
  if (dot(u, hkl) !== 0) return null;
  const [first, second] = zoneIndexBasis(u);
  // hkl = h first + k second and first x second = u, so cross products read h and k off.
  const square = dot(u, u);
  return [dot(cross(hkl, second), u) / square, dot(cross(first, hkl), u) / square];
}
