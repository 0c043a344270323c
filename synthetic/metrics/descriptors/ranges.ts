import { rowsByClass } from '../../../src/balance/sampling.ts';
import { groupBy } from '../../../src/common/group.ts';
import { quantile } from '../../../src/common/quantile.ts';
import type { Features } from '../features.ts';
import { DESCRIPTORS, type DescriptorGroup } from './descriptors.ts';

/** What a class looks like: centre and spread of each descriptor, and how far triplets stray. */
export interface DescriptorRanges {
  /** By class label: centre and spread of each descriptor. */
  centre: Float64Array[];
  spread: Float64Array[];
  /** Largest mean deviation of a group that new real triplets have, but for a few. */
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

/** Share of new real triplets that a group may fail. */
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

/** Sums over some triplets of one class: how many, of how many materials, and of each descriptor. */
interface Moments {
  count: number;
  materials: number;
  sum: Float64Array;
  square: Float64Array;
}

function momentsOf(features: Features, rows: readonly number[], materials: number): Moments {
  const sum = new Float64Array(features.width);
  const square = new Float64Array(features.width);
  for (const i of rows) {
    rowOf(features, i).forEach((v, k) => {
      sum[k]! += v;
      square[k]! += v * v;
    });
  }
  return { count: rows.length, materials, sum, square };
}

/** The sums without some of the triplets, which are one material. */
const without = (all: Moments, part: Moments): Moments => ({
  count: all.count - part.count,
  materials: all.materials - part.materials,
  sum: all.sum.map((v, k) => v - part.sum[k]!),
  square: all.square.map((v, k) => v - part.square[k]!),
});

/** Sum of squares about the mean. */
const about = ({ count, sum, square }: Moments): Float64Array =>
  square.map((s, k) => Math.max(0, s - sum[k]! ** 2 / Math.max(1, count)));

/**
 * Centre and spread of a class for a new material. The spread is drawn towards the common one of
 * all classes, so that five triplets do not make a narrow class, and widened by how little so few
 * materials say of the centre.
 */
function lookOf(moments: Moments, common: Float64Array) {
  const { count, materials, sum } = moments;
  const own = Math.max(0, count - 1);
  const widening = 1 + 1 / Math.max(1, materials);
  const spread = about(moments).map((s, k) =>
    Math.max(LEAST_SPREAD, Math.sqrt((widening * (s + PRIOR * common[k]!)) / (own + PRIOR))),
  );
  return { centre: sum.map((v) => v / Math.max(1, count)), spread };
}

/**
 * Learns what each class looks like from real training triplets. How far they may stray is taken
 * from each material against the others of its class: what the class would make of a new one.
 */
export function descriptorRanges(
  real: Features,
  of: { labels: ArrayLike<number>; materials: readonly string[]; classCount: number },
): DescriptorRanges {
  const rows = rowsByClass(of);
  const groups = rows.map((all) => [...groupBy(all, (row) => of.materials[row]!).values()]);
  const moments = rows.map((all, label) => momentsOf(real, all, groups[label]!.length));
  const freedom = Math.max(1, real.count - rows.filter((all) => all.length > 0).length);
  const common = new Float64Array(real.width);
  for (const moment of moments) {
    about(moment).forEach((s, k) => {
      common[k]! += s / freedom;
    });
  }
  const looks = moments.map((moment) => lookOf(moment, common));
  const strays = new Map(GROUPS.map((group) => [group, [] as number[]]));
  groups.forEach((materials, label) => {
    for (const some of materials) {
      const rest = without(moments[label]!, momentsOf(real, some, 1));
      // A lone material is no stranger to itself, and nothing else tells how far it strays.
      const { centre, spread } = rest.count > 0 ? lookOf(rest, common) : looks[label]!;
      for (const i of some) {
        for (const [group, far] of deviations(rowOf(real, i), centre, spread)) {
          strays.get(group)!.push(far);
        }
      }
    }
  });
  const limits = Object.fromEntries(
    [...strays].map(([group, list]) => [group, quantile(list, 1 - FAILING)]),
  ) as Record<DescriptorGroup, number>;
  return {
    centre: looks.map(({ centre }) => centre),
    spread: looks.map(({ spread }) => spread),
    limits,
  };
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
