import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { columnMeans, type Features, sameWidth } from './features.ts';

/** Covariance of the columns with the divisor n - 1. */
function covariance({ count, width, values }: Features, mean: Float64Array): Matrix {
  const rows = Array.from({ length: count }, (_, i) =>
    Float64Array.from({ length: width }, (_u, k) => values[i * width + k]! - mean[k]!),
  );
  const sums = Array.from({ length: width }, () => new Float64Array(width));
  for (const row of rows) {
    for (let p = 0; p < width; p++) {
      const x = row[p]! / (count - 1);
      const sum = sums[p]!;
      for (let q = 0; q <= p; q++) sum[q]! += x * row[q]!;
    }
  }
  for (let p = 0; p < width; p++) for (let q = 0; q < p; q++) sums[q]![p] = sums[p]![q]!;
  return new Matrix(sums);
}

const decompose = (matrix: Matrix): EigenvalueDecomposition =>
  new EigenvalueDecomposition(matrix, { assumeSymmetric: true });

/** Square root of a semidefinite matrix; what rounding made negative counts as zero. */
function squareRoot(matrix: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = decompose(matrix);
  const roots = realEigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  return eigenvectorMatrix.clone().mulRowVector(roots).mmul(eigenvectorMatrix.transpose());
}

/** Trace of (S1 S2)^(1/2): the roots of the eigenvalues of S1^(1/2) S2 S1^(1/2), summed. */
function traceOfRoot(s1: Matrix, s2: Matrix): number {
  const root = squareRoot(s1);
  const product = root.mmul(s2).mmul(root);
  const symmetric = Matrix.add(product, product.transpose()).mul(0.5);
  const { realEigenvalues } = decompose(symmetric);
  return realEigenvalues.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
}

/**
 * Frechet distance of the Gaussians fitted to two samples (Dowson and Landau 1982; Heusel et al.
 * 2017): |m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2), covariances with the divisor n - 1.
 * Biased upwards where samples are few; compare only at equal counts.
 */
export function frechet(real: Features, fake: Features): number {
  sameWidth(real, fake);
  if (real.count < 2 || fake.count < 2) throw new RangeError('a covariance needs two samples');
  const [m1, m2] = [columnMeans(real), columnMeans(fake)];
  const [s1, s2] = [covariance(real, m1), covariance(fake, m2)];
  const shift = m1.reduce((sum, m, k) => sum + (m - m2[k]!) ** 2, 0);
  return shift + s1.trace() + s2.trace() - 2 * traceOfRoot(s1, s2);
}
