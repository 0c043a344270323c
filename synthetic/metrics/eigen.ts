/** A symmetric matrix, row-major (size, size). */
export interface Symmetric {
  size: number;
  values: Float64Array;
}

/**
 * Reduces a symmetric matrix to tridiagonal form by Householder reflections (Golub and Van Loan,
 * Matrix Computations, algorithm 8.3.1). Returns the diagonal and the subdiagonal.
 */
function tridiagonal({ size: n, values }: Symmetric): {
  diagonal: Float64Array;
  below: Float64Array;
} {
  const a = Float64Array.from(values);
  const below = new Float64Array(n);
  const v = new Float64Array(n);
  const p = new Float64Array(n);
  for (let k = 0; k < n - 2; k++) {
    let norm = 0;
    for (let i = k + 1; i < n; i++) {
      v[i] = a[i * n + k]!;
      norm += v[i]! ** 2;
    }
    norm = Math.sqrt(norm);
    const alpha = v[k + 1]! > 0 ? -norm : norm;
    below[k + 1] = alpha;
    v[k + 1]! -= alpha;
    const half = alpha * (alpha - a[(k + 1) * n + k]!);
    if (half === 0) continue;
    reflect({ a, n, from: k + 1, v, p, half });
  }
  if (n > 1) below[n - 1] = a[(n - 1) * n + n - 2]!;
  return { diagonal: Float64Array.from({ length: n }, (_, i) => a[i * n + i]!), below };
}

interface Reflection {
  a: Float64Array;
  n: number;
  from: number;
  v: Float64Array;
  p: Float64Array;
  /** |v|^2 / 2. */
  half: number;
}

/** A <- H A H on the trailing block, H = 1 - v v' / half. */
function reflect({ a, n, from, v, p, half }: Reflection): void {
  let overlap = 0;
  for (let i = from; i < n; i++) {
    let sum = 0;
    for (let j = from; j < n; j++) sum += a[i * n + j]! * v[j]!;
    p[i] = sum / half;
    overlap += p[i]! * v[i]!;
  }
  const shift = overlap / (2 * half);
  for (let i = from; i < n; i++) p[i]! -= shift * v[i]!;
  for (let i = from; i < n; i++) {
    for (let j = from; j < n; j++) a[i * n + j]! -= v[i]! * p[j]! + p[i]! * v[j]!;
  }
}

/** One implicit QL sweep with Wilkinson's shift on rows `low` to `high`. */
function sweep(d: Float64Array, e: Float64Array, low: number, high: number): void {
  const slope = (d[low + 1]! - d[low]!) / (2 * e[low]!);
  let r = Math.hypot(slope, 1);
  let g = d[high]! - d[low]! + e[low]! / (slope + (slope >= 0 ? r : -r));
  let [s, c, p] = [1, 1, 0];
  for (let i = high - 1; i >= low; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= p;
      e[high] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    r = (d[i]! - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
  }
  d[low]! -= p;
  e[low] = g;
  e[high] = 0;
}

/**
 * Eigenvalues of a symmetric matrix, ascending, by the implicit QL method on its tridiagonal form
 * (Dubrulle, Martin and Wilkinson 1968).
 */
export function eigenvalues(matrix: Symmetric): Float64Array {
  const { diagonal: d, below } = tridiagonal(matrix);
  const n = d.length;
  const e = new Float64Array(n);
  e.set(below.subarray(1));
  for (let low = 0; low < n; low++) {
    for (let turn = 0; turn < 60; turn++) {
      let high = low;
      while (high < n - 1) {
        const size = Math.abs(d[high]!) + Math.abs(d[high + 1]!);
        if (Math.abs(e[high]!) <= Number.EPSILON * size) break;
        high++;
      }
      if (high === low) break;
      sweep(d, e, low, high);
    }
  }
  return d.sort();
}
