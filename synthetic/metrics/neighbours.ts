import { squaredDistance, visitDistances } from './distances.ts';
import type { Features } from './features.ts';

/** The k nearest rows of each row, nearest first: (count, k) row indices and squared distances. */
export interface Neighbours {
  k: number;
  index: Int32Array;
  squared: Float64Array;
}

export interface NeighbourOptions {
  k: number;
  /** True where row i of the second set must not count as a neighbour of row i of the first. */
  excludeSelf?: boolean;
  /** Further pairs that must not count, such as two patterns of one material. */
  exclude?: (row: number, other: number) => boolean;
}

/** Keeps the candidates of one row: the `k` smallest so far, sorted. */
class Nearest {
  readonly index: Int32Array;
  readonly squared: Float64Array;
  private held = 0;

  constructor(size: number) {
    this.index = new Int32Array(size).fill(-1);
    this.squared = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  }

  get worst(): number {
    return this.squared[this.squared.length - 1]!;
  }

  offer(index: number, squared: number): void {
    let at = Math.min(this.held, this.squared.length - 1);
    while (at > 0 && this.squared[at - 1]! > squared) {
      this.squared[at] = this.squared[at - 1]!;
      this.index[at] = this.index[at - 1]!;
      at--;
    }
    this.squared[at] = squared;
    this.index[at] = index;
    if (this.held < this.squared.length) this.held++;
  }
}

/**
 * The k nearest rows of `b` of each row of `a`. Candidates come from single precision on the
 * engine; every candidate that could be among the k is decided in double precision, so that
 * equal distances stay equal.
 */
export function nearest(a: Features, b: Features, options: NeighbourOptions): Neighbours {
  const { k, excludeSelf = false, exclude } = options;
  if (b.count < k + (excludeSelf ? 1 : 0)) {
    throw new RangeError(`${b.count} rows have no ${k} neighbours each`);
  }
  const index = new Int32Array(a.count * k).fill(-1);
  const out = new Float64Array(a.count * k).fill(Number.POSITIVE_INFINITY);
  visitDistances(a, b, ({ start, count, squared }, slack) => {
    for (let r = 0; r < count; r++) {
      const row = start + r;
      const found = new Nearest(k);
      const from = r * b.count;
      // The worst kept is exact: an approximate value above it by more than the slack is out.
      let bound = Number.POSITIVE_INFINITY;
      for (let j = 0; j < b.count; j++) {
        if (squared[from + j]! > bound) continue;
        if ((excludeSelf && j === row) || exclude?.(row, j)) continue;
        const exact = squaredDistance(a, row, b, j);
        if (exact >= found.worst) continue;
        found.offer(j, exact);
        bound = found.worst + slack;
      }
      index.set(found.index, row * k);
      out.set(found.squared, row * k);
    }
  });
  return { k, index, squared: out };
}

/** Group of each row, such as its material: rows of one group are no neighbours of each other. */
export type Groups = ArrayLike<unknown>;

/** Squared distance of each row to its k-th nearest other row, or row of another group. */
export function squaredRadii(set: Features, k: number, groups?: Groups): Float64Array {
  const exclude = groups && ((i: number, j: number) => groups[i] === groups[j]);
  const { squared } = nearest(set, set, { k, excludeSelf: true, exclude });
  return Float64Array.from({ length: set.count }, (_, i) => squared[i * k + k - 1]!);
}
