import { cellVolume } from '../crystal/cell.ts';
import type { Crystal } from '../crystal/crystal.ts';
import { inverse, vectorMatrix } from '../crystal/matrix.ts';
import type { Vec2, ZoneFrame } from '../crystal/zone.ts';
import { emptyPlane, fastSize, type Plane } from './fourier.ts';
import { debyeWaller, type ScatteringFactor } from './scattering.ts';

/** h^2 / (2 pi m e) in V angstrom^2: from scattering factors to potentials. */
export const VOLT_SQUARE_ANGSTROM = 47.877645;

/** Points of the zero layer inside a band limit. */
export interface Beams {
  count: number;
  /** Indices over the reciprocal basis of the frame, in order of h and k. */
  h: Int32Array;
  k: Int32Array;
  /** Reciprocal vectors in the pattern's axes, 1/angstrom. */
  x: Float64Array;
  y: Float64Array;
  /** Position of the direct beam in the list. */
  direct: number;
}

/** All beams with |g| under a band limit (1/angstrom), of those that a condition on x and y lets pass. */
export function beamsOf(
  { reciprocal: [a, b], projected }: ZoneFrame,
  band: number,
  passes: (x: number, y: number) => boolean = () => true,
): Beams {
  const [reachH, reachK] = projected.map((v) => Math.ceil(band * Math.hypot(...v))) as [
    number,
    number,
  ];
  const found: { [key in 'h' | 'k' | 'x' | 'y']: number[] } = { h: [], k: [], x: [], y: [] };
  let direct = -1;
  for (let h = -reachH; h <= reachH; h++) {
    for (let k = -reachK; k <= reachK; k++) {
      const x = h * a[0] + k * b[0];
      const y = h * a[1] + k * b[1];
      if (x * x + y * y >= band * band || !passes(x, y)) continue;
      if (h === 0 && k === 0) direct = found.h.length;
      found.h.push(h);
      found.k.push(k);
      found.x.push(x);
      found.y.push(y);
    }
  }
  return {
    count: found.h.length,
    h: Int32Array.from(found.h),
    k: Int32Array.from(found.k),
    x: Float64Array.from(found.x),
    y: Float64Array.from(found.y),
    direct,
  };
}

/** The potential of a crystal projected along a zone axis, as a Fourier series. */
export interface Projection {
  frame: ZoneFrame;
  /** Band limit of potential, transmission function and waves, 1/angstrom. */
  band: number;
  /**
   * The real part of the inverse transform is the mean of the potential over the period along the
   * beam, V. The grid is alias-free: no product of two functions of the band folds back into it.
   */
  coefficients: Plane;
}

export interface ProjectionRequest {
  crystal: Crystal;
  frame: ZoneFrame;
  band: number;
  /** Root mean square displacement along one axis in angstrom for atoms that state none. */
  displacement: number;
  factors: ScatteringFactor;
}

/** Points along a projected lattice vector: alias-free products of two functions of the band. */
const gridSize = (vector: readonly [number, number], band: number): number =>
  fastSize(Math.ceil(3 * band * Math.hypot(...vector)));

