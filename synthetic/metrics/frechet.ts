import { eigenvalues, type Symmetric } from './eigen.ts';
import { columnMeans, type Features, sameWidth } from './features.ts';

/** Covariance of the columns with the divisor n - 1. */
function covariance(features: Features, mean: Float64Array): Symmetric {
  const { count, width, values } = features;
  const sums = new Float64Array(width * width);
  const row = new Float64Array(width);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < width; k++) row[k] = values[i * width + k]! - mean[k]!;
    for (let p = 0; p < width; p++) {
      const x = row[p]! / (count - 1);
      for (let q = 0; q < width; q++) sums[p * width + q]! += x * row[q]!;
    }
  }
  return { size: width, values: sums };
}

/**
 * Lower factor L of a semidefinite matrix, A = L L'. Columns whose pivot is lost in rounding are
 * left zero (rank-deficient covariances of few samples).
 */
function cholesky({ size: n, values }: Symmetric): Float64Array {
  const factor = new Float64Array(n * n);
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, values[i * n + i]!);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = values[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= factor[i * n + k]! * factor[j * n + k]!;
      if (i === j) {
        if (sum <= n * Number.EPSILON * largest) break;
        factor[j * n + j] = Math.sqrt(sum);
      } else {
        factor[i * n + j] = sum / factor[j * n + j]!;
      }
    }
  }
  return factor;
}

/** L' B L, made exactly symmetric. */
function sandwich(l: Float64Array, { size: n, values: b }: Symmetric): Symmetric {
  const half = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const x = b[i * n + k]!;
      for (let j = 0; j <= k; j++) half[i * n + j]! += x * l[k * n + j]!;
    }
  }
  const out = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i <= k; i++) {
      const x = l[k * n + i]!;
      for (let j = 0; j < n; j++) out[i * n + j]! += x * half[k * n + j]!;
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      out[i * n + j] = out[j * n + i] = (out[i * n + j]! + out[j * n + i]!) / 2;
    }
  }
  return { size: n, values: out };
}

const trace = ({ size, values }: Symmetric): number => {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += values[i * size + i]!;
  return sum;
};

/**
 * Frechet distance of the Gaussians fitted to two samples (Dowson and Landau 1982; Heusel et al.
 * 2017): |m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2), covariances with the divisor n - 1.
 * With S1 = L L', the last trace is the sum of the square roots of the eigenvalues of L' S2 L.
 * Biased upwards where samples are few; compare only at equal counts.
 */
export function frechet(real: Features, fake: Features): number {
  sameWidth(real, fake);
  if (real.count < 2 || fake.count < 2) throw new RangeError('a covariance needs two samples');
  const [m1, m2] = [columnMeans(real), columnMeans(fake)];
  const [s1, s2] = [covariance(real, m1), covariance(fake, m2)];
  const shift = m1.reduce((sum, m, k) => sum + (m - m2[k]!) ** 2, 0);
  const roots = eigenvalues(sandwich(cholesky(s1), s2));
  const overlap = roots.reduce((sum, v) => sum + Math.sqrt(Math.max(0, v)), 0);
  return shift + trace(s1) + trace(s2) - 2 * overlap;
}
