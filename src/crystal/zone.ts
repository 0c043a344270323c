import { inputError } from '../common/errors.ts';
import { cellMatrix } from './cell.ts';
import type { Cell, Vec3 } from './crystal.ts';
import { completeBasis, greatestDivisor, reducedPlane } from './lattice.ts';
import {
  cross,
  dot,
  inverse,
  type Matrix3,
  multiply,
  norm,
  transpose,
  vectorMatrix,
} from './matrix.ts';
import { type Centring, crystalSystem } from './spacegroup.ts';

export type Vec2 = readonly [number, number];
export type Matrix2 = readonly [Vec2, Vec2];

/** A crystal seen along a zone axis: the projected primitive cell and where it lies in the pattern. */
export interface ZoneFrame {
  /** The zone axis as the shortest lattice vector along it, conventional coordinates. */
  zone: Vec3;
  /** Unit vectors of the pattern in the axes of `cellMatrix`: right, up, and along the zone axis. */
  x: Vec3;
  y: Vec3;
  normal: Vec3;
  /** Primitive basis of the projected lattice, rows in (x, y), angstrom, right-handed. */
  projected: Matrix2;
  /** Dual basis: rows are the reciprocal vectors in (x, y), 1/angstrom, of the zero layer. */
  reciprocal: Matrix2;
  /** Miller indices (conventional cell) of the two rows of `reciprocal`. */
  hkl: readonly [Vec3, Vec3];
  /** Repeat distance along the zone axis, angstrom. */
  period: number;
  /** Rows a1, a2 (over the projected basis) and the zone axis, in conventional coordinates. */
  basis: Matrix3;
  /** The direct-lattice direction that points up, as conventional coordinates. */
  inPlane: Vec3;
}

/** Primitive lattice vectors as rows in conventional coordinates (unimodular over the centring). */
const PRIMITIVE: Record<Centring, Matrix3> = {
  P: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  A: [
    [1, 0, 0],
    [0, 1 / 2, 1 / 2],
    [0, -1 / 2, 1 / 2],
  ],
  C: [
    [1 / 2, 1 / 2, 0],
    [-1 / 2, 1 / 2, 0],
    [0, 0, 1],
  ],
  I: [
    [-1 / 2, 1 / 2, 1 / 2],
    [1 / 2, -1 / 2, 1 / 2],
    [1 / 2, 1 / 2, -1 / 2],
  ],
  F: [
    [0, 1 / 2, 1 / 2],
    [1 / 2, 0, 1 / 2],
    [1 / 2, 1 / 2, 0],
  ],
  R: [
    [2 / 3, 1 / 3, 1 / 3],
    [-1 / 3, 1 / 3, 1 / 3],
    [-1 / 3, -2 / 3, 1 / 3],
  ],
};

/** The three standard zone axes of the lattice system, direct-lattice indices. */
export function standardZones(spaceGroup: number): readonly [Vec3, Vec3, Vec3] {
  switch (crystalSystem(spaceGroup)) {
    case 'cubic':
      return [
        [0, 0, 1],
        [1, 1, 0],
        [1, 1, 1],
      ];
    case 'hexagonal':
    case 'trigonal':
      return [
        [0, 0, 1],
        [1, 0, 0],
        [2, 1, 0],
      ];
    case 'tetragonal':
      return [
        [0, 0, 1],
        [1, 0, 0],
        [1, 1, 0],
      ];
    default:
      return [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ];
  }
}

/** A direction with its largest component 1, or as small whole numbers where they fit. */
function tidyDirection(v: Vec3): Vec3 {
  const largest = Math.max(...v.map(Math.abs));
  const unit = v.map((value) => value / largest);
  for (let n = 1; n <= 12; n++) {
    const whole = unit.map((value) => Math.round(value * n));
    if (unit.every((value, i) => Math.abs(value * n - whole[i]!) < 1e-4 * n)) {
      return [whole[0]! + 0, whole[1]! + 0, whole[2]! + 0];
    }
  }
  return [unit[0]!, unit[1]!, unit[2]!];
}

/** The shortest lattice vector along a direction, in primitive coordinates. */
function primitiveZone(zone: Vec3, primitive: Matrix3): Vec3 {
  if (zone.some((index) => !Number.isInteger(index))) {
    throw inputError(`zone axis [${zone.join(' ')}] is not three whole numbers`);
  }
  if (zone.every((index) => index === 0)) {
    throw inputError('zone axis [0 0 0] has no direction', 'give three indices, not all zero');
  }
  const whole = vectorMatrix(zone, inverse(primitive)).map(Math.round);
  const divisor = greatestDivisor(whole);
  return [whole[0]! / divisor, whole[1]! / divisor, whole[2]! / divisor];
}

export interface ZoneRequest {
  cell: Cell;
  centring: Centring;
  /** Direct-lattice indices of the conventional cell. */
  zone: Vec3;
}

/**
 * The frame of a zone axis. The horizontal axis lies along the shortest projected lattice vector,
 * or, where the projected net is rhombic, along its short diagonal, so that mirror lines of the
 * net are horizontal or vertical in the pattern.
 *
 * @throws input error for a zone axis that is no direction.
 */
export function zoneFrame({ cell, centring, zone }: ZoneRequest): ZoneFrame {
  const primitive = PRIMITIVE[centring];
  const u = primitiveZone(zone, primitive);
  const rows = cellMatrix(cell);
  const lattice = multiply(completeBasis(u), primitive);
  const along = vectorMatrix(lattice[2], rows);
  const period = norm(along);
  const normal: Vec3 = [along[0] / period, along[1] / period, along[2] / period];
  const { basis, axis } = reducedPlane(lattice, rows, normal);
  const x = axis;
  const y = cross(normal, x);
  const flat = (row: Vec3): Vec2 => {
    const r = vectorMatrix(row, rows);
    return [dot(r, x), dot(r, y)];
  };
  const [a, b] = [flat(basis[0]), flat(basis[1])];
  const area = a[0] * b[1] - a[1] * b[0];
  const dual = transpose(inverse(basis));
  const hkl = (row: Vec3): Vec3 => [
    Math.round(row[0]) + 0,
    Math.round(row[1]) + 0,
    Math.round(row[2]) + 0,
  ];
  return {
    zone: basis[2],
    x,
    y,
    normal,
    projected: [a, b],
    reciprocal: [
      [b[1] / area, -b[0] / area],
      [-a[1] / area, a[0] / area],
    ],
    hkl: [hkl(dual[0]), hkl(dual[1])],
    period,
    basis,
    inPlane: tidyDirection(vectorMatrix(y, inverse(rows))),
  };
}
