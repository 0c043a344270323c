import jstat from 'jstat';

/**
 * Holm's step-down correction (Holm 1979): adjusted p-values in the order given. NaN stays NaN
 * and does not count as a test.
 */
export function holm(p: readonly number[]): number[] {
  const order = p
    .map((value, index) => ({ value, index }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => a.value - b.value);
  const adjusted = p.map(() => Number.NaN);
  let largest = 0;
  order.forEach(({ value, index }, rank) => {
    largest = Math.max(largest, Math.min(1, (order.length - rank) * value));
    adjusted[index] = largest;
  });
  return adjusted;
}

/** Two-sided p-value of a t statistic. */
export const twoSidedP = (t: number, dof: number): number =>
  2 * (1 - jstat.jStat.studentt.cdf(Math.abs(t), dof));

/** Quantile of Student's t. */
export const tQuantile = (p: number, dof: number): number => jstat.jStat.studentt.inv(p, dof);
