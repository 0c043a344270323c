import { inputError } from '../common/errors.ts';
import { cellMatrix, isCell } from '../crystal/cell.ts';
import type { Cell, Vec3 } from '../crystal/crystal.ts';
import { cross, dot, inverse, norm, transpose, vectorMatrix } from '../crystal/matrix.ts';
import { type Centring, centring, centringVectors } from '../crystal/spacegroup.ts';
import { type ZoneFrame, zoneFrame } from '../crystal/zone.ts';
import type { Camera } from '../simulate/camera.ts';
import { discRadius } from '../simulate/disc.ts';
import type { Aperture } from './footprint.ts';
import { reducedZone, zoneIndexBasis } from './indices.ts';

/** Where the discs of one pattern are: lengths in pixels, x to the right, y up. */
export interface PatternGeometry {
  /** Pixels a side of the detector. */
  size: number;
  /** Column and row of the direct beam, from the centre of pixel (0, 0). */
  centre: number;
  /** Zone axis [uvw] of the conventional cell, without a common factor. */
  zone: Vec3;
  /** The conventional reflections hkl that have zone indices (1, 0) and (0, 1). */
  indexBasis: readonly [Vec3, Vec3];
  /** Disc (h, k) is centred at h (b0, b1) + k (b2, b3) from the direct beam. */
  basis: readonly [number, number, number, number];
  /** Disc radius. */
  radius: number;
  /** How the discs are filled. */
  aperture: Aperture;
  /** Zone indices of the discs that the centring allows and that touch the detector. */
  h: Int16Array;
  k: Int16Array;
}

export type TripletGeometry = readonly [PatternGeometry, PatternGeometry, PatternGeometry];

/** Discs of one pattern above this number are no diffraction pattern at any camera in use. */
const MOST_DISCS = 20_000;

export interface PatternRequest {
  cell: Cell;
  /** 1 to 230: its centring says which reflections exist. */
  spaceGroup: number;
  /** Direct-lattice indices of the conventional cell. */
  zone: Vec3;
  camera: Camera;
  /** Disc radius in 1/angstrom; by the rule of the simulator where absent. */
  radius?: number;
  /** Interplanar spacing (angstrom) that chose the zone axis, for that rule. */
  spacing?: number | null;
  /** Direct-lattice direction that points up; by `zoneFrame` where absent. */
  inPlane?: Vec3 | null;
  /** `mesh`, that of patterns simulated with this camera, where absent. */
  aperture?: Aperture;
}

interface Axes {
  x: Vec3;
  y: Vec3;
}

/** The pattern's axes: those of the frame, or turned until `inPlane` points up. */
function patternAxes(frame: ZoneFrame, rows: ReturnType<typeof cellMatrix>, up: Vec3 | null): Axes {
  if (!up) return frame;
  const along = vectorMatrix(up, rows);
  const height = dot(along, frame.normal);
  const flat: Vec3 = [
    along[0] - height * frame.normal[0],
    along[1] - height * frame.normal[1],
    along[2] - height * frame.normal[2],
  ];
  const length = norm(flat);
  if (!(length > 1e-3 * norm(along))) {
    throw inputError(
      `in-plane direction [${up.join(' ')}] lies along the zone axis [${frame.zone.join(' ')}]`,
    );
  }
  const y: Vec3 = [flat[0] / length, flat[1] / length, flat[2] / length];
  return { x: cross(y, frame.normal), y };
}

/** Zone indices of the reflections that the centring allows and whose discs touch the detector. */
function discIndices(
  geometry: Omit<PatternGeometry, 'h' | 'k'>,
  lattice: readonly Vec3[],
): Pick<PatternGeometry, 'h' | 'k'> {
  const { basis, radius, size, centre, indexBasis } = geometry;
  const [ax, ay, bx, by] = basis;
  const area = Math.abs(ax * by - ay * bx);
  const left = -radius - 1 - centre;
  const right = size + radius - centre;
  const far = Math.SQRT2 * Math.max(-left, right);
  const highest = [Math.hypot(bx, by), Math.hypot(ax, ay)].map((v) => Math.ceil((far * v) / area));
  if ((2 * highest[0]! + 1) * (2 * highest[1]! + 1) > 50 * MOST_DISCS) {
    throw inputError(
      `the cell is too large for this camera: discs lie ${(area / far).toFixed(4)} px apart`,
    );
  }
  // A reflection exists where its phase at every centring vector is a whole turn.
  const shifts = lattice.map((t) => indexBasis.map((hkl) => dot(hkl, t)));
  const h: number[] = [];
  const k: number[] = [];
  for (let i = -highest[0]!; i <= highest[0]!; i++) {
    for (let j = -highest[1]!; j <= highest[1]!; j++) {
      const x = i * ax + j * bx;
      const y = -(i * ay + j * by);
      if (x < left || x > right || y < left || y > right) continue;
      const phase = shifts.map((s) => i * s[0]! + j * s[1]!);
      if (phase.some((p) => Math.abs(p - Math.round(p)) > 1e-6)) continue;
      h.push(i);
      k.push(j);
    }
  }
  return { h: Int16Array.from(h), k: Int16Array.from(k) };
}

