import { CELL_PARAMETERS, cellFromNumbers } from '../../src/codec/cell-numbers.ts';
import { type TripletGeometry, tripletGeometry } from '../../src/codec/geometry.ts';
import type { Cell } from '../../src/crystal/crystal.ts';
import { PlanRows } from './plan-rows.ts';
import { type CodecSpace, vectorWidth } from './space.ts';

/** What a vector is decoded as: a class, or a point between it and a partner. */
export interface Decoding {
  /** Class index: its symmetry, absences and lattice hold whatever `t` is. */
  label: number;
  /** Class toward which the means are moved, and how far: 0 its own, 1 the partner's. */
  partner?: number;
  t?: number;
}

/** Everything about a batch of decodings that does not move with the intensities. */
export interface DecodingPlan {
  count: number;
  cells: readonly Cell[];
  geometries: readonly TripletGeometry[];
  /** Pattern of each disc (three a triplet). */
  pattern: Int32Array;
  h: Int16Array;
  k: Int16Array;
  /** Row of (count S + 1) that holds the deviation of each disc; the last row is zero. */
  source: Int32Array;
  /** (discs, MODES) envelope plus class mean, in axes along g. */
  base: Float32Array;
  /** (discs) direction of g. */
  cosine: Float32Array;
  sine: Float32Array;
  /** The symmetry of every pattern; see `OrbitRows`. */
  orbits: { target: Int32Array; source: Int32Array; weight: Float32Array };
}

/** The cell of a vector: class mean plus deviation; the class mean alone where that is no cell. */
function cellOfVector(space: CodecSpace, vector: Float32Array, decoding: Decoding): Cell {
  const { cellMeans, cellScales, principal, classes } = space;
  const { label, partner = label, t = 0 } = decoding;
  const between = (of: Float32Array, i: number): number =>
    (1 - t) * of[label * CELL_PARAMETERS + i]! + t * of[partner * CELL_PARAMETERS + i]!;
  const moved = Array.from(
    { length: CELL_PARAMETERS },
    (_, i) => between(cellMeans, i) + vector[principal.rank + i]! * between(cellScales, i),
  );
  const spaceGroup = classes[label]!;
  const own = Array.from(
    { length: CELL_PARAMETERS },
    (_, i) => cellMeans[label * CELL_PARAMETERS + i]!,
  );
  const cell = cellFromNumbers(moved, spaceGroup) ?? cellFromNumbers(own, spaceGroup);
  if (!cell) throw new RangeError(`the mean cell of space group ${spaceGroup} is no cell`);
  return cell;
}

function geometryOf(space: CodecSpace, cell: Cell, label: number): TripletGeometry {
  const { classes, zones, camera, aperture } = space;
  return tripletGeometry({
    cell,
    spaceGroup: classes[label]!,
    zones: zones[label]!,
    camera,
    aperture,
  });
}

/**
 * Plans the decoding of vectors (B, width): cells and discs are taken from the values, so that the
 * drawing can be differentiated with respect to the intensities.
 */
export function planDecoding(
  space: CodecSpace,
  vectors: Float32Array,
  decodings: readonly Decoding[],
): DecodingPlan {
  const width = vectorWidth(space);
  const count = decodings.length;
  const rows = new PlanRows(space, count);
  const cells = decodings.map((decoding, i) =>
    cellOfVector(space, vectors.subarray(i * width, (i + 1) * width), decoding),
  );
  const geometries = cells.map((cell, i) => geometryOf(space, cell, decodings[i]!.label));
  geometries.forEach((geometry, i) => {
    rows.add(i, geometry, decodings[i]!);
  });
  return {
    count,
    cells,
    geometries,
    pattern: Int32Array.from(rows.pattern),
    h: Int16Array.from(rows.h),
    k: Int16Array.from(rows.k),
    source: Int32Array.from(rows.source),
    base: Float32Array.from(rows.base),
    cosine: Float32Array.from(rows.cosine),
    sine: Float32Array.from(rows.sine),
    orbits: {
      target: Int32Array.from(rows.orbits.target),
      source: Int32Array.from(rows.orbits.source),
      weight: Float32Array.from(rows.orbits.weight),
    },
  };
}
