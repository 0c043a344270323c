/**
 * The plane through three points of a vector space: origin at the first, unit axes e1 toward the
 * second and e2 perpendicular to it in the direction of the third.
 */
export interface VectorPlane {
  origin: Float32Array;
  first: Float32Array;
  second: Float32Array;
  /** Coordinates of the three points in the plane. */
  points: readonly [
    readonly [number, number],
    readonly [number, number],
    readonly [number, number],
  ];
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((s, v, i) => s + v * b[i]!, 0);
const minus = (a: Float32Array, b: Float32Array): Float32Array => a.map((v, i) => v - b[i]!);
const length = (a: Float32Array): number => Math.sqrt(dot(a, a));

/** @throws RangeError where the three points lie on one line. */
export function planeThrough(a: Float32Array, b: Float32Array, c: Float32Array): VectorPlane {
  const along = minus(b, a);
  const reach = length(along);
  const other = minus(c, a);
  const first = along.map((v) => v / reach);
  const shadow = dot(other, first);
  const upward = other.map((v, i) => v - shadow * first[i]!);
  const height = length(upward);
  if (!(reach > 0) || !(height > 1e-6 * reach)) {
    throw new RangeError('three points on one line span no plane');
  }
  const second = upward.map((v) => v / height);
  return {
    origin: a,
    first,
    second,
    points: [
      [0, 0],
      [reach, 0],
      [shadow, height],
    ],
  };
}

/** A grid over the part of a plane that holds its three points, and some room around them. */
export interface PlaneGrid {
  plane: VectorPlane;
  /** Coordinates of columns and rows. */
  x: Float64Array;
  y: Float64Array;
}

/** `side` x `side` grid points; `room` is the free space around the points, relative. */
export function planeGrid(plane: VectorPlane, side: number, room = 0.35): PlaneGrid {
  const range = (axis: 0 | 1): [number, number] => {
    const values = plane.points.map((point) => point[axis]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const free = room * Math.max(high - low, 1e-9);
    return [low - free, high + free];
  };
  const steps = ([low, high]: [number, number]): Float64Array =>
    Float64Array.from({ length: side }, (_, i) => low + ((high - low) * i) / (side - 1));
  return { plane, x: steps(range(0)), y: steps(range(1)) };
}

/** The vectors at the grid points of one row of the grid, (side, width) flat. */
export function rowVectors({ plane, x, y }: PlaneGrid, row: number): Float32Array {
  const { origin, first, second } = plane;
  const width = origin.length;
  const vectors = new Float32Array(x.length * width);
  x.forEach((u, column) => {
    for (let i = 0; i < width; i++) {
      vectors[column * width + i] = origin[i]! + u * first[i]! + y[row]! * second[i]!;
    }
  });
  return vectors;
}

/** Share of grid points where two sets of predictions agree, 0 to 1. */
export function agreement(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let same = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) same++;
  return a.length === 0 ? 0 : same / a.length;
}
