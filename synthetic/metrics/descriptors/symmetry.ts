import { type Tensor2D, tf } from '../../../src/engine/tf.ts';

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

/**
 * Polar samples about the direct beam from radius 1 to the edge of the pattern.
 *
 * @param centre column and row of the direct beam, from the centre of pixel (0, 0).
 */
export function polarGrid(size: number, centre: number): PolarGrid {
  const rings = Math.floor(Math.min(centre, size - 1 - centre));
  const pixels = new Int32Array(4 * rings * ANGLES);
  const weights = new Float32Array(4 * rings * ANGLES);
  for (let ring = 0, at = 0; ring < rings; ring++) {
    for (let n = 0; n < ANGLES; n++, at += 4) {
      const angle = (2 * Math.PI * n) / ANGLES;
      const x = centre + (ring + 1) * Math.cos(angle);
      const y = centre - (ring + 1) * Math.sin(angle);
      const [left, top] = [Math.min(Math.floor(x), size - 2), Math.min(Math.floor(y), size - 2)];
      const [u, v] = [x - left, y - top];
      const first = top * size + left;
      pixels.set([first, first + 1, first + size, first + size + 1], at);
      weights.set([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v], at);
    }
  }
  return { size, rings, angles: ANGLES, pixels, weights };
}

/** One pattern of a triplet: value of a pixel by its position. */
export interface Pattern {
  /** (size, size, 3) values of the triplet, and which of the three. */
  triplet: ArrayLike<number>;
  channel: number;
}

/** The pattern on the grid: (rings, angles) values, written into `out` from `at` on. */
export function samplePolar(
  grid: PolarGrid,
  pattern: Pattern,
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

/** Rotations whose residuals are measured. */
export const FOLDS = [2, 3, 4, 6] as const;

/** Angular frequencies that enter: enough for 6-fold detail at the rim of a pattern. */
const ORDERS = 24;

/** Mirror lines that are tried, equally spaced over half a turn. */
const MIRRORS = 96;

/**
 * How far patterns are from a symmetry, each 0 (exact) to 1 (nothing of the angular variation has
 * it): the share, in the root mean square, that is lost when a pattern is averaged over the group.
 */
export interface SymmetryResiduals {
  /** Rotations about the beam, in the order of `FOLDS`. */
  rotations: number[];
  /** The best mirror line through the beam. */
  mirror: number;
  /** The mirror line across the best one: as small as `mirror` in mm2 and above. */
  crossMirror: number;
}

/** (angles, 2 ORDERS) cosines and sines of the orders 1 to ORDERS, over the number of angles. */
function harmonics(angles: number): Float32Array {
  const table = new Float32Array(angles * 2 * ORDERS);
  for (let n = 0; n < angles; n++) {
    for (let m = 1; m <= ORDERS; m++) {
      const angle = (2 * Math.PI * m * n) / angles;
      table[n * 2 * ORDERS + m - 1] = Math.cos(angle) / angles;
      table[n * 2 * ORDERS + ORDERS + m - 1] = Math.sin(angle) / angles;
    }
  }
  return table;
}

/** Angular spectrum of one pattern: over all rings, weighted by their radius. */
interface Spectrum {
  /** Power of each order. */
  power: Float64Array;
  /** Sum of the squared complex amplitudes of each order: its phase tells the mirror lines. */
  real: Float64Array;
  imaginary: Float64Array;
}

function spectrumOf(amplitudes: Float32Array, from: number, rings: number): Spectrum {
  const power = new Float64Array(ORDERS);
  const real = new Float64Array(ORDERS);
  const imaginary = new Float64Array(ORDERS);
  for (let ring = 0; ring < rings; ring++) {
    for (let m = 0, at = from + ring * 2 * ORDERS; m < ORDERS; m++, at++) {
      const [c, s] = [amplitudes[at]!, amplitudes[at + ORDERS]!];
      power[m]! += (ring + 1) * (c * c + s * s);
      real[m]! += (ring + 1) * (c * c - s * s);
      imaginary[m]! += (ring + 1) * -2 * c * s;
    }
  }
  return { power, real, imaginary };
}

/** Correlation of the pattern with its mirror image in the line at `angle`, -1 to 1. */
function mirrored({ power, real, imaginary }: Spectrum, angle: number): number {
  let sum = 0;
  for (let m = 0; m < ORDERS; m++) {
    const turn = 2 * (m + 1) * angle;
    sum += real[m]! * Math.cos(turn) - imaginary[m]! * Math.sin(turn);
  }
  return sum / power.reduce((a, b) => a + b, 0);
}

function residualsOf(spectrum: Spectrum): SymmetryResiduals {
  const total = spectrum.power.reduce((sum, p) => sum + p, 0);
  // A pattern without angular variation has every symmetry.
  if (total === 0) return { rotations: FOLDS.map(() => 0), mirror: 0, crossMirror: 0 };
  const rotations = FOLDS.map((fold) => {
    let lost = 0;
    for (let m = 1; m <= ORDERS; m++) if (m % fold) lost += spectrum.power[m - 1]!;
    return Math.sqrt(lost / total);
  });
  let [best, at] = [-1, 0];
  for (let n = 0; n < MIRRORS; n++) {
    const value = mirrored(spectrum, (Math.PI * n) / MIRRORS);
    if (value > best) [best, at] = [value, (Math.PI * n) / MIRRORS];
  }
  const lostTo = (correlation: number) => Math.sqrt(Math.max(0, (1 - correlation) / 2));
  return {
    rotations,
    mirror: lostTo(best),
    crossMirror: lostTo(mirrored(spectrum, at + Math.PI / 2)),
  };
}

/** Symmetry residuals of `count` patterns given on a polar grid, (count, rings, angles). */
export function symmetryResiduals(
  grid: PolarGrid,
  polar: Float32Array,
  count: number,
): SymmetryResiduals[] {
  const { rings, angles } = grid;
  const amplitudes = tf.tidy(() => {
    const samples = tf.tensor2d(polar, [count * rings, angles]);
    const table = tf.tensor2d(harmonics(angles), [angles, 2 * ORDERS]);
    return tf.matMul(samples as Tensor2D, table);
  });
  const values = amplitudes.dataSync() as Float32Array;
  amplitudes.dispose();
  return Array.from({ length: count }, (_, i) =>
    residualsOf(spectrumOf(values, i * rings * 2 * ORDERS, rings)),
  );
}
