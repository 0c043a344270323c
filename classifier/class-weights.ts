// Numbers that losses take from the class counts. A class without an example counts as one, so that
// nothing here is infinite.

const atLeastOne = (counts: ArrayLike<number>): number[] =>
  Array.from(counts, (count) => Math.max(1, count));

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Inverse frequency, N / (C n_c). */
export function balancedWeights(counts: ArrayLike<number>): Float32Array {
  const n = atLeastOne(counts);
  const total = sum(n);
  return Float32Array.from(n, (count) => total / (n.length * count));
}

/** Inverse effective number (1 - beta) / (1 - beta^n), scaled to sum to C (Cui et al. 2019). */
export function classBalancedWeights(counts: ArrayLike<number>, beta: number): Float32Array {
  const raw = atLeastOne(counts).map((count) => (1 - beta) / (1 - beta ** count));
  const scale = raw.length / sum(raw);
  return Float32Array.from(raw, (weight) => weight * scale);
}

/** LDAM margins, proportional to n^(-1/4), the largest being `largest` (Cao et al. 2019). */
export function ldamMargins(counts: ArrayLike<number>, largest: number): Float32Array {
  const raw = atLeastOne(counts).map((count) => count ** -0.25);
  const scale = largest / Math.max(...raw);
  return Float32Array.from(raw, (margin) => margin * scale);
}

/** tau log prior (Menon et al. 2021). */
export function logPrior(counts: ArrayLike<number>, tau: number): Float32Array {
  const n = atLeastOne(counts);
  const total = sum(n);
  return Float32Array.from(n, (count) => tau * Math.log(count / total));
}
