import { groupBy } from '../../src/common/group.ts';
import type { Stream } from '../../src/common/stream.ts';
import { authenticity, copyTest } from './copying.ts';
import { prdc } from './coverage.ts';
import { type Features, pickRows } from './features.ts';
import { frechet } from './frechet.ts';
import { kidAboutMean } from './kid.ts';
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
  /** The metric of real samples of other materials and the same classes. */
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
    kid: kidAboutMean(draw(real), draw(fake)),
    ...(enough('frechet') && { frechet: frechet(real, fake) }),
    authenticity: authenticity(real, fake, materials),
    twoSample: twoSampleTest(real, fake, { stream, shuffles: 0 }).accuracy,
  };
}

/** Rows of each class. */
const rowsOfClasses = (classes: ArrayLike<number>): Map<number, number[]> =>
  groupBy(
    Array.from(classes, (_, row) => row),
    (row) => classes[row]!,
  );

/**
 * Rows of several sets with equally many of each class in all of them, as many as the set that has
 * fewest, and in all at most `most`: then a difference between sets is none of class composition.
 */
export function equalRows(
  sets: readonly { classes: ArrayLike<number> }[],
  stream: Stream,
  most: number = DRAW_ROWS,
): number[][] {
  const rows = sets.map(({ classes }) => rowsOfClasses(classes));
  const equal = [...rows[0]!.keys()]
    .map((of) => ({ of, count: Math.min(...rows.map((set) => set.get(of)?.length ?? 0)) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => a.of - b.of);
  const total = equal.reduce((sum, { count }) => sum + count, 0);
  const share = Math.min(1, most / total);
  return rows.map((set, n) =>
    equal.flatMap(({ of, count }) => {
      const kept = Math.max(1, Math.floor(share * count));
      return stream.split(`${n}/${of}`).shuffled(set.get(of)!).slice(0, kept);
    }),
  );
}

/** Rows of two halves of each class that share no material. */
export function classHalves(
  { classes, materials }: { classes: ArrayLike<number>; materials: readonly string[] },
  stream: Stream,
): [number[], number[]] {
  const halves: [number[], number[]] = [[], []];
  for (const [of, rows] of rowsOfClasses(classes)) {
    const names = stream.split(of).shuffled(new Set(rows.map((row) => materials[row]!)));
    // The odd material of a class goes to either half.
    const first = new Set(names.slice(0, (names.length + stream.split(of).index(2)) >> 1));
    for (const row of rows) halves[first.has(materials[row]!) ? 0 : 1].push(row);
  }
  return halves;
}

const meanOf = (list: readonly number[]): number =>
  list.reduce((sum, value) => sum + value, 0) / list.length;

const rootMeanSquare = (list: readonly number[]): number =>
  Math.sqrt(meanOf(list.map((value) => value * value)));

/** What is compared in a feature space. */
export interface SetComparison {
  real: Features;
  /** Material of each real sample. */
  materials: readonly string[];
  /** Class of each real sample; one for all where absent. */
  classes?: ArrayLike<number>;
  fake: Features;
  fakeClasses?: ArrayLike<number>;
  /** Real samples of other materials that nothing has learned from; without, halves of the real ones. */
  held?: { features: Features; classes: ArrayLike<number> } | null;
  stream: Stream;
}

/** Rows of one draw: the reference, other real samples, generated ones; equally many of each class. */
interface Draw {
  reference: Reference;
  other: Features;
  made: Features;
}

function drawSets(comparison: SetComparison, stream: Stream): Draw {
  const { real, materials, fake, held } = comparison;
  const classes = comparison.classes ?? new Uint8Array(real.count);
  const fakeClasses = comparison.fakeClasses ?? new Uint8Array(fake.count);
  const referenceOf = (rows: readonly number[]): Reference => ({
    real: pickRows(real, rows),
    materials: rows.map((row) => materials[row]!),
  });
  const pick = (from: ArrayLike<number>, rows: readonly number[]) => ({
    classes: rows.map((row) => from[row]!),
  });
  if (held) {
    const sets = [{ classes }, { classes: held.classes }, { classes: fakeClasses }];
    const [a, b, c] = equalRows(sets, stream) as [number[], number[], number[]];
    return {
      reference: referenceOf(a),
      other: pickRows(held.features, b),
      made: pickRows(fake, c),
    };
  }
  const [first, second] = classHalves({ classes, materials }, stream);
  const sets = [pick(classes, first), pick(classes, second), { classes: fakeClasses }];
  const [a, b, c] = equalRows(sets, stream) as [number[], number[], number[]];
  return {
    reference: referenceOf(a.map((at) => first[at]!)),
    other: pickRows(
      real,
      b.map((at) => second[at]!),
    ),
    made: pickRows(fake, c),
  };
}

/**
 * Every set metric with its floor: the same metric between real samples and other real samples of
 * the same classes, averaged over draws, and beside it the generated samples at the same counts of
 * each class. The others are held-out ones where there are any, else halves of each class that
 * share no material.
 */
export function setMetrics(comparison: SetComparison): Record<SetMetric, MetricValue> {
  const { real, materials, fake, stream } = comparison;
  const whole = measure({ real, materials }, fake, stream.split('whole'));
  const draws = Array.from({ length: DRAWS }, (_, n) => {
    const of = stream.split(n);
    const { reference, other, made } = drawSets(comparison, of);
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
