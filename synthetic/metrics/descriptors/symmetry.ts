import type { PolarGrid } from '../../../src/dataset/intensity/polar.ts';
import { type Tensor2D, tf } from '../../../src/engine/tf.ts';

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
