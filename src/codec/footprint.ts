/**
 * The mark that a disc of uniform intensity leaves on the pixels: its aperture, spread by the
 * bilinear kernel with which the simulator draws a beam between four pixels. The aperture is
 * sampled at quarter pixels, where the bilinear kernel is piecewise linear, so that bilinear
 * reading of the table below is exact between its nodes.
 */

/** Nodes of a footprint table a pixel. */
export const NODES = 4;

/** Furthest pixel from the rounded disc centre, along an axis, that a disc of this radius marks. */
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

/**
 * Fills `table` (side, side) at `offset` with the footprint at distances (row, column) / NODES
 * pixels from the disc centre; `slope` asks for its derivative with respect to the radius.
 */
export function fillFootprint(options: {
  table: Float32Array;
  offset: number;
  side: number;
  radius: number;
  slope?: boolean;
}): void {
  const { table, offset, side, radius, slope = false } = options;
  const measure = slope ? coverageSlope : coverage;
  const width = side + 2 * NODES;
  const aperture = new Float64Array(width * width);
  for (let row = 0; row < width; row++) {
    for (let column = 0; column < width; column++) {
      const d = Math.hypot(row - NODES, column - NODES) / NODES;
      aperture[row * width + column] = measure(radius, d);
    }
  }
  const spread = spreadRows(spreadRows(aperture, width, width), width, side);
  table.set(spread, offset);
}

/** Footprint of one disc, read between the nodes; `dx` and `dy` in pixels. */
export function footprintAt(
  table: Float32Array,
  at: { offset: number; side: number; dx: number; dy: number },
): number {
  const u = Math.abs(at.dx) * NODES;
  const v = Math.abs(at.dy) * NODES;
  const i = Math.min(Math.floor(u), at.side - 2);
  const j = Math.min(Math.floor(v), at.side - 2);
  const a = Math.min(1, u - i);
  const b = Math.min(1, v - j);
  const start = at.offset + i * at.side + j;
  return (
    (1 - a) * ((1 - b) * table[start]! + b * table[start + 1]!) +
    a * ((1 - b) * table[start + at.side]! + b * table[start + at.side + 1]!)
  );
}
