/** Where the polar samples of a pattern lie: rings one pixel apart, equal angles on each. */
export interface PolarGrid {
  /** Pixels a side of the pattern. */
  size: number;
  rings: number;
  angles: number;
  /** For each sample the four pixels around it and their bilinear weights. */
  pixels: Int32Array;
  weights: Float32Array;
}

/** Angles on a ring: a multiple of 2, 3, 4 and 6, so that those rotations map samples on samples. */
const ANGLES = 96;
const COSINE = Float64Array.from({ length: ANGLES }, (_, n) =>
  Math.cos((2 * Math.PI * n) / ANGLES),
);
const SINE = Float64Array.from({ length: ANGLES }, (_, n) => Math.sin((2 * Math.PI * n) / ANGLES));

/**
 * Polar samples about the direct beam from radius 1 to the edge of the pattern.
 *
 * @param centre column and row of the direct beam, from the centre of pixel (0, 0).
 */
export function polarGrid(size: number, centre: number): PolarGrid {
  const rings = Math.floor(Math.min(centre, size - 1 - centre));
  const pixels = new Int32Array(4 * rings * ANGLES);
  const weights = new Float32Array(4 * rings * ANGLES);
  const within = (value: number): number => Math.min(size - 1, Math.max(0, value));
  for (let ring = 0, at = 0; ring < rings; ring++) {
    for (let n = 0; n < ANGLES; n++, at += 4) {
      const x = within(centre + (ring + 1) * COSINE[n]!);
      const y = within(centre - (ring + 1) * SINE[n]!);
      const [left, top] = [Math.min(Math.floor(x), size - 2), Math.min(Math.floor(y), size - 2)];
      const [u, v] = [x - left, y - top];
      const first = top * size + left;
      pixels.set([first, first + 1, first + size, first + size + 1], at);
      weights.set([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v], at);
    }
  }
  return { size, rings, angles: ANGLES, pixels, weights };
}

/** Samples of a ring. */
export const RING_ANGLES = ANGLES;

/** Rings about the middle of a pattern. */
export const ringsOf = (size: number): number => Math.floor((size - 1) / 2);

/**
 * A pattern on rings about a point right and down of its middle, (rings, angles) values, as
 * `samplePolar` gives them on a grid about that point. Written out number by number: each pattern of
 * thousands of triplets is seen from points of its own.
 */
export function sampleRings(
  size: number,
  from: readonly [number, number],
  { triplet, channel }: TripletPattern,
): Float32Array {
  const rings = ringsOf(size);
  const out = new Float32Array(rings * ANGLES);
  const [last, row] = [size - 1, 3 * size];
  const [middleX, middleY] = [last / 2 + from[0], last / 2 + from[1]];
  for (let ring = 0, at = 0; ring < rings; ring++) {
    for (let n = 0; n < ANGLES; n++, at++) {
      const x = Math.min(last, Math.max(0, middleX + (ring + 1) * COSINE[n]!));
      const y = Math.min(last, Math.max(0, middleY - (ring + 1) * SINE[n]!));
      const left = Math.min(Math.floor(x), last - 1);
      const top = Math.min(Math.floor(y), last - 1);
      const u = x - left;
      const v = y - top;
      const first = top * row + 3 * left + channel;
      out[at] =
        (1 - v) * ((1 - u) * triplet[first]! + u * triplet[first + 3]!) +
        v * ((1 - u) * triplet[first + row]! + u * triplet[first + row + 3]!);
    }
  }
  return out;
}

/** One pattern of a triplet: value of a pixel by its position. */
export interface TripletPattern {
  /** (size, size, 3) values of the triplet, and which of the three. */
  triplet: ArrayLike<number>;
  channel: number;
}

/** The pattern on the grid: (rings, angles) values, written into `out` from `at` on. */
export function samplePolar(
  grid: PolarGrid,
  pattern: TripletPattern,
  out: Float32Array,
  at: number,
): void {
  const { pixels, weights } = grid;
  const { triplet, channel } = pattern;
  for (let n = 0; n < pixels.length; n += 4) {
    out[at + n / 4] =
      weights[n]! * triplet[3 * pixels[n]! + channel]! +
      weights[n + 1]! * triplet[3 * pixels[n + 1]! + channel]! +
      weights[n + 2]! * triplet[3 * pixels[n + 2]! + channel]! +
      weights[n + 3]! * triplet[3 * pixels[n + 3]! + channel]!;
  }
}
