import { cellMatrix } from './cell.ts';
import type { Atom, Cell, Vec3 } from './crystal.ts';
import { cross, determinant, type Matrix3, norm, vectorMatrix } from './matrix.ts';

/** Least distance of two atoms of a made crystal as a share of the sum of their radii. */
export const CLOSENESS = 0.7;

/** How many cells either way of the unit cell a sphere of the radius can reach along a, b, c. */
function reach(rows: Matrix3, radius: number): [number, number, number] {
  const volume = Math.abs(determinant(rows));
  const steps = (i: 0 | 1 | 2): number => {
    const plane = norm(cross(rows[((i + 1) % 3) as 0 | 1 | 2], rows[((i + 2) % 3) as 0 | 1 | 2]));
    return Math.ceil((radius * plane) / volume - 1e-9 + 0.5);
  };
  return [steps(0), steps(1), steps(2)];
}

/** The lattice vectors (cartesian, angstrom) that can bring two wrapped positions together. */
function translations(rows: Matrix3, radius: number): Vec3[] {
  const [na, nb, nc] = reach(rows, radius);
  const out: Vec3[] = [];
  for (let i = -na; i <= na; i++)
    for (let j = -nb; j <= nb; j++)
      for (let k = -nc; k <= nc; k++) out.push(vectorMatrix([i, j, k], rows));
  return out;
}

const fraction = (x: number): number => x - Math.round(x);

/** Distances between periodic images in one cell, exact up to `range` (angstrom). */
export class Spacing {
  private readonly rows: Matrix3;
  private readonly shifts: Vec3[];

  constructor(cell: Cell, range: number) {
    this.rows = cellMatrix(cell);
    this.shifts = translations(this.rows, range);
  }

  /** Shortest distance of two different atoms, in angstrom. */
  between(a: Vec3, b: Vec3): number {
    return Math.sqrt(this.nearestSquare(a, b, false));
  }

  /** Shortest distance of an atom to its own images, in angstrom. */
  get toItself(): number {
    return Math.sqrt(this.nearestSquare([0, 0, 0], [0, 0, 0], true));
  }

  private nearestSquare(a: Vec3, b: Vec3, skipOrigin: boolean): number {
    const offset: Vec3 = [fraction(a[0] - b[0]), fraction(a[1] - b[1]), fraction(a[2] - b[2])];
    const d = vectorMatrix(offset, this.rows);
    let nearest = Number.POSITIVE_INFINITY;
    for (const s of this.shifts) {
      if (skipOrigin && s[0] === 0 && s[1] === 0 && s[2] === 0) continue;
      const square = (d[0] + s[0]) ** 2 + (d[1] + s[1]) ** 2 + (d[2] + s[2]) ** 2;
      if (square < nearest) nearest = square;
    }
    return nearest;
  }
}

/** Two atoms nearer than allowed: indices (equal for an atom and its own image) and angstrom. */
export interface Clash {
  pair: readonly [number, number];
  distance: number;
}

/**
 * The worst clash of a crystal: the pair whose distance is the smallest share of the sum of the
 * two radii (angstrom, one for each atom), periodic images included; null where no pair is
 * nearer than that sum.
 */
export function worstClash(
  cell: Cell,
  atoms: readonly Atom[],
  radii: ArrayLike<number>,
): Clash | null {
  const spacing = new Spacing(cell, 2 * Math.max(...Array.from(radii)));
  const own = spacing.toItself;
  let worst: Clash | null = null;
  let ratio = 1;
  for (let i = 0; i < atoms.length; i++) {
    for (let j = i; j < atoms.length; j++) {
      const distance = i === j ? own : spacing.between(atoms[i]!.position, atoms[j]!.position);
      const share = distance / (radii[i]! + radii[j]!);
      if (share >= ratio) continue;
      ratio = share;
      worst = { pair: [i, j], distance };
    }
  }
  return worst;
}
