import { complexMul, fft2, ifft2 } from '../../../src/engine/complex.ts';
import { type Tensor3D, tf } from '../../../src/engine/tf.ts';

/** The net of discs that a pattern shows; lengths in pixels. */
export interface DiscLattice {
  /** Length of the shortest vector between discs, and of the shortest one across it. */
  a: number;
  b: number;
  /** Angle between the two, 0 to 90 degrees. */
  angle: number;
  /**
   * Correlation of the pattern with itself moved by a, and by b, -1 to 1: near 1 where all discs
   * stand on the net.
   */
  order: number;
}

/** A pattern without a recognisable net. */
const NO_LATTICE: DiscLattice = { a: 0, b: 0, angle: 0, order: 0 };

/** Neighbouring discs are at least this far apart, in pixels. */
const NEAREST = 3;

/** Vectors count as one direction where the sine of their angle is smaller. */
const COLLINEAR = 0.3;

/** A maximum counts where it is at least this share of the highest one away from zero. */
const CLEAR = 0.6;

/**
 * Autocorrelations of (count, size, size) patterns, (count, 2 size, 2 size) with shift zero at
 * (0, 0); each value divided by the area of overlap.
 */
function autocorrelations(patterns: Float32Array, count: number, size: number): Float32Array {
  const result = tf.tidy(() => {
    const flat = tf.tensor3d(patterns, [count, size, size]);
    const level = flat.sub(flat.mean([1, 2], true)) as Tensor3D;
    const real = tf.pad(level, [
      [0, 0],
      [0, size],
      [0, size],
    ]);
    const transform = fft2(tf.complex(real, tf.zerosLike(real)));
    const conjugate = tf.complex(tf.real(transform), tf.neg(tf.imag(transform)));
    return tf.real(ifft2(complexMul(transform, conjugate)));
  });
  const values = result.dataSync() as Float32Array;
  result.dispose();
  return values;
}

interface Peak {
  x: number;
  y: number;
  length: number;
  value: number;
}

/** Offset of the top of a parabola through three equally spaced values, -0.5 to 0.5. */
const top = (left: number, middle: number, right: number): number => {
  const curve = left - 2 * middle + right;
  return curve < 0 ? Math.max(-0.5, Math.min(0.5, (left - right) / (2 * curve))) : 0;
};

/** Local maxima of one autocorrelation in half the plane, shifts up to half the pattern. */
function peaksOf(values: Float32Array, from: number, size: number): Peak[] {
  const side = 2 * size;
  const at = (x: number, y: number) => {
    const sum = values[from + ((y + side) % side) * side + ((x + side) % side)]!;
    return sum / ((size - Math.abs(x)) * (size - Math.abs(y)));
  };
  const zero = at(0, 0);
  if (!(zero > 0)) return [];
  const peaks: Peak[] = [];
  const reach = size >> 1;
  for (let y = 0; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      if ((y === 0 && x <= 0) || x * x + y * y < NEAREST * NEAREST) continue;
      const value = at(x, y);
      const higher = [-1, 0, 1].some((v) =>
        [-1, 0, 1].some((u) => (u !== 0 || v !== 0) && at(x + u, y + v) > value),
      );
      if (higher || value <= 0) continue;
      const px = x + top(at(x - 1, y), value, at(x + 1, y));
      const py = y + top(at(x, y - 1), value, at(x, y + 1));
      peaks.push({ x: px, y: py, length: Math.hypot(px, py), value: value / zero });
    }
  }
  return peaks.sort((p, q) => p.length - q.length);
}

function latticeOf(peaks: readonly Peak[]): DiscLattice {
  const highest = Math.max(...peaks.map((peak) => peak.value));
  const clear = peaks.filter((peak) => peak.value >= CLEAR * highest);
  const [first] = clear;
  if (!first) return NO_LATTICE;
  const sine = (peak: Peak) =>
    Math.abs(first.x * peak.y - first.y * peak.x) / (first.length * peak.length);
  const second = clear.find((peak) => sine(peak) >= COLLINEAR);
  if (!second) return { ...NO_LATTICE, a: first.length, order: first.value / 2 };
  return {
    a: first.length,
    b: second.length,
    angle: (180 / Math.PI) * Math.asin(Math.min(1, sine(second))),
    order: (first.value + second.value) / 2,
  };
}

/** The disc net of each of (count, size, size) patterns, from the peaks of its autocorrelation. */
export function discLattices(patterns: Float32Array, count: number, size: number): DiscLattice[] {
  const values = autocorrelations(patterns, count, size);
  return Array.from({ length: count }, (_, i) =>
    latticeOf(peaksOf(values, i * 4 * size * size, size)),
  );
}
