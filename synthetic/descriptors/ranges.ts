import type { Features } from '../metrics/features.ts';
import { quantile } from '../metrics/quantile.ts';
import { DESCRIPTORS, type DescriptorGroup } from './descriptors.ts';

/** What a class looks like: centre and spread of each descriptor, and how far its triplets stray. */
export interface DescriptorRanges {
  /** By class label: centre and spread of each descriptor. */
  centre: Float64Array[];
  spread: Float64Array[];
  /** Largest mean deviation of a group that real training triplets have, but for a few. */
  limits: Record<DescriptorGroup, number>;
}

/** A descriptor that a triplet fails. */
export interface DescriptorFault {
  descriptor: string;
  value: number;
  /** What real triplets of the class have, two spreads to either side. */
  from: number;
  to: number;
}

const GROUPS = [...new Set(DESCRIPTORS.map(({ group }) => group))];

/** The spread over all classes counts like this many triplets of a class. */
const PRIOR = 10;

/**
 * Least spread of a descriptor (all run from 0 to about 1): simulated patterns are symmetric to the
 * last digit, and nobody would see the difference of a hundredth.
 */
const LEAST_SPREAD = 0.01;

/** Share of real triplets of the training data that a group may fail. */
const FAILING = 0.01;

const rowOf = ({ values, width }: Features, i: number) =>
  values.subarray(i * width, (i + 1) * width);

/** Root mean square deviation of each group, in spreads of the class. */
function deviations(row: ArrayLike<number>, centre: Float64Array, spread: Float64Array) {
  const sums = new Map<DescriptorGroup, { square: number; count: number }>();
  DESCRIPTORS.forEach(({ group }, k) => {
    const sum = sums.get(group) ?? { square: 0, count: 0 };
    sum.square += ((row[k]! - centre[k]!) / spread[k]!) ** 2;
    sum.count++;
    sums.set(group, sum);
  });
  return new Map([...sums].map(([group, { square, count }]) => [group, Math.sqrt(square / count)]));
}

function momentsOf(features: Features, rows: readonly number[]) {
  const centre = new Float64Array(features.width);
  const square = new Float64Array(features.width);
  for (const i of rows)
    rowOf(features, i).forEach((v, k) => {
      centre[k]! += v / rows.length;
    });
  for (const i of rows)
    rowOf(features, i).forEach((v, k) => {
      square[k]! += (v - centre[k]!) ** 2;
    });
  return { centre, square };
}

/**
 * Learns what each class looks like from real training triplets. The spread of a class is drawn
 * towards the mean spread of all classes, so that five triplets do not make a narrow class.
 */
export function descriptorRanges(
  real: Features,
  labels: ArrayLike<number>,
  classCount: number,
): DescriptorRanges {
  const rows: number[][] = Array.from({ length: classCount }, () => []);
  for (let i = 0; i < real.count; i++) rows[labels[i]!]!.push(i);
  const moments = rows.map((of) => momentsOf(real, of));
  const freedom = Math.max(1, real.count - rows.filter((of) => of.length > 0).length);
  const common = new Float64Array(real.width);
  for (const { square } of moments)
    square.forEach((s, k) => {
      common[k]! += s / freedom;
    });
  const spread = moments.map(({ square }, label) => {
    const own = Math.max(0, rows[label]!.length - 1);
    return square.map((s, k) =>
      Math.max(LEAST_SPREAD, Math.sqrt((s + PRIOR * common[k]!) / (own + PRIOR))),
    );
  });
  const centre = moments.map((moment) => moment.centre);
  const strays = new Map(GROUPS.map((group) => [group, [] as number[]]));
  for (let i = 0; i < real.count; i++) {
    const label = labels[i]!;
    for (const [group, far] of deviations(rowOf(real, i), centre[label]!, spread[label]!)) {
      strays.get(group)!.push(far);
    }
  }
  const limits = Object.fromEntries(
    [...strays].map(([group, list]) => [group, quantile(list, 1 - FAILING)]),
  ) as Record<DescriptorGroup, number>;
  return { centre, spread, limits };
}

/** The worst descriptor of each group in which a triplet strays farther than real ones do. */
export function descriptorFaults(
  row: ArrayLike<number>,
  label: number,
  ranges: DescriptorRanges,
): DescriptorFault[] {
  const [centre, spread] = [ranges.centre[label]!, ranges.spread[label]!];
  const faults: DescriptorFault[] = [];
  for (const [group, far] of deviations(row, centre, spread)) {
    if (far <= ranges.limits[group]) continue;
    const inGroup = [...DESCRIPTORS.keys()].filter((k) => DESCRIPTORS[k]!.group === group);
    const away = (k: number) => Math.abs(row[k]! - centre[k]!) / spread[k]!;
    const worst = inGroup.reduce((a, b) => (away(b) > away(a) ? b : a));
    faults.push({
      descriptor: DESCRIPTORS[worst]!.name,
      value: row[worst]!,
      from: centre[worst]! - 2 * spread[worst]!,
      to: centre[worst]! + 2 * spread[worst]!,
    });
  }
  return faults;
}
