import { cellMatrix } from '../crystal/cell.ts';
import type { Cell, Vec3 } from '../crystal/crystal.ts';
import { inverse, matrixVector, norm } from '../crystal/matrix.ts';

type Three<T> = readonly [T, T, T];

/** Interplanar spacing of hkl in angstrom. */
const spacingOf = (cell: Cell, hkl: Vec3): number =>
  1 / norm(matrixVector(inverse(cellMatrix(cell)), hkl));

/**
 * The spacings that chose zone axes, for another cell: where a reflection hkl (or a multiple) chose
 * the direction of the same indices, its spacing changes with the cell.
 */
export function tripletSpacings(
  from: { cell: Cell; zones: Three<Vec3>; spacings: Three<number> | null },
  cell: Cell,
): Three<number> | null {
  const { zones, spacings } = from;
  if (!spacings) return null;
  const moved = (i: 0 | 1 | 2): number =>
    (spacings[i] * spacingOf(cell, zones[i])) / spacingOf(from.cell, zones[i]);
  return [moved(0), moved(1), moved(2)];
}
