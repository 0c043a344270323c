import { cellMatrix } from './cell.ts';
import type { Cell, Vec3 } from './crystal.ts';
import { dot, inverse, type Matrix3, matrixVector, norm, vectorMatrix } from './matrix.ts';
import { sameOperations } from './operation.ts';
import { applyOperation } from './orbit.ts';
import { operations } from './spacegroup.ts';

/** New axes (a, b, c) P, with P by rows, and the new origin in the old axes. */
export interface AxisChange {
  change: Matrix3;
  origin: Vec3;
}

/** A vector of the ac plane by its coefficients of a and c. */
type InPlane = readonly [number, number];

const SMALL = [-1, 0, 1];
const QUARTERS = [0, 1 / 4, 1 / 2, 3 / 4];

const combine = (u: InPlane, v: InPlane, i: number, j: number): InPlane => [
  i * u[0] + j * v[0],
  i * u[1] + j * v[1],
];

const cartesianOf = (u: InPlane, rows: Matrix3): Vec3 => vectorMatrix([u[0], 0, u[1]], rows);

/** The two shortest vectors that span the ac lattice (Gauss's reduction). */
function shortest(rows: Matrix3): [InPlane, InPlane] {
  let u: InPlane = [1, 0];
  let v: InPlane = [0, 1];
  for (;;) {
    const [cu, cv] = [cartesianOf(u, rows), cartesianOf(v, rows)];
    if (norm(cv) < norm(cu)) {
      [u, v] = [v, u];
      continue;
    }
    const n = Math.round(dot(cu, cv) / dot(cu, cu));
    if (n === 0) return [u, v];
    const next = combine(u, v, -n, 1);
    if (norm(cartesianOf(next, rows)) > norm(cv) - 1e-9) return [u, v];
    v = next;
  }
}

/** Right-handed axes with these a and c and an obtuse beta; b turns over where it must. */
function axesOf(a: InPlane, c: InPlane): Matrix3 {
  const b = a[0] * c[1] - a[1] * c[0];
  return [
    [a[0], 0, c[0]],
    [0, b, 0],
    [a[1], 0, c[1]],
  ];
}

/** The shift of the origin (quarters of the old axes) that restores the tabulated operations. */
function originFor(spaceGroup: number, change: Matrix3): Vec3 | null {
  const back = inverse(change);
  const tabulated = operations(spaceGroup);
  for (const x of QUARTERS)
    for (const y of QUARTERS)
      for (const z of QUARTERS) {
        const p: Vec3 = [x, y, z];
        const moved = tabulated.map((operation) => {
          // Rotations about b commute with a change of axes in the plane across b.
          const image = applyOperation(operation, p);
          const shift: Vec3 = [image[0] - x, image[1] - y, image[2] - z];
          return { rotation: operation.rotation, translation: matrixVector(back, shift) };
        });
        if (sameOperations(moved, tabulated)) return p;
      }
  return null;
}

/**
 * The axes of a monoclinic cell (unique axis b, standard setting) with the shortest a and c that
 * keep the tabulated operations, beta of 90 degrees or more, and a before c where both serve. A mineralogist's cell of
 * diopside has beta = 106 degrees; the symmetry library's cell of it can have 166.
 */
export function shortestMonoclinic(spaceGroup: number, cell: Cell): AxisChange {
  const rows = cellMatrix(cell);
  const [u, v] = shortest(rows);
  const vectors = SMALL.flatMap((i) => SMALL.map((j) => combine(u, v, i, j)));
  const candidates = vectors
    .flatMap((a) => vectors.map((c) => ({ a, c })))
    .filter(({ a, c }) => Math.abs(a[0] * c[1] - a[1] * c[0]) === 1)
    .map(({ a, c }) => {
      const [ca, cc] = [cartesianOf(a, rows), cartesianOf(c, rows)];
      return { a, c, first: norm(ca), length: norm(ca) + norm(cc), overlap: dot(ca, cc) };
    })
    .filter(({ overlap }) => overlap <= 1e-9)
    .sort((s, t) =>
      Math.abs(s.length - t.length) > 1e-6 ? s.length - t.length : s.first - t.first,
    );
  for (const { a, c } of candidates) {
    const change = axesOf(a, c);
    const origin = originFor(spaceGroup, change);
    if (origin) return { change, origin };
  }
  throw new Error(`no axes of space group ${spaceGroup} keep its operations`);
}
