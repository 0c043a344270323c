import { cellMatrix } from './cell.ts';
import type { Atom, Cell, Vec3 } from './crystal.ts';
import { cross, determinant, type Matrix3, norm, vectorMatrix } from './matrix.ts';

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
  const rows = cellMatrix(cell);
  const shifts = translations(rows, 2 * Math.max(...Array.from(radii)));
  let worst: Clash | null = null;
  let ratio = 1;
  for (let i = 0; i < atoms.length; i++) {
    for (let j = i; j < atoms.length; j++) {
      const limit = radii[i]! + radii[j]!;
      const [a, b] = [atoms[i]!.position, atoms[j]!.position];
      const offset: Vec3 = [fraction(a[0] - b[0]), fraction(a[1] - b[1]), fraction(a[2] - b[2])];
      const d = vectorMatrix(offset, rows);
      for (const s of shifts) {
        const square = (d[0] + s[0]) ** 2 + (d[1] + s[1]) ** 2 + (d[2] + s[2]) ** 2;
        const itself = i === j && s[0] === 0 && s[1] === 0 && s[2] === 0;
        if (itself || square >= (limit * ratio) ** 2) continue;
        ratio = Math.sqrt(square) / limit;
        worst = { pair: [i, j], distance: Math.sqrt(square) };
      }
    }
  }
  return worst;
}
