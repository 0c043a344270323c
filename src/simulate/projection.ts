import { cellVolume } from '../crystal/cell.ts';
import type { Crystal } from '../crystal/crystal.ts';
import { inverse, vectorMatrix } from '../crystal/matrix.ts';
import type { Vec2, ZoneFrame } from '../crystal/zone.ts';
import { emptyPlane, fastSize, frequency, transform } from './fourier.ts';
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

/** Half of the beams under the band limit: the others are their opposites. */
interface HalfBeams {
  h: number[];
  k: number[];
  squares: number[];
}

function halfBeams(frame: ZoneFrame, band: number): HalfBeams {
  const [a, b] = frame.reciprocal;
  const most = Math.ceil(band * Math.hypot(...frame.projected[0]));
  const wide = Math.ceil(band * Math.hypot(...frame.projected[1]));
  const out: HalfBeams = { h: [], k: [], squares: [] };
  for (let h = 0; h <= most; h++) {
    for (let k = h === 0 ? 0 : -wide; k <= wide; k++) {
      const square = (h * a[0] + k * b[0]) ** 2 + (h * a[1] + k * b[1]) ** 2;
      if (square >= band * band) continue;
      out.h.push(h);
      out.k.push(k);
      out.squares.push(square);
    }
  }
  return out;
}

/** exp(-2 pi i n u) for n from -reach to reach. */
function powers(u: number, reach: number): { re: Float64Array; im: Float64Array } {
  const re = new Float64Array(2 * reach + 1);
  const im = new Float64Array(2 * reach + 1);
  for (let n = 0; n <= reach; n++) {
    const angle = 2 * Math.PI * n * u;
    re[reach + n] = re[reach - n] = Math.cos(angle);
    im[reach - n] = Math.sin(angle);
    im[reach + n] = -im[reach - n]!;
  }
  return { re, im };
}

/** Sums of exp(-2 pi i g.r) over atoms at (u, v) of the projected cell, for half of the beams. */
function structureSums(beams: HalfBeams, positions: readonly Vec2[]): Float64Array[] {
  const [re, im] = [new Float64Array(beams.h.length), new Float64Array(beams.h.length)];
  const reach = Math.max(...beams.h, ...beams.k.map(Math.abs));
  for (const [u, v] of positions) {
    const [p, q] = [powers(u, reach), powers(v, reach)];
    for (let g = 0; g < re.length; g++) {
      const i = reach + beams.h[g]!;
      const j = reach + beams.k[g]!;
      re[g] = re[g]! + p.re[i]! * q.re[j]! - p.im[i]! * q.im[j]!;
      im[g] = im[g]! + p.re[i]! * q.im[j]! + p.im[i]! * q.re[j]!;
    }
  }
  return [re, im];
}

/**
 * Projects a crystal along a zone axis: the sum over species of structure sums times scattering
 * factor times Debye-Waller factor, transformed to real space. Exact sub-cell positions. The band
 * limit is a circle, so that no symmetry of the projection is lost.
 */
export function project({ crystal, frame, band, displacement }: ProjectionRequest): Projection {
  const rows = gridSize(frame.projected[0], band);
  const columns = gridSize(frame.projected[1], band);
  const toCell = inverse(frame.basis);
  const beams = halfBeams(frame, band);
  const total = emptyPlane(rows, columns);
  const scale = VOLT_SQUARE_ANGSTROM / cellVolume(crystal.cell);
  const wrap = (index: number, count: number): number => (index < 0 ? index + count : index);
  for (const [key, atoms] of species(crystal, displacement)) {
    const [element, meanSquare] = key.split(' ').map(Number) as [number, number];
    const positions = atoms.map(({ position }): Vec2 => {
      const [u, v] = vectorMatrix(position, toCell);
      return [u, v];
    });
    const [re, im] = structureSums(beams, positions) as [Float64Array, Float64Array];
    const row = kirkland()[element]!;
    for (let g = 0; g < re.length; g++) {
      const q2 = beams.squares[g]!;
      const f = scale * electronFactor(row, q2) * Math.exp(-2 * Math.PI ** 2 * meanSquare * q2);
      const h = beams.h[g]!;
      const k = beams.k[g]!;
      // Half of the spectrum, doubled: the real part of its transform is the potential.
      const share = h === 0 && k === 0 ? f : 2 * f;
      const at = h * columns + wrap(k, columns);
      total.re[at] = total.re[at]! + share * re[g]!;
      total.im[at] = total.im[at]! + share * im[g]!;
    }
  }
  return { frame, band, rows, columns, volts: transform(total, 1).re };
}
