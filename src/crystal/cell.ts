import type { Cell, Vec3 } from './crystal.ts';
import { determinant, dot, type Matrix3, norm, vectorMatrix } from './matrix.ts';
import type { LatticeSystem } from './spacegroup.ts';

const RADIAN = Math.PI / 180;

/** Cosine and sine of an angle in degrees, exact at 60, 90 and 120. */
function cosine(degrees: number): number {
  if (degrees === 90) return 0;
  if (degrees === 120) return -0.5;
  if (degrees === 60) return 0.5;
  return Math.cos(degrees * RADIAN);
}

/**
 * The lattice vectors a, b, c as rows, in angstrom: a along x, b in the xy plane with b_y > 0,
 * c with c_z > 0 (right-handed).
 */
export function cellMatrix(cell: Cell): Matrix3 {
  const [a, b, c] = cell;
  const [ca, cb, cg] = [cosine(cell[3]), cosine(cell[4]), cosine(cell[5])];
  const sg = Math.sqrt(1 - cg * cg);
  const cy = (ca - cb * cg) / sg;
  return [
    [a, 0, 0],
    [b * cg, b * sg, 0],
    [c * cb, c * cy, c * Math.sqrt(Math.max(0, 1 - cb * cb - cy * cy))],
  ];
}

const angleBetween = (u: Vec3, v: Vec3): number => {
  const c = dot(u, v) / (norm(u) * norm(v));
  return Math.acos(Math.max(-1, Math.min(1, c))) / RADIAN;
};

/** Lengths (angstrom) and angles (degrees) of lattice vectors given as rows. */
export const cellOf = (rows: Matrix3): Cell => [
  norm(rows[0]),
  norm(rows[1]),
  norm(rows[2]),
  angleBetween(rows[1], rows[2]),
  angleBetween(rows[0], rows[2]),
  angleBetween(rows[0], rows[1]),
];

/** Volume in cubic angstrom. */
export const cellVolume = (cell: Cell): number => determinant(cellMatrix(cell));

/** Whether six numbers are a cell that can exist: positive lengths, angles that close. */
export function isCell(values: readonly number[]): boolean {
  if (values.length !== 6 || values.some((v) => !Number.isFinite(v) || v <= 0)) return false;
  const [alpha, beta, gamma] = values.slice(3).map((degrees) => cosine(degrees)) as [
    number,
    number,
    number,
  ];
  const square = 1 - alpha ** 2 - beta ** 2 - gamma ** 2 + 2 * alpha * beta * gamma;
  return values.slice(3).every((degrees) => degrees < 180) && square > 1e-6;
}

/** Cartesian position or direction (angstrom) of fractional coordinates. */
export const cartesian = (fractional: Vec3, rows: Matrix3): Vec3 => vectorMatrix(fractional, rows);

/** The cell with the equalities and angles of its lattice system made exact (hexagonal axes). */
export function conformCell([a, b, c, alpha, beta, gamma]: Cell, system: LatticeSystem): Cell {
  const ab = (a + b) / 2;
  switch (system) {
    case 'triclinic':
      return [a, b, c, alpha, beta, gamma];
    case 'monoclinic':
      return [a, b, c, 90, beta, 90];
    case 'orthorhombic':
      return [a, b, c, 90, 90, 90];
    case 'tetragonal':
      return [ab, ab, c, 90, 90, 90];
    case 'hexagonal':
    case 'rhombohedral':
      return [ab, ab, c, 90, 90, 120];
    case 'cubic': {
      const abc = (a + b + c) / 3;
      return [abc, abc, abc, 90, 90, 90];
    }
  }
}

/** A distance in angstrom as fractions of a, b and c. */
export const asFractions = (distance: number, cell: Cell): Vec3 => [
  distance / cell[0],
  distance / cell[1],
  distance / cell[2],
];
