import { squaredDistance, visitLeast } from './distances.ts';
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

/** The `k` smallest of a row of numbers: their places, in no order. */
function smallest(values: Float32Array, from: number, count: number, k: number): number[] {
  const found = new Nearest(k);
  for (let g = 0; g < count; g++) {
    if (values[from + g]! < found.worst) found.offer(g, values[from + g]!);
  }
  return [...found.index].filter((g) => g >= 0);
}

/**
 * The k nearest rows of `b` of each row of `a`. Candidates come from single precision on the
 * engine, which gives the smallest distance of every group of rows: the k nearest groups are
 * looked at row by row, then every group that comes as near as what was found there. Distances
 * are decided in double precision, so that equal ones stay equal.
 */
export function nearest(a: Features, b: Features, options: NeighbourOptions): Neighbours {
  const { k, excludeSelf = false, exclude } = options;
  if (b.count < k + (excludeSelf ? 1 : 0)) {
    throw new RangeError(`${b.count} rows have no ${k} neighbours each`);
  }
  const index = new Int32Array(a.count * k).fill(-1);
  const out = new Float64Array(a.count * k).fill(Number.POSITIVE_INFINITY);
  visitLeast(a, b, ({ start, count, groups, least }, slack) => {
    const looked = new Int32Array(groups).fill(-1);
    for (let r = 0; r < count; r++) {
      const row = start + r;
      const found = new Nearest(k);
      const look = (group: number): void => {
        looked[group] = row;
        for (let j = group; j < b.count; j += groups) {
          if ((excludeSelf && j === row) || exclude?.(row, j)) continue;
          const exact = squaredDistance(a, row, b, j);
          if (exact < found.worst) found.offer(j, exact);
        }
      };
      const from = r * groups;
      for (const group of smallest(least, from, groups, k)) look(group);
      // The worst kept is exact: a group above it by more than the slack is out.
      for (let g = 0; g < groups; g++) {
        if (least[from + g]! <= found.worst + slack && looked[g] !== row) look(g);
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
