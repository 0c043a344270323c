import type { Vec3 } from './crystal.ts';
import { dot, type Matrix3, norm, vectorMatrix } from './matrix.ts';

/** Greatest common divisor of whole numbers; at least 1. */
export function greatestDivisor(values: readonly number[]): number {
  const pair = (a: number, b: number): number => (b === 0 ? Math.abs(a) : pair(b, a % b));
  return values.reduce(pair, 0) || 1;
}

/** Whole x, y with a x + b y = gcd(a, b). */
function bezout(a: number, b: number): { x: number; y: number; gcd: number } {
  if (b === 0) return { x: Math.sign(a), y: 0, gcd: Math.abs(a) };
  const q = Math.trunc(a / b);
  const { x, y, gcd } = bezout(b, a - q * b);
  return { x: y, y: x - q * y, gcd };
}

/** Two rows that complete a primitive integer vector (last row) to a basis of determinant 1. */
export function completeBasis(u: Vec3): Matrix3 {
  const [u1, u2, u3] = u;
  if (u1 === 0 && u2 === 0) {
    return [
      [u3, 0, 0],
      [0, 1, 0],
      [0, 0, u3],
    ];
  }
  const { x, y, gcd } = bezout(u1, u2);
  const { x: p, y: q } = bezout(gcd, u3);
  // (-y, x) completes (u1, u2)/gcd in the plane; (-q, p) completes (gcd, u3) with the third axis.
  return [[(q * u1) / gcd + 0, (q * u2) / gcd + 0, -p + 0], [-y + 0, x + 0, 0], u];
}

/** A lattice vector of the plane: conventional coordinates, and its projection in cartesian. */
interface PlaneVector {
  row: Vec3;
  flat: Vec3;
}

const combine = (p: Vec3, q: Vec3, k: number): Vec3 => [
  p[0] + k * q[0],
  p[1] + k * q[1],
  p[2] + k * q[2],
];

const sum = (p: PlaneVector, q: PlaneVector, k = 1): PlaneVector => ({
  row: combine(p.row, q.row, k),
  flat: combine(p.flat, q.flat, k),
});

const negated = (p: PlaneVector): PlaneVector => sum(p, p, -2);

/** Gauss (Lagrange) reduction: the two shortest vectors of the plane lattice. */
function gaussReduced(first: PlaneVector, second: PlaneVector): [PlaneVector, PlaneVector] {
  let [p, q] = [first, second];
  for (;;) {
    if (norm(q.flat) < norm(p.flat) * (1 - 1e-9)) [p, q] = [q, p];
    const k = Math.round(dot(p.flat, q.flat) / dot(p.flat, p.flat));
    const next = sum(q, p, -k);
    if (k === 0 || norm(next.flat) >= norm(q.flat) * (1 - 1e-9)) return [p, q];
    q = next;
  }
}

/** Positive when p is the one to prefer: the first coordinate along a, b, c that differs is larger. */
function preference(p: PlaneVector, q: PlaneVector, toCell: (flat: Vec3) => Vec3): number {
  const [f, g] = [toCell(p.flat), toCell(q.flat)];
  for (let i = 0; i < 3; i++) {
    const difference = f[i as 0 | 1 | 2] - g[i as 0 | 1 | 2];
    if (Math.abs(difference) > 1e-6) return difference;
  }
  return 0;
}

/** Relative difference of lengths under which a net counts as rhombic. */
const RHOMBIC = 2e-3;

/** The short diagonal of a rhombic net, or null for a square, hexagonal or oblique one. */
function rhombicDiagonal(a: PlaneVector, b: PlaneVector): PlaneVector | null {
  const [la, lb] = [norm(a.flat), norm(b.flat)];
  const cosine = dot(a.flat, b.flat) / (la * lb);
  const rhombic = Math.abs(la - lb) < RHOMBIC * la;
  if (!rhombic || Math.abs(cosine) < 0.02 || Math.abs(Math.abs(cosine) - 0.5) < 0.01) return null;
  return cosine < 0 ? sum(a, b) : sum(a, b, -1);
}

/**
 * Reduces the first two rows of a lattice (conventional coordinates; third row the zone axis)
 * to the shortest right-handed obtuse basis of the lattice projected along `normal`, and gives
 * the unit vector that lies horizontally in the pattern.
 */
export function reducedPlane(
  lattice: Matrix3,
  rows: Matrix3,
  normal: Vec3,
): { basis: Matrix3; axis: Vec3 } {
  const vector = (row: Vec3): PlaneVector => {
    const r = vectorMatrix(row, rows);
    return { row, flat: combine(r, normal, -dot(r, normal)) };
  };
  const toCell = cellCoordinates(rows);
  const [p, q] = gaussReduced(vector(lattice[0]), vector(lattice[1]));
  const ring = [p, q, sum(p, q), sum(p, q, -1)].flatMap((v) => [v, negated(v)]);
  const shortest = norm(p.flat) * (1 + 1e-5);
  const a = ring
    .filter((v) => norm(v.flat) <= shortest)
    .reduce((best, v) => (preference(v, best, toCell) > 0 ? v : best));
  const turn = (v: PlaneVector): number => {
    const [m, n] = [a.flat, v.flat];
    const z: Vec3 = [
      m[1] * n[2] - m[2] * n[1],
      m[2] * n[0] - m[0] * n[2],
      m[0] * n[1] - m[1] * n[0],
    ];
    return dot(z, normal);
  };
  const b = ring
    .filter((v) => turn(v) > 1e-6 * shortest * shortest)
    .reduce((best, v) => {
      const difference = norm(v.flat) - norm(best.flat);
      if (Math.abs(difference) > 1e-5 * shortest) return difference < 0 ? v : best;
      return dot(v.flat, a.flat) < dot(best.flat, a.flat) ? v : best;
    });
  const diagonal = rhombicDiagonal(a, b);
  const chosen = diagonal
    ? [diagonal, negated(diagonal)].reduce((best, v) =>
        preference(v, best, toCell) > 0 ? v : best,
      )
    : a;
  const length = norm(chosen.flat);
  const axis: Vec3 = [chosen.flat[0] / length, chosen.flat[1] / length, chosen.flat[2] / length];
  return { basis: [a.row, b.row, lattice[2]], axis };
}

/** Cartesian to lattice coordinates. */
function cellCoordinates(rows: Matrix3): (r: Vec3) => Vec3 {
  const [a, b, c] = rows;
  // a lies along x and b in the xy plane, so back substitution does.
  return (r) => {
    const w = r[2] / c[2];
    const v = (r[1] - w * c[1]) / b[1];
    return [(r[0] - v * b[0] - w * c[0]) / a[0], v, w];
  };
}
