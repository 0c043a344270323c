import type { Stream } from '../../common/stream.ts';
import { cellMatrix } from '../../crystal/cell.ts';
import type { Atom, Crystal, Vec3 } from '../../crystal/crystal.ts';
import { dot, inverse, vectorMatrix } from '../../crystal/matrix.ts';
import type { Vec2, ZoneFrame } from '../../crystal/zone.ts';
import { type Box, boxReciprocal } from './grid.ts';
import type { SlicedAtoms } from './multislice.ts';
import type { SpeciesAtoms } from './potential.ts';

/** Distances under which two positions are one, as a fraction of a cell. */
const SAME = 1e-4;

/** Atoms of the primitive cell, with coordinates over the basis of the frame in [0, 1). */
function primitiveAtoms(crystal: Crystal, frame: ZoneFrame): { atom: Atom; at: Vec3 }[] {
  const toBasis = inverse(frame.basis);
  const wrap = (value: number): number => {
    const inside = value - Math.floor(value);
    return inside > 1 - SAME / 10 ? 0 : inside;
  };
  const seen = new Set<string>();
  const out: { atom: Atom; at: Vec3 }[] = [];
  for (const atom of crystal.atoms) {
    const [u, v, w] = vectorMatrix(atom.position, toBasis);
    const at: Vec3 = [wrap(u), wrap(v), wrap(w)];
    const cell = Math.round(1 / SAME);
    const key = [atom.element, ...at.map((value) => Math.round(value * cell) % cell)].join(' ');
    if (!seen.has(key)) out.push({ atom, at });
    seen.add(key);
  }
  return out;
}

/** Heights of the first two basis vectors along the beam, angstrom. */
export function basisHeights(crystal: Crystal, frame: ZoneFrame): Vec2 {
  const rows = cellMatrix(crystal.cell);
  const height = (row: Vec3): number => dot(vectorMatrix(row, rows), frame.normal);
  return [height(frame.basis[0]), height(frame.basis[1])];
}

export interface Filling {
  crystal: Crystal;
  frame: ZoneFrame;
  box: Box;
  /** Slices of a period along the beam, or of the whole depth where one is given. */
  slices: number;
  /** Slice thickness, angstrom. */
  step: number;
  /** Fill this depth (angstrom) atom by atom rather than one period that repeats. */
  depth: number | null;
  /** Root mean square displacement along one axis, angstrom, for atoms that state none. */
  displacement: number;
  /** Displaces the atoms (frozen phonons) instead of blurring them (Debye-Waller factor). */
  phonons: Stream | null;
  /** Whether each slice carries its own atoms, or all the mean of the period (no HOLZ). */
  holz: boolean;
}

/** Lattice points (over the projected basis) whose cells may reach into the box. */
function* cellsOver({ frame, box }: Filling): Generator<[number, number]> {
  const [a, b] = frame.reciprocal;
  const [p, q] = box.sides;
  const corners = [
    [0, 0],
    [p[0], p[1]],
    [q[0], q[1]],
    [p[0] + q[0], p[1] + q[1]],
  ] as const;
  const along = (g: Vec2) => corners.map(([x, y]) => x * g[0] + y * g[1]);
  const [i, j] = [along(a), along(b)];
  for (let m = Math.floor(Math.min(...i)) - 1; m <= Math.max(...i); m++) {
    for (let n = Math.floor(Math.min(...j)) - 1; n <= Math.max(...j); n++) yield [m, n];
  }
}

/** An atom in the box: in-plane cartesian and height in angstrom. */
type Place = (atom: Atom, x: number, y: number, z: number) => void;

function eachAtom(filling: Filling, place: Place): void {
  const { crystal, frame, depth } = filling;
  const [a, b] = frame.projected;
  const [za, zb] = basisHeights(crystal, frame);
  const atoms = primitiveAtoms(crystal, frame);
  const { period } = frame;
  for (const [m, n] of cellsOver(filling)) {
    for (const { atom, at } of atoms) {
      const [u, v] = [at[0] + m, at[1] + n];
      const x = u * a[0] + v * b[0];
      const y = u * a[1] + v * b[1];
      const height = u * za + v * zb + at[2] * period;
      const lowest = height - period * Math.floor(height / period + SAME / 10);
      for (let z = lowest; z < (depth ?? period) * (1 - SAME / 10); z += period) {
        place(atom, x, y, z);
      }
    }
  }
}

/** A box filled with a crystal whose zone axis lies along the beam, cut into slices. */
export function fillBox(filling: Filling): SlicedAtoms {
  const { box, slices, step, phonons, holz } = filling;
  const [p, q] = boxReciprocal(box);
  const count = holz ? slices : 1;
  const out = Array.from({ length: count }, () => new Map<number, SpeciesAtoms>());
  eachAtom(filling, (atom, x, y, z) => {
    // The edge belongs to one side only, also where rounding has moved an atom across it.
    const [u, v] = [x * p[0] + y * p[1], x * q[0] + y * q[1]];
    if (u < -1e-6 || v < -1e-6 || u >= 1 - 1e-6 || v >= 1 - 1e-6) return;
    const square = filling.displacement > 0 ? (atom.uIso ?? filling.displacement ** 2) : 0;
    const shake = phonons ? Math.sqrt(square) : 0;
    const [dx, dy, dz] = phonons
      ? [shake * phonons.normal(), shake * phonons.normal(), shake * phonons.normal()]
      : [0, 0, 0];
    const slice = Math.floor((z + dz) / step + 1e-6);
    const list = out[Math.max(0, Math.min(count - 1, slice))]!;
    const meanSquare = phonons ? 0 : square;
    // One number of both: there are many atoms, and displacements are far under a million.
    const key = atom.element + 1e-6 * meanSquare;
    let species = list.get(key);
    if (!species) {
      species = { element: atom.element, meanSquare, u: [], v: [] };
      list.set(key, species);
    }
    (species.u as number[]).push(u + dx * p[0] + dy * p[1]);
    (species.v as number[]).push(v + dx * q[0] + dy * q[1]);
  });
  return { step, slices: out.map((list) => [...list.values()]), weight: holz ? 1 : 1 / slices };
}
