import type { MetricValue, SetMetric } from './set-metrics.ts';

/** A metric in a word. Copies are what a generator that learned by heart makes. */
export type MetricWord =
  | 'as real'
  | 'near'
  | 'far'
  | 'no copies'
  | 'some copies'
  | 'copies'
  | 'not told from real'
  | 'tellable from real';

/** Ratios to the floor of real triplets up to which a value is as real, and near. */
const HIGHER = { asReal: 0.9, near: 0.7 };
const LOWER = { asReal: 1.5, near: 3 };
/** C_T below which samples are copies (Meehan et al. 2020). */
const COPIES = -3;
/** p-value of a two-sample test below which samples are told from real ones. */
const TOLD = 0.05;

const byRatio = (ratio: number): 'as real' | 'near' | 'far' =>
  ratio >= HIGHER.asReal ? 'as real' : ratio >= HIGHER.near ? 'near' : 'far';

const COPY_WORDS = { 'as real': 'no copies', near: 'some copies', far: 'copies' } as const;

/** What a set of samples is measured by: C_T and the test by their own values, the others by the ratio to their floor. */
export type Measured =
  | { metric: Exclude<SetMetric, 'twoSample'> | 'cas'; of: Pick<MetricValue, 'value' | 'ratio'> }
  | { metric: 'copying'; zScore: number | null }
  | { metric: 'twoSample'; pValue: number | null };

/**
 * The word beside a metric, wherever it is printed or drawn; null where there are too few samples. The
 * rules stand in docs/reference/realism.md.
 */
export function wordOf(measured: Measured): MetricWord | null {
  if (measured.metric === 'copying') {
    if (measured.zScore === null) return null;
    return measured.zScore < COPIES ? 'copies' : 'no copies';
  }
  if (measured.metric === 'twoSample') {
    if (measured.pValue === null) return null;
    return measured.pValue < TOLD ? 'tellable from real' : 'not told from real';
  }
  const { value } = measured.of;
  if (value === null) return null;
  if (measured.metric === 'kid' && value <= 0) return 'as real';
  if (measured.of.ratio === null) return null;
  // As it is printed: 0.90 must not stand beside the word of 0.897.
  const ratio = Math.round(100 * measured.of.ratio) / 100;
  if (measured.metric === 'kid' || measured.metric === 'frechet') {
    return ratio <= LOWER.asReal ? 'as real' : ratio <= LOWER.near ? 'near' : 'far';
  }
  return measured.metric === 'authenticity' ? COPY_WORDS[byRatio(ratio)] : byRatio(ratio);
}
