import {
  type Aperture,
  type FootprintRequest,
  fillFootprint,
  fillFootprintSlope,
  reach,
  tableSide,
} from './footprint.ts';

/** Where discs stand on a batch of patterns; lengths in pixels, rows downward from the top. */
export interface DiscPlaces {
  /** Number of patterns. */
  patterns: number;
  /** Pixels a side. */
  size: number;
  /** Pattern of each disc. */
  pattern: Int32Array;
  /** Column and row of each disc centre. */
  column: Float32Array;
  row: Float32Array;
  /** Disc radius of each pattern. */
  radius: Float32Array;
  /** How the discs are filled. */
  aperture: Aperture;
}

/** Discs whose marks have the same extent on the pixels; they are drawn together. */
export interface DiscGroup {
  /** Pixels from the rounded centre to the edge of the square of marks. */
  reach: number;
  /** Positions in the disc list. */
  members: Int32Array;
  /** Rounded column and row of each member. */
  column: Float32Array;
  row: Float32Array;
  /** Canvas position of each member's rounded centre. */
  centre: Int32Array;
  /** Start of each member's footprint table. */
  table: Int32Array;
}

/**
 * The plan of a drawing: patterns lie one after another on a canvas with a margin, so that a mark
 * that runs off the detector needs no test. Made on the host from the disc positions; which pixels
 * a disc marks is not differentiable, how strongly it marks them is.
 */
export interface DrawingPlan {
  patterns: number;
  size: number;
  /** Pixels around each pattern. */
  margin: number;
  /** Pixels a side with the margin. */
  side: number;
  groups: readonly DiscGroup[];
  /** Side of a footprint table; table p belongs to pattern p. */
  tableSide: number;
  /** (patterns, tableSide, tableSide). */
  tables: Float32Array;
}

/** Radius above which a table of quarter pixels is no longer a fitting description. */
const LARGEST_RADIUS = 64;

type Fill = (table: Float32Array, request: FootprintRequest) => void;

function footprintTables(request: {
  places: TableRequest;
  side: number;
  fill: Fill;
}): Float32Array {
  const { places, side, fill } = request;
  const tables = new Float32Array(places.radius.length * side * side);
  const starts = new Map<number, number>();
  places.radius.forEach((radius, pattern) => {
    const offset = pattern * side * side;
    const known = starts.get(radius);
    if (known !== undefined) tables.copyWithin(offset, known, known + side * side);
    else {
      const table = tables.subarray(offset, offset + side * side);
      fill(table, { radius, aperture: places.aperture, side });
      starts.set(radius, offset);
    }
  });
  return tables;
}

/** What footprint tables depend on. */
export type TableRequest = Pick<DiscPlaces, 'radius' | 'aperture'>;

/** Derivatives of a plan's tables with respect to the radius. */
export const tableSlopes = (plan: DrawingPlan, places: TableRequest): Float32Array =>
  footprintTables({ places, side: plan.tableSide, fill: fillFootprintSlope });

/** Discs by the extent of their marks; those that touch no pixel are left out. */
function membersByReach(places: DiscPlaces): Map<number, number[]> {
  const { size, pattern, column, row, radius } = places;
  const groups = new Map<number, number[]>();
  for (let disc = 0; disc < pattern.length; disc++) {
    const far = reach(radius[pattern[disc]!]!);
    const x = Math.round(column[disc]!);
    const y = Math.round(row[disc]!);
    if (!(x >= -far && x < size + far && y >= -far && y < size + far)) continue;
    const members = groups.get(far);
    if (members) members.push(disc);
    else groups.set(far, [disc]);
  }
  return groups;
}

/** Plans the drawing of discs; see `DrawingPlan`. */
export function planDrawing(places: DiscPlaces): DrawingPlan {
  const { patterns, size, pattern, column, row, radius } = places;
  const largest = radius.reduce((a, b) => Math.max(a, b), 0);
  if (!(largest <= LARGEST_RADIUS)) throw new RangeError(`disc radius ${largest} px is not usable`);
  const side = tableSide(largest);
  const margin = 2 * reach(largest);
  const wide = size + 2 * margin;
  const groups = [...membersByReach(places)].map(([far, list]): DiscGroup => {
    const members = Int32Array.from(list);
    const x = Float32Array.from(members, (disc) => Math.round(column[disc]!));
    const y = Float32Array.from(members, (disc) => Math.round(row[disc]!));
    const centre = Int32Array.from(
      members,
      (disc, i) => (pattern[disc]! * wide + y[i]! + margin) * wide + x[i]! + margin,
    );
    const table = Int32Array.from(members, (disc) => pattern[disc]! * side * side);
    return { reach: far, members, column: x, row: y, centre, table };
  });
  return {
    patterns,
    size,
    margin,
    side: wide,
    groups,
    tableSide: side,
    tables: footprintTables({ places, side, fill: fillFootprint }),
  };
}