/** A lattice of discs without the discs' indices, as far as a pattern alone shows it. */
export type PlainLattice = Pick<
  PatternGeometry,
  'size' | 'centre' | 'basis' | 'radius' | 'aperture'
>;

/**
 * The geometry of a lattice without a crystal behind it; its zone indices count along the basis,
 * and its zone axis is [001] by convention.
 */
export function latticeGeometry(lattice: PlainLattice): PatternGeometry {
  const zone: Vec3 = [0, 0, 1];
  const geometry = { ...lattice, zone, indexBasis: zoneIndexBasis(zone) };
  return { ...geometry, ...discIndices(geometry, [[0, 0, 0]]) };
}

/**
 * The geometry of one pattern.
 *
 * @throws input error for a cell or zone axis that cannot be, and for a lattice so wide that only
 * the direct beam falls on the detector.
 */
export function patternGeometry(request: PatternRequest): PatternGeometry {
  const { cell, spaceGroup, camera } = request;
  if (!isCell(cell)) throw inputError(`(${cell.join(', ')}) is no unit cell`);
  const indexBasis = zoneIndexBasis(request.zone);
  const known: Centring = centring(spaceGroup);
  const frame = zoneFrame({ cell, centring: known, zone: request.zone });
  const rows = cellMatrix(cell);
  const { x, y } = patternAxes(frame, rows, request.inPlane ?? null);
  const reciprocal = transpose(inverse(rows));
  const pixels = indexBasis.flatMap((hkl) => {
    const g = vectorMatrix(hkl, reciprocal);
    return [dot(g, x) / camera.pixel, dot(g, y) / camera.pixel];
  });
  const geometry = {
    size: camera.size,
    centre: camera.centre,
    zone: reducedZone(request.zone),
    indexBasis,
    basis: pixels as [number, number, number, number],
    radius: (request.radius ?? discRadius(frame, request.spacing)) / camera.pixel,
    aperture: request.aperture ?? 'mesh',
  };
  const indices = discIndices(geometry, centringVectors(spaceGroup));
  if (indices.h.length < 2) {
    throw inputError(
      `zone axis [${request.zone.join(' ')}] of cell (${cell.map((v) => v.toFixed(2)).join(', ')}) puts only the direct beam on the detector`,
      'use a camera that reaches further',
    );
  }
  return { ...geometry, ...indices };
}

export interface TripletRequest {
  cell: Cell;
  spaceGroup: number;
  zones: readonly [Vec3, Vec3, Vec3];
  camera: Camera;
  /** Disc radii in 1/angstrom; by the rule of the simulator where absent. */
  radii?: readonly [number, number, number] | null;
  /** Interplanar spacings (angstrom) that chose the zone axes, for that rule. */
  spacings?: readonly [number, number, number] | null;
  inPlane?: readonly [Vec3, Vec3, Vec3] | null;
  aperture?: Aperture;
}

/** The geometry of the three patterns of a crystal; see `patternGeometry`. */
export function tripletGeometry(request: TripletRequest): TripletGeometry {
  const { cell, spaceGroup, camera } = request;
  const one = (i: 0 | 1 | 2): PatternGeometry =>
    patternGeometry({
      cell,
      spaceGroup,
      camera,
      zone: request.zones[i],
      radius: request.radii?.[i],
      spacing: request.spacings?.[i],
      inPlane: request.inPlane?.[i],
      aperture: request.aperture,
    });
  return [one(0), one(1), one(2)];
}
