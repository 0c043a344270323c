/**
 * Solves (A + ridge) x = b for many small symmetric positive matrices, in place, by Cholesky
 * factors kept for reuse.
 */
export class SmallSystems {
  readonly order: number;
  private readonly factors: Float64Array;

  /** Room for `count` matrices of `order` x `order`. */
  constructor(count: number, order: number) {
    this.order = order;
    this.factors = new Float64Array(count * order * order);
  }

  /** Factors a matrix (rows, order x order) and keeps it as system `at`. */
  factor(at: number, matrix: Float64Array): void {
    const n = this.order;
    const start = at * n * n;
    const f = this.factors;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = matrix[i * n + j]!;
        for (let k = 0; k < j; k++) sum -= f[start + i * n + k]! * f[start + j * n + k]!;
        f[start + i * n + j] =
          i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / f[start + j * n + j]!;
      }
    }
  }

  /** Replaces `vector` by the solution of system `at`. */
  solve(at: number, vector: Float64Array): void {
    const n = this.order;
    const start = at * n * n;
    const f = this.factors;
    for (let i = 0; i < n; i++) {
      let sum = vector[i]!;
      for (let k = 0; k < i; k++) sum -= f[start + i * n + k]! * vector[k]!;
      vector[i] = sum / f[start + i * n + i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = vector[i]!;
      for (let k = i + 1; k < n; k++) sum -= f[start + k * n + i]! * vector[k]!;
      vector[i] = sum / f[start + i * n + i]!;
    }
  }
}
