import { cellVolume } from '../crystal/cell.ts';
import type { Crystal } from '../crystal/crystal.ts';
import { inverse, vectorMatrix } from '../crystal/matrix.ts';
import type { ZoneFrame } from '../crystal/zone.ts';
import { emptyPlane, fastSize, frequency, type Plane, transform } from './fourier.ts';
import { electronFactor, kirkland } from './scattering.ts';

/** h^2 / (2 pi m e) in V angstrom^2: from scattering factors to potentials. */
export const VOLT_SQUARE_ANGSTROM = 47.877645;

/** The potential of a crystal projected along a zone axis, on a grid over one projected cell. */
export interface Projection {
  frame: ZoneFrame;
  /** Band limit of potential and transmission function, 1/angstrom; 2/3 of the grid's limit or less. */
  band: number;
  rows: number;
  columns: number;
  /** Mean of the potential over the period along the beam, V, at each grid point. */
  volts: Float64Array;
}

export interface ProjectionRequest {
  crystal: Crystal;
  frame: ZoneFrame;
  band: number;
  /** Root mean square displacement along one axis in angstrom for atoms that state none. */
  displacement: number;
}

/** Points along a projected lattice vector: alias-free products of two functions of the band. */
const gridSize = (vector: readonly [number, number], band: number): number =>
  fastSize(Math.ceil(3 * band * Math.hypot(...vector)));

/** exp(-2 pi i h u) for the frequencies of one side. */
function phases(u: number, count: number): { re: Float64Array; im: Float64Array } {
  const re = new Float64Array(count);
  const im = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const angle = -2 * Math.PI * frequency(i, count) * u;
    re[i] = Math.cos(angle);
    im[i] = Math.sin(angle);
  }
  return { re, im };
}

/** Adds the phase factors of one atom, separable over the two sides, to a plane. */
function addAtom(plane: Plane, u: number, v: number): void {
  const p = phases(u, plane.rows);
  const q = phases(v, plane.columns);
  for (let i = 0, at = 0; i < plane.rows; i++) {
    const [a, b] = [p.re[i]!, p.im[i]!];
    for (let j = 0; j < plane.columns; j++, at++) {
      plane.re[at] = plane.re[at]! + a * q.re[j]! - b * q.im[j]!;
      plane.im[at] = plane.im[at]! + a * q.im[j]! + b * q.re[j]!;
    }
  }
}

/** Square of the reciprocal length of every point of a transform over the projected cell. */
export function squaredLengths(frame: ZoneFrame, rows: number, columns: number): Float64Array {
  const [a, b] = frame.reciprocal;
  const out = new Float64Array(rows * columns);
  for (let i = 0, at = 0; i < rows; i++) {
    const h = frequency(i, rows);
    for (let j = 0; j < columns; j++, at++) {
      const k = frequency(j, columns);
      out[at] = (h * a[0] + k * b[0]) ** 2 + (h * a[1] + k * b[1]) ** 2;
    }
  }
  return out;
}

/** Atoms that share element and mean square displacement share their scattering factor. */
function species(crystal: Crystal, displacement: number): Map<string, Crystal['atoms'][number][]> {
  const groups = new Map<string, Crystal['atoms'][number][]>();
  for (const atom of crystal.atoms) {
    const key = `${atom.element} ${displacement > 0 ? (atom.uIso ?? displacement ** 2) : 0}`;
    groups.set(key, [...(groups.get(key) ?? []), atom]);
  }
  return groups;
}

/**
 * Projects a crystal along a zone axis: the sum over species of structure grid times scattering
 * factor times Debye-Waller factor, transformed to real space. Exact sub-cell positions. The band
 * limit is a circle, so that no symmetry of the projection is lost.
 */
export function project({ crystal, frame, band, displacement }: ProjectionRequest): Projection {
  const rows = gridSize(frame.projected[0], band);
  const columns = gridSize(frame.projected[1], band);
  const squares = squaredLengths(frame, rows, columns);
  const toCell = inverse(frame.basis);
  const total = emptyPlane(rows, columns);
  for (const [key, atoms] of species(crystal, displacement)) {
    const [element, meanSquare] = key.split(' ').map(Number) as [number, number];
    const plane = emptyPlane(rows, columns);
    for (const atom of atoms) {
      const [u, v] = vectorMatrix(atom.position, toCell);
      addAtom(plane, u, v);
    }
    const row = kirkland()[element]!;
    for (let at = 0; at < squares.length; at++) {
      const q2 = squares[at]!;
      if (q2 >= band * band) continue;
      const f = electronFactor(row, q2) * Math.exp(-2 * Math.PI ** 2 * meanSquare * q2);
      total.re[at] = total.re[at]! + f * plane.re[at]!;
      total.im[at] = total.im[at]! + f * plane.im[at]!;
    }
  }
  const scale = VOLT_SQUARE_ANGSTROM / cellVolume(crystal.cell);
  const volts = transform(total, 1).re.map((value) => value * scale);
  return { frame, band, rows, columns, volts };
}
