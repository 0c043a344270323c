import { quantile } from '../../src/common/quantile.ts';
import { type Features, sameWidth } from '../metrics/features.ts';
import { nearestRows, squaredDistance, visitDistances } from '../metrics/neighbours.ts';

/** A training triplet and how far it is. */
export interface NearestReal {
  /** Row of the training examples. */
  row: number;
  distance: number;
}

/** What was found about copies among synthetic triplets. */
export interface Copies {
  /** Distance below which two triplets count as the same. */
  limit: number;
  /** The nearest training triplet of each synthetic one. */
  nearest: NearestReal[];
  /** True where that is nearer than the limit. */
  memorised: boolean[];
  /** An earlier synthetic triplet (in `order`) that this one repeats; null where there is none. */
  repeats: (number | null)[];
}

export interface CopySearch {
  /** Distances are in grey levels (`pooled`). */
  train: Features;
  /** Material of each training row: energies of one material are no measure of distance. */
  materials: readonly string[];
  fake: Features;
  /** Rows of `fake`, best first: of two that are alike the later one is the repetition. */
  order: readonly number[];
  /** Share of training triplets that are nearer to another material than the limit. */
  share?: number;
}

/** Triplets that differ by less than half a grey level are one, whatever the training data. */
const SAME_LEVELS = 0.5;

/**
 * The distance below which triplets are copies: closer than all but `share` of the training
 * triplets are to the nearest triplet of another material.
 */
export function copyLimit(train: Features, materials: readonly string[], share = 0.01): number {
  if (new Set(materials).size < 2) return SAME_LEVELS;
  const exclude = (i: number, j: number) => materials[i] === materials[j];
  const { squared } = nearestRows(train, train, { k: 1, exclude });
  const gaps = squared.filter(Number.isFinite).map(Math.sqrt);
  return Math.max(SAME_LEVELS, quantile(gaps, share));
}

function repetitions(fake: Features, order: readonly number[], limit: number): (number | null)[] {
  const rank = new Int32Array(fake.count);
  order.forEach((row, at) => {
    rank[row] = at;
  });
  const alike: number[][] = Array.from({ length: fake.count }, () => []);
  visitDistances(fake, fake, ({ start, count, squared }, slack) => {
    for (let r = 0, at = 0; r < count; r++) {
      for (let j = 0; j < fake.count; j++, at++) {
        if (squared[at]! > limit * limit + slack || rank[j]! >= rank[start + r]!) continue;
        if (squaredDistance(fake, start + r, fake, j) < limit * limit) alike[start + r]!.push(j);
      }
    }
  });
  const repeats: (number | null)[] = Array(fake.count).fill(null);
  // Best first, so that only samples that stay can make another one a repetition.
  for (const row of order) repeats[row] = alike[row]!.find((j) => repeats[j] === null) ?? null;
  return repeats;
}

/** Finds synthetic triplets that copy training triplets, or each other. */
export function findCopies({ train, materials, fake, order, share }: CopySearch): Copies {
  sameWidth(train, fake);
  const limit = copyLimit(train, materials, share);
  const near = nearestRows(fake, train, { k: 1 });
  const found = Array.from({ length: fake.count }, (_, i) => ({
    row: near.index[i]!,
    distance: Math.sqrt(near.squared[i]!),
  }));
  return {
    limit,
    nearest: found,
    memorised: found.map(({ distance }) => distance < limit),
    repeats: repetitions(fake, order, limit),
  };
}
