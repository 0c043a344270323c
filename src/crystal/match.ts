import { cellMatrix, cellVolume } from './cell.ts';
import type { Vec3 } from './crystal.ts';
import { reducedFormula } from './formula.ts';
import { cross, determinant, norm, vectorMatrix } from './matrix.ts';
import { nearestImage } from './orbit.ts';
import type { Structure } from './symmetry.ts';

/** Neighbours of an atom that a fingerprint keeps, of any element and of its own. */
const ANY = 14;
const OWN = 6;
/** Spheres up to this many times the cube root of the volume of an atom are searched. */
const REACH = 2.6;

/**
 * How each element of a structure is surrounded, in units of the cube root of the volume of an
 * atom: independent of setting, origin, hand, supercell and scale.
 */
export interface Fingerprint {
  /** Element counts divided by their greatest common divisor: structures that differ here differ. */
  formula: string;
  /**
   * Element by element (ascending atomic number): mean and standard deviation, over its atoms, of
   * the distances to the nearest atoms and to the nearest ones of the same element.
   */
  distances: Float32Array;
}

/** Whole numbers of cells that a sphere reaches along each axis. */
function cellsWithin(rows: ReturnType<typeof cellMatrix>, radius: number): Vec3 {
  const volume = Math.abs(determinant(rows));
  const planes = [cross(rows[1], rows[2]), cross(rows[2], rows[0]), cross(rows[0], rows[1])];
  const counts = planes.map((plane) => Math.ceil((radius * norm(plane)) / volume + 0.5));
  return [counts[0]!, counts[1]!, counts[2]!];
}

/** The structure's fingerprint; about a millisecond for 50 atoms. */
function fingerprint(structure: Structure): Fingerprint {
  const { cell, atoms } = structure;
  const rows = cellMatrix(cell);
  const scale = Math.cbrt(cellVolume(cell) / atoms.length);
  const radius = REACH * scale;
  const [na, nb, nc] = cellsWithin(rows, radius);
  const shifts: Vec3[] = [];
  for (let i = -na; i <= na; i++)
    for (let j = -nb; j <= nb; j++)
      for (let k = -nc; k <= nc; k++) shifts.push(vectorMatrix([i, j, k], rows));
  const kinds = [...new Set(atoms.map(({ element }) => element))].sort((a, b) => a - b);
  const distances = new Float32Array(kinds.length * 2 * (ANY + OWN));
  const limit = radius * radius;
  for (const [kind, element] of kinds.entries()) {
    const members = atoms.filter((atom) => atom.element === element);
    const sums = new Float64Array(ANY + OWN);
    const squares = new Float64Array(ANY + OWN);
    for (const atom of members) {
      const any: number[] = [];
      const own: number[] = [];
      for (const other of atoms) {
        const [x, y, z] = vectorMatrix(nearestImage(atom.position, other.position), rows);
        for (const [a, b, c] of shifts) {
          const square = (x + a) ** 2 + (y + b) ** 2 + (z + c) ** 2;
          if (square > limit || square < 1e-6) continue;
          any.push(square);
          if (other.element === element) own.push(square);
        }
      }
      const sorted = (list: number[], count: number): number[] => {
        list.sort((p, q) => p - q);
        return Array.from({ length: count }, (_, i) =>
          i < list.length ? Math.sqrt(list[i]!) / scale : REACH,
        );
      };
      [...sorted(any, ANY), ...sorted(own, OWN)].forEach((value, i) => {
        sums[i]! += value / members.length;
        squares[i]! += (value * value) / members.length;
      });
    }
    const at = kind * 2 * (ANY + OWN);
    sums.forEach((mean, i) => {
      distances[at + i] = mean;
      distances[at + ANY + OWN + i] = Math.sqrt(Math.max(0, squares[i]! - mean * mean));
    });
  }
  return { formula: reducedFormula(atoms), distances };
}

/** Mean difference of distances (in cube roots of the volume of an atom) up to which structures are one. */
const TOLERANCE = 0.03;
/** The largest difference of any of them. */
const LARGEST = 0.12;

/** Whether two fingerprints are of one structure: same composition, same surroundings. */
function sameStructure(a: Fingerprint, b: Fingerprint): boolean {
  if (a.formula !== b.formula) return false;
  let sum = 0;
  for (let i = 0; i < a.distances.length; i++) {
    const difference = Math.abs(a.distances[i]! - b.distances[i]!);
    if (difference > LARGEST) return false;
    sum += difference;
  }
  return sum <= TOLERANCE * a.distances.length;
}

/** A structure and its fingerprint, which is computed when it is first compared. */
interface Entry {
  name: string;
  structure: Structure;
  print?: Fingerprint;
}

/** Structures to be found again; a lookup compares those of equal composition only. */
export class StructureIndex {
  private readonly entries = new Map<string, Entry[]>();

  add(name: string, structure: Structure): void {
    const formula = reducedFormula(structure.atoms);
    const known = this.entries.get(formula);
    if (known) known.push({ name, structure });
    else this.entries.set(formula, [{ name, structure }]);
  }

  /** Name of a structure that is this one; null where there is none. */
  find(structure: Structure): string | null {
    const entries = this.entries.get(reducedFormula(structure.atoms));
    if (!entries) return null;
    const print = fingerprint(structure);
    for (const entry of entries) {
      entry.print ??= fingerprint(entry.structure);
      if (sameStructure(entry.print, print)) return entry.name;
    }
    return null;
  }
}
