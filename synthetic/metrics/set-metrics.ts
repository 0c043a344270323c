import type { Stream } from '../../src/common/stream.ts';
import { authenticity, copyTest } from './copying.ts';
import { prdc } from './coverage.ts';
import { type Features, pickRows } from './features.ts';
import { frechet } from './frechet.ts';
import { kid } from './kid.ts';
import { twoSampleTest } from './two-sample.ts';

/** Metrics of a set of generated samples against a set of real ones. */
export const SET_METRICS = [
  'precision',
  'recall',
  'density',
  'coverage',
  'kid',
  'frechet',
  'authenticity',
  'twoSample',
] as const;
export type SetMetric = (typeof SET_METRICS)[number];

/** A number with what it has to be compared with; null where there are too few samples. */
export interface MetricValue {
  /** On all samples. */
  value: number | null;
  /** The metric of real samples against other real samples of other materials. */
  floor: number | null;
  /** The metric of generated samples against real ones, on as many samples as the floor has. */
  matched: number | null;
  /** matched / floor (root mean squares for KID, which is as often negative at the floor). */
  ratio: number | null;
}

/** Samples of each kind that a metric needs to carry a number. */
const LEAST = 10;

/** A covariance of `width` columns needs more rows than columns. */
const least = (metric: SetMetric, width: number): number =>
  metric === 'frechet' ? Math.max(LEAST, width + 1) : LEAST;

const DRAWS = 8;
/** Rows of each kind that a draw has at most. */
const DRAW_ROWS = 400;
/** Rows of each kind in a kernel distance: its time grows with their product. */
const KID_ROWS = 1000;

type Values = Partial<Record<SetMetric, number>>;

/** Real samples and the material of each. */
interface Reference {
  real: Features;
  materials: readonly string[];
}

function measure({ real, materials }: Reference, fake: Features, stream: Stream): Values {
  const enough = (metric: SetMetric) =>
    Math.min(real.count, fake.count) >= least(metric, real.width);
  if (!enough('kid')) return {};
  const draw = (set: Features) =>
    set.count <= KID_ROWS ? set : pickRows(set, stream.permutation(set.count).slice(0, KID_ROWS));
  return {
    ...prdc(real, fake),
    kid: kid(draw(real), draw(fake)),
    ...(enough('frechet') && { frechet: frechet(real, fake) }),
    authenticity: authenticity(real, fake, materials),
    twoSample: twoSampleTest(real, fake, { stream, shuffles: 0 }).accuracy,
  };
}

/** Rows of two halves that share no material, of equal length. */
function halves(materials: readonly string[], stream: Stream): [number[], number[]] {
  const names = stream.shuffled(new Set(materials));
  const first = new Set(names.slice(0, names.length >> 1));
  const rows = [...materials.keys()];
  const parts = [
    rows.filter((i) => first.has(materials[i]!)),
    rows.filter((i) => !first.has(materials[i]!)),
  ];
  const count = Math.min(DRAW_ROWS, ...parts.map((part) => part.length));
  return parts.map((part) => stream.shuffled(part).slice(0, count)) as [number[], number[]];
}

const meanOf = (list: readonly number[]): number =>
  list.reduce((sum, value) => sum + value, 0) / list.length;

const rootMeanSquare = (list: readonly number[]): number =>
  Math.sqrt(meanOf(list.map((value) => value * value)));

export interface Comparison {
  real: Features;
  /** Material of each real sample. */
  materials: readonly string[];
  fake: Features;
  stream: Stream;
}

/**
 * Every set metric with its floor: the same metric between halves of the real samples that share
 * no material, averaged over draws, and beside it the generated samples at the same counts.
 */
export function setMetrics({
  real,
  materials,
  fake,
  stream,
}: Comparison): Record<SetMetric, MetricValue> {
  const whole = measure({ real, materials }, fake, stream.split('whole'));
  const draws = Array.from({ length: DRAWS }, (_, n) => {
    const of = stream.split(n);
    const [a, b] = halves(materials, of);
    const count = Math.min(a.length, fake.count);
    const rows = a.slice(0, count);
    const reference = {
      real: pickRows(real, rows),
      materials: rows.map((row) => materials[row]!),
    };
    const other = pickRows(real, b.slice(0, count));
    const made = pickRows(fake, of.permutation(fake.count).slice(0, count));
    return { floor: measure(reference, other, of), matched: measure(reference, made, of) };
  });
  const values = SET_METRICS.map((metric): [SetMetric, MetricValue] => {
    const defined = (part: 'floor' | 'matched') =>
      draws.map((draw) => draw[part][metric]).filter((value) => value !== undefined);
    const average = metric === 'kid' ? rootMeanSquare : meanOf;
    const [floors, matches] = [defined('floor'), defined('matched')];
    const floor = floors.length ? average(floors) : null;
    const matched = matches.length ? average(matches) : null;
    const ratio = floor && matched !== null ? matched / floor : null;
    return [metric, { value: whole[metric] ?? null, floor, matched, ratio }];
  });
  return Object.fromEntries(values) as Record<SetMetric, MetricValue>;
}

/** The copy test C_T, or null where there are too few samples. */
export function copyScore(train: Features, held: Features | null, fake: Features): number | null {
  if (!held || Math.min(train.count, held.count, fake.count) < LEAST) return null;
  return copyTest({ train, held, fake });
}

/** The two-sample test with its p-value, or null where there are too few samples. */
export function neighbourTest(real: Features, fake: Features, stream: Stream) {
  if (Math.min(real.count, fake.count) < LEAST) return null;
  return twoSampleTest(real, fake, { stream });
}
