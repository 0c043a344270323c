import { asFractions, cellMatrix, cellOf, conformCell } from './cell.ts';
import type { Atom, Cell, Crystal, Vec3 } from './crystal.ts';
import { determinant, inverse, type Matrix3, matrixVector, multiply, transpose } from './matrix.ts';
import { type AxisChange, shortestMonoclinic } from './monoclinic.ts';
import { symmetryLibrary } from './moyo.ts';
import { expandSites, nearestImage } from './orbit.ts';
import { latticeSystem, operations } from './spacegroup.ts';

/** A cell and all its atoms, in any setting. */
export type Structure = Pick<Crystal, 'cell' | 'atoms'>;

/** A structure in the standard conventional cell of its space group. */
export interface StandardStructure extends Structure {
  spaceGroup: number;
  /** One atom of each orbit. */
  sites: readonly Atom[];
  /** Takes the indices of a direction in the given axes to those in the standard cell. */
  directions: Matrix3;
}

/** Distance within which positions count as equivalent, in angstrom. */
export const SYMMETRY_TOLERANCE = 0.01;

/** Nine numbers by columns, as the symmetry library gives them. */
const fromColumns = (m: readonly number[]): Matrix3 => [
  [m[0]!, m[3]!, m[6]!],
  [m[1]!, m[4]!, m[7]!],
  [m[2]!, m[5]!, m[8]!],
];

function analyse({ cell, atoms }: Structure, tolerance: number) {
  const request = JSON.stringify({
    lattice: { basis: cellMatrix(cell).flat() },
    positions: atoms.map((atom) => atom.position),
    numbers: atoms.map((atom) => atom.element),
  });
  try {
    return symmetryLibrary().analyze_cell(request, tolerance, 'Standard');
  } catch {
    return null; // The library throws a plain string where its search does not close.
  }
}

/** The symmetry found in a structure. */
export interface Symmetry {
  /** 1 to 230. */
  spaceGroup: number;
  /** Atoms in the conventional cell that the symmetry asks for. */
  atomCount: number;
}

/** The symmetry of a structure, or null where none can be found. `tolerance` in angstrom. */
export function findSymmetry(
  structure: Structure,
  tolerance = SYMMETRY_TOLERANCE,
): Symmetry | null {
  const found = analyse(structure, tolerance);
  return found && { spaceGroup: found.number, atomCount: found.std_cell.numbers.length };
}

const sameSite = (a: Vec3, b: Vec3, tolerance: Vec3): boolean =>
  nearestImage(a, b).every((d, i) => Math.abs(d) <= tolerance[i]!);

/** One atom of each orbit, and all atoms with their positions made exact. */
function orbits(atoms: readonly Atom[], spaceGroup: number, tolerance: Vec3) {
  const sites: Atom[] = [];
  const all: Atom[] = [];
  for (const atom of atoms) {
    const seen = all.some(
      (known) =>
        known.element === atom.element && sameSite(known.position, atom.position, tolerance),
    );
    if (seen) continue;
    const images = expandSites([atom], operations(spaceGroup), tolerance);
    sites.push(images[0]!);
    all.push(...images);
  }
  return { sites, atoms: all };
}

/** The same structure with other axes and another origin; a proper change keeps its hand. */
function redescribe({ cell, atoms }: Structure, { change, origin }: AxisChange): Structure {
  const back = inverse(change);
  return {
    cell: cellOf(multiply(transpose(change), cellMatrix(cell))),
    atoms: atoms.map((atom) => {
      const [x, y, z] = atom.position;
      const shifted: Vec3 = [x - origin[0], y - origin[1], z - origin[2]];
      return { ...atom, position: matrixVector(back, shifted) };
    }),
  };
}

/**
 * The structure in the standard conventional cell of its space group, which is found anew.
 * Axes are changed by a proper rotation and the origin is shifted: a crystal never becomes its
 * mirror image. Positions are made exact. Null where no symmetry can be found or where the
 * found symmetry does not reproduce the atoms. `tolerance` in angstrom.
 */
export function standardise(
  structure: Structure,
  tolerance = SYMMETRY_TOLERANCE,
): StandardStructure | null {
  const found = analyse(structure, tolerance);
  if (!found) return null;
  const system = latticeSystem(found.number);
  // (a, b, c)_standard = (a, b, c) P and x_standard = P^-1 (x - p); det P > 0.
  const change = fromColumns(found.std_linear);
  let moved = redescribe(structure, { change, origin: found.std_origin_shift });
  let directions = inverse(change);
  if (system === 'monoclinic') {
    const shortest = shortestMonoclinic(found.number, moved.cell);
    moved = redescribe(moved, shortest);
    directions = multiply(inverse(shortest.change), directions);
  }
  const cell = conformCell(moved.cell, system);
  const parts = orbits(moved.atoms, found.number, asFractions(Math.max(0.05, 5 * tolerance), cell));
  if (parts.atoms.length !== found.std_cell.numbers.length) return null;
  return { spaceGroup: found.number, cell, directions, ...parts };
}

/** How a structure is brought into the standard setting of its space group. */
export interface StandardSetting {
  /** 1 to 230. */
  spaceGroup: number;
  /** New axes (a, b, c) P, its inverse, and the new origin in the old axes. */
  change: Matrix3;
  back: Matrix3;
  origin: Vec3;
  /** Volume of the new cell over that of the old one. */
  volume: number;
}

/** The standard setting of a structure; null where no symmetry can be found. */
export function settingOf(
  structure: Structure,
  tolerance = SYMMETRY_TOLERANCE,
): StandardSetting | null {
  const found = analyse(structure, tolerance);
  if (!found) return null;
  let change = fromColumns(found.std_linear);
  let origin: Vec3 = found.std_origin_shift;
  if (latticeSystem(found.number) === 'monoclinic') {
    const next = shortestMonoclinic(found.number, cellIn(change, structure.cell));
    const [x, y, z] = matrixVector(change, next.origin);
    origin = [origin[0] + x, origin[1] + y, origin[2] + z];
    change = multiply(change, next.change);
  }
  return {
    spaceGroup: found.number,
    change,
    back: inverse(change),
    origin,
    volume: determinant(change),
  };
}

const cellIn = (change: Matrix3, cell: Cell): Cell =>
  cellOf(multiply(transpose(change), cellMatrix(cell)));

/** The cell in a setting. */
export const settingCell = (setting: StandardSetting, cell: Cell): Cell =>
  cellIn(setting.change, cell);

/** A position in a setting, not wrapped. */
export const toSetting = ({ back, origin }: StandardSetting, [x, y, z]: Vec3): Vec3 =>
  matrixVector(back, [x - origin[0], y - origin[1], z - origin[2]]);
