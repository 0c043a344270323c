import type { Atom, Vec3 } from './crystal.ts';
import type { Operation } from './operation.ts';

/** A fractional coordinate brought into [0, 1); values that differ from 1 by rounding become 0. */
export function wrap(x: number): number {
  const y = x - Math.floor(x);
  return y > 1 - 1e-9 ? 0 : y;
}

export const wrapped = (v: Vec3): Vec3 => [wrap(v[0]), wrap(v[1]), wrap(v[2])];

/** Rotation (nine numbers by rows) times v, plus translation, not wrapped. */
export function applyOperation({ rotation: r, translation: t }: Operation, v: Vec3): Vec3 {
  return [
    r[0]! * v[0] + r[1]! * v[1] + r[2]! * v[2] + t[0],
    r[3]! * v[0] + r[4]! * v[1] + r[5]! * v[2] + t[1],
    r[6]! * v[0] + r[7]! * v[1] + r[8]! * v[2] + t[2],
  ];
}

/** The difference of two positions, each component brought into [-1/2, 1/2]. */
export function nearestImage(a: Vec3, b: Vec3): Vec3 {
  const [x, y, z] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
  return [x - Math.round(x), y - Math.round(y), z - Math.round(z)];
}

/** Whether two positions agree modulo the lattice, each component within its tolerance. */
export function coincide(a: Vec3, b: Vec3, tolerance: Vec3): boolean {
  const x = a[0] - b[0];
  if (Math.abs(x - Math.round(x)) > tolerance[0]) return false;
  const y = a[1] - b[1];
  if (Math.abs(y - Math.round(y)) > tolerance[1]) return false;
  const z = a[2] - b[2];
  return Math.abs(z - Math.round(z)) <= tolerance[2];
}

/**
 * Moves a position onto the special position it stands near: the mean of its images under the
 * operations that bring it back to itself within the tolerance (fractions of a, b, c).
 */
export function onSpecialPosition(
  position: Vec3,
  operations: readonly Operation[],
  tolerance: Vec3,
): Vec3 {
  const sum = [0, 0, 0];
  let count = 0;
  for (const operation of operations) {
    const image = applyOperation(operation, position);
    if (!coincide(image, position, tolerance)) continue;
    const move = nearestImage(image, position);
    for (const i of [0, 1, 2] as const) sum[i]! += move[i];
    count++;
  }
  if (count <= 1) return wrapped(position);
  return wrapped([
    position[0] + sum[0]! / count,
    position[1] + sum[1]! / count,
    position[2] + sum[2]! / count,
  ]);
}

/** All different images of a position under the operations, wrapped; the position comes first. */
export function orbitOf(position: Vec3, operations: readonly Operation[], tolerance: Vec3): Vec3[] {
  const images: Vec3[] = [wrapped(position)];
  for (const operation of operations) {
    const image = wrapped(applyOperation(operation, position));
    if (!images.some((known) => coincide(known, image, tolerance))) images.push(image);
  }
  return images;
}

/**
 * Every atom of the cell from the atoms of the asymmetric unit, each moved onto the special
 * position it stands near.
 */
export function expandSites(
  sites: readonly Atom[],
  operations: readonly Operation[],
  tolerance: Vec3,
): Atom[] {
  return sites.flatMap((site) => {
    const exact = onSpecialPosition(site.position, operations, tolerance);
    return orbitOf(exact, operations, tolerance).map((position) => ({ ...site, position }));
  });
}
