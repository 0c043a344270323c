const NARROW = 1e-4;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Mean negative log-likelihood of logits (N, K) at a temperature. */
export function meanNegativeLogLikelihood(
  logits: Float32Array,
  labels: ArrayLike<number>,
  temperature: number,
): number {
  const classCount = logits.length / labels.length;
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const row = logits.subarray(i * classCount, (i + 1) * classCount);
    const largest = Math.max(...row);
    let sum = 0;
    for (const value of row) sum += Math.exp((value - largest) / temperature);
    total += Math.log(sum) + (largest - row[labels[i]!]!) / temperature;
  }
  return total / labels.length;
}

/**
 * The temperature in 0.05 to 20 that makes logits (N, K) likeliest (Guo et al. 2017), by golden
 * section on its logarithm.
 */
export function fitTemperature(logits: Float32Array, labels: ArrayLike<number>): number {
  const loss = (log: number) => meanNegativeLogLikelihood(logits, labels, Math.exp(log));
  let [low, high] = [Math.log(0.05), Math.log(20)];
  while (high - low > NARROW) {
    const left = high - GOLDEN * (high - low);
    const right = low + GOLDEN * (high - low);
    if (loss(left) < loss(right)) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}
