import { discTilts } from '../simulate/disc.ts';

/*
 * The mark that a disc of uniform intensity leaves on the pixels: its aperture, spread by the
 * bilinear kernel with which the simulator draws a beam between four pixels. The aperture is
 * sampled at quarter pixels, where the bilinear kernel is piecewise linear, so that bilinear
 * reading of the table below is exact between its nodes.
 */

/**
 * How a disc is filled: `mesh` of beam directions as the simulator takes them (exact for its
 * patterns), or `smooth`, the continuous disc of a real detector.
 */
export type Aperture = 'mesh' | 'smooth';

/** Nodes of a footprint table a pixel. */
const NODES = 4;

/**
 * Furthest pixel from the rounded disc centre, along an axis, that a disc of this radius marks: the
 * bilinear kernel adds a pixel, rounding the centre a half, and reading the table no further node.
 */
export const reach = (radius: number): number => Math.max(1, Math.ceil(radius + 1.5) - 1);

/** Nodes a side of a table that holds discs up to this radius (pixels). */
export const tableSide = (radius: number): number => Math.ceil((radius + 1) * NODES) + 3;

/** Share of a quarter-pixel cell at distance `d` that the disc covers, and its slope in r. */
const coverage = (radius: number, d: number): number =>
  Math.min(1, Math.max(0, (radius - d) * NODES + 0.5));
const coverageSlope = (radius: number, d: number): number =>
  Math.abs(radius - d) * NODES < 0.5 ? NODES : 0;

/** Convolves the rows of a (side + 2 NODES) square with the sampled bilinear kernel, transposed. */
function spreadRows(from: Float64Array, width: number, rows: number): Float64Array {
  const side = width - 2 * NODES;
  const to = new Float64Array(side * rows);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < side; i++) {
      let sum = 0;
      for (let t = 1 - NODES; t < NODES; t++) {
        sum += (1 - Math.abs(t) / NODES) * from[row * width + i + t + NODES]!;
      }
      to[i * rows + row] = sum / NODES;
    }
  }
  return to;
}

/** Fills the table of a disc with a continuous rim: coverage, or its slope in the radius. */
function fillSmooth(table: Float32Array, side: number, measure: (d: number) => number): void {
  const width = side + 2 * NODES;
  const aperture = new Float64Array(width * width);
  for (let row = 0; row < width; row++) {
    for (let column = 0; column < width; column++) {
      aperture[row * width + column] = measure(Math.hypot(row - NODES, column - NODES) / NODES);
    }
  }
  table.set(spreadRows(spreadRows(aperture, width, width), width, side));
}

/** Fills the table of a disc made of the beam directions that the simulator takes. */
function fillMesh(table: Float32Array, side: number, radius: number): void {
  const { count, x, y } = discTilts(radius, 1);
  // The middle direction is the centre of the disc, the next one its neighbour.
  const step = y[(count + 1) / 2]!;
  table.fill(0);
  for (let tilt = 0; tilt < count; tilt++) {
    const first = Math.max(0, Math.ceil((x[tilt]! - 1) * NODES));
    const last = Math.min(side - 1, Math.floor((x[tilt]! + 1) * NODES));
    const left = Math.max(0, Math.ceil((y[tilt]! - 1) * NODES));
    const right = Math.min(side - 1, Math.floor((y[tilt]! + 1) * NODES));
    for (let i = first; i <= last; i++) {
      const weight = (1 - Math.abs(i / NODES - x[tilt]!)) * step * step;
      for (let j = left; j <= right; j++) {
        table[i * side + j]! += weight * (1 - Math.abs(j / NODES - y[tilt]!));
      }
    }
  }
}

export interface FootprintRequest {
  /** Disc radius in pixels. */
  radius: number;
  aperture: Aperture;
  /** Nodes a side; see `tableSide`. */
  side: number;
}

/** Fills `table` (side, side): footprint at distances (row, column) / NODES from the centre. */
export function fillFootprint(table: Float32Array, request: FootprintRequest): void {
  const { radius, aperture, side } = request;
  if (aperture === 'mesh') fillMesh(table, side, radius);
  else fillSmooth(table, side, (d) => coverage(radius, d));
}

/**
 * Fills `table` with the derivative of a footprint with respect to the radius. A mesh gains and
 * loses directions by jumps as its radius grows; its slope is that of the continuous disc.
 */
export const fillFootprintSlope = (table: Float32Array, request: FootprintRequest): void =>
  fillSmooth(table, request.side, (d) => coverageSlope(request.radius, d));

/** The footprint of one disc, to be read at any place. */
export class Footprint {
  /** What `read` found: the mark, and its slopes along both axes, per pixel. */
  value = 0;
  alongX = 0;
  alongY = 0;
  private readonly side: number;
  private readonly table: Float32Array;

  /** `fill` makes the table: that of the marks, or of their slope in the radius. */
  constructor(radius: number, aperture: Aperture, fill = fillFootprint) {
    this.side = tableSide(radius);
    this.table = new Float32Array(this.side * this.side);
    fill(this.table, { radius, aperture, side: this.side });
  }

  /** Strength of the mark `dx` and `dy` pixels from the disc centre, in [0, 1]. */
  at(dx: number, dy: number): number {
    const { side, table } = this;
    const u = Math.abs(dx) * NODES;
    const v = Math.abs(dy) * NODES;
    const i = Math.trunc(u);
    const j = Math.trunc(v);
    if (i > side - 2 || j > side - 2) return 0;
    const a = u - i;
    const b = v - j;
    const start = i * side + j;
    return (
      (1 - a) * ((1 - b) * table[start]! + b * table[start + 1]!) +
      a * ((1 - b) * table[start + side]! + b * table[start + side + 1]!)
    );
  }

  /** Reads the mark and its slopes at a place; see `at`. */
  read(dx: number, dy: number): void {
    const { side, table } = this;
    const u = Math.abs(dx) * NODES;
    const v = Math.abs(dy) * NODES;
    const i = Math.trunc(u);
    const j = Math.trunc(v);
    this.value = this.alongX = this.alongY = 0;
    if (i > side - 2 || j > side - 2) return;
    const a = u - i;
    const b = v - j;
    const start = i * side + j;
    const [near, far] = [table[start]!, table[start + side]!];
    const first = near + b * (table[start + 1]! - near);
    const last = far + b * (table[start + side + 1]! - far);
    this.value = first + a * (last - first);
    this.alongX = Math.sign(dx) * NODES * (last - first);
    const across = (1 - a) * (table[start + 1]! - near) + a * (table[start + side + 1]! - far);
    this.alongY = Math.sign(dy) * NODES * across;
  }
}
