import jstat from 'jstat';

/** Two-sided p-value of a t statistic. */
export const twoSidedP = (t: number, dof: number): number =>
  2 * (1 - jstat.jStat.studentt.cdf(Math.abs(t), dof));

/** Quantile of Student's t. */
export const tQuantile = (p: number, dof: number): number => jstat.jStat.studentt.inv(p, dof);