/** Atoms that share element and mean square displacement share their scattering factor. */
function species(crystal: Crystal, displacement: number): Map<string, Crystal['atoms'][number][]> {
  const groups = new Map<string, Crystal['atoms'][number][]>();
  for (const atom of crystal.atoms) {
    const key = `${atom.element} ${displacement > 0 ? (atom.uIso ?? displacement ** 2) : 0}`;
    groups.set(key, [...(groups.get(key) ?? []), atom]);
  }
  return groups;
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

/** Sums of exp(-2 pi i g.r) over atoms at (u, v) of the projected cell, from the direct beam on. */
function structureSums(beams: Beams, positions: readonly Vec2[]): [Float64Array, Float64Array] {
  const [re, im] = [new Float64Array(beams.count), new Float64Array(beams.count)];
  let reach = 0;
  for (let g = 0; g < beams.count; g++) reach = Math.max(reach, beams.h[g]!, Math.abs(beams.k[g]!));
  for (const [u, v] of positions) {
    const [p, q] = [powers(u, reach), powers(v, reach)];
    for (let g = beams.direct; g < beams.count; g++) {
      const i = reach + beams.h[g]!;
      const j = reach + beams.k[g]!;
      re[g] = re[g]! + p.re[i]! * q.re[j]! - p.im[i]! * q.im[j]!;
      im[g] = im[g]! + p.re[i]! * q.im[j]! + p.im[i]! * q.re[j]!;
    }
  }
  return [re, im];
}

/** Projected positions (u, v) of atoms; those of one column share a place to a hundredth. */
function columnsOf(atoms: Crystal['atoms'], frame: ZoneFrame): { charge: number; at: Vec2 }[] {
  const toCell = inverse(frame.basis);
  const columns = new Map<string, { charge: number; at: Vec2 }>();
  for (const { element, position } of atoms) {
    const [u, v] = vectorMatrix(position, toCell);
    const key = [u, v].map((x) => Math.round(100 * (x - Math.floor(x))) % 100).join();
    const column = columns.get(key) ?? { charge: 0, at: [u, v] };
    column.charge += element;
    columns.set(key, column);
  }
  return [...columns.values()];
}

/** The heaviest columns whose potential is looked at. */
const HEAVIEST = 4;

/** The mean potential along the beam in the heaviest columns of a crystal, V: the largest. */
export function columnPotential(crystal: Crystal, { frame, coefficients }: Projection): number {
  const columns = columnsOf(crystal.atoms, frame).sort((a, b) => b.charge - a.charge);
  const { rows, columns: width, re, im } = coefficients;
  const volts = columns.slice(0, HEAVIEST).map(({ at: [u, v] }) => {
    const q = powers(v, width);
    let sum = 0;
    for (let h = 0; 2 * h < rows; h++) {
      const [c, s] = [Math.cos(2 * Math.PI * h * u), Math.sin(2 * Math.PI * h * u)];
      for (let j = 0; j < width; j++) {
        const k = width + (2 * j < width ? j : j - width);
        const [p, r] = [q.re[k]!, q.im[k]!];
        // exp(2 pi i (h u + k v)), of which `powers` gives the conjugate.
        sum += re[h * width + j]! * (c * p + s * r) - im[h * width + j]! * (s * p - c * r);
      }
    }
    return sum;
  });
  return Math.max(...volts);
}

/**
 * Projects a crystal along a zone axis: the sum over species of structure sums times scattering
 * factor times Debye-Waller factor. Exact sub-cell positions. The band limit is a circle, so that no
 * symmetry of the projection is lost.
 */
export function projectCrystal(request: ProjectionRequest): Projection {
  const { crystal, frame, band, displacement, factors } = request;
  const rows = gridSize(frame.projected[0], band);
  const columns = gridSize(frame.projected[1], band);
  const toCell = inverse(frame.basis);
  const beams = beamsOf(frame, band);
  const total = emptyPlane(rows, columns);
  const scale = VOLT_SQUARE_ANGSTROM / cellVolume(crystal.cell);
  for (const [key, atoms] of species(crystal, displacement)) {
    const [element, meanSquare] = key.split(' ').map(Number) as [number, number];
    const positions = atoms.map(({ position }): Vec2 => {
      const [u, v] = vectorMatrix(position, toCell);
      return [u, v];
    });
    const [re, im] = structureSums(beams, positions);
    // Half of the spectrum, doubled, has the potential as real part of its transform.
    for (let g = beams.direct; g < beams.count; g++) {
      const q2 = beams.x[g]! ** 2 + beams.y[g]! ** 2;
      const f = scale * factors(element, q2) * debyeWaller(meanSquare, q2);
      const share = g === beams.direct ? f : 2 * f;
      const k = beams.k[g]!;
      const at = beams.h[g]! * columns + (k < 0 ? k + columns : k);
      total.re[at] = total.re[at]! + share * re[g]!;
      total.im[at] = total.im[at]! + share * im[g]!;
    }
  }
  return { frame, band, coefficients: total };
}
