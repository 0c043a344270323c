import type { Vec3 } from './crystal.ts';

/** A 3 x 3 matrix by rows. */
export type Matrix3 = readonly [Vec3, Vec3, Vec3];

export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

export const norm = (a: Vec3): number => Math.sqrt(dot(a, a));

export const determinant = (m: Matrix3): number => dot(m[0], cross(m[1], m[2]));

export const transpose = (m: Matrix3): Matrix3 => [
  [m[0][0], m[1][0], m[2][0]],
  [m[0][1], m[1][1], m[2][1]],
  [m[0][2], m[1][2], m[2][2]],
];

/** The inverse; the determinant must not be zero. */
export function inverse(m: Matrix3): Matrix3 {
  const d = determinant(m);
  const columns = [cross(m[1], m[2]), cross(m[2], m[0]), cross(m[0], m[1])] as const;
  const row = (i: 0 | 1 | 2): Vec3 => [columns[0][i] / d, columns[1][i] / d, columns[2][i] / d];
  return [row(0), row(1), row(2)];
}

/** m v: the rows of m on a column vector. */
export const matrixVector = (m: Matrix3, v: Vec3): Vec3 => [
  dot(m[0], v),
  dot(m[1], v),
  dot(m[2], v),
];

/** v m: a row vector of coordinates times the rows of m, as in x = u a + v b + w c. */
export const vectorMatrix = (v: Vec3, m: Matrix3): Vec3 => [
  v[0] * m[0][0] + v[1] * m[1][0] + v[2] * m[2][0],
  v[0] * m[0][1] + v[1] * m[1][1] + v[2] * m[2][1],
  v[0] * m[0][2] + v[1] * m[1][2] + v[2] * m[2][2],
];

export const multiply = (a: Matrix3, b: Matrix3): Matrix3 => [
  vectorMatrix(a[0], b),
  vectorMatrix(a[1], b),
  vectorMatrix(a[2], b),
];
