import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';
import { columnMeans, type Features, sameWidth } from './features.ts';

/** Squared Euclidean distance between a row of one set and a row of another, in double precision. */
export function squaredDistance(a: Features, i: number, b: Features, j: number): number {
  const { width } = a;
  let sum = 0;
  for (let k = 0, p = i * width, q = j * width; k < width; k++) {
    const step = a.values[p++]! - b.values[q++]!;
    sum += step * step;
  }
  return sum;
}

/** Some rows of the distance matrix, in single precision. */
export interface DistanceBlock {
  /** First row (index into the first set) and number of rows. */
  start: number;
  count: number;
  /** (count, b.count) squared distances; may be a little below zero. */
  squared: Float32Array;
}

/** Gets a block, and how far its values may be off. */
type Visit<Block> = (block: Block, slack: number) => void;

/** Unit roundoff of single precision. */
const ROUNDOFF = 2 ** -24;

/** Pairs of each block that are computed in double precision too, to see how well the engine rounds. */
const PROBES = 64;

/** Bytes of one block of squared distances on the engine. */
const BLOCK_BYTES = 32 << 20;

/** A set about a mean, with the squared norm of each row. */
interface Centred {
  values: Float32Array;
  norms: Float64Array;
}

function centred({ count, width, values }: Features, mean: Float64Array): Centred {
  const out = new Float32Array(values.length);
  const norms = new Float64Array(count);
  for (let i = 0, at = 0; i < count; i++) {
    for (let k = 0; k < width; k++, at++) {
      out[at] = values[at]! - mean[k]!;
      norms[i]! += out[at]! ** 2;
    }
  }
  return { values: out, norms };
}

/** Rows (scale x, first, last), so that one matrix product adds the norms to the dot products. */
function extended(
  { values, norms }: Centred,
  width: number,
  row: (norm: number) => { scale: number; first: number; last: number },
): Float32Array {
  const out = new Float32Array(norms.length * (width + 2));
  norms.forEach((norm, i) => {
    const { scale, first, last } = row(norm);
    const at = i * (width + 2);
    for (let k = 0; k < width; k++) out[at + k] = scale * values[i * width + k]!;
    out[at + width] = first;
    out[at + width + 1] = last;
  });
  return out;
}

/** Below this many multiplications a loop is quicker than a call of the engine. */
const SMALL = 2e6;

/** The whole matrix of a small problem, in double precision and then rounded. */
function smallBlock(a: Features, b: Features): DistanceBlock {
  const squared = new Float32Array(a.count * b.count);
  for (let i = 0, at = 0; i < a.count; i++) {
    for (let j = 0; j < b.count; j++) squared[at++] = squaredDistance(a, i, b, j);
  }
  return { start: 0, count: a.count, squared };
}

/** Some rows of the distance matrix on the engine; the callee leaves the tensor alone. */
interface Product {
  start: number;
  count: number;
  /** (count, at least b.count) squared distances; columns beyond the rows of `b` are far away. */
  squared: Tensor2D;
}

/** Largest error among a few pairs of a block: engines that multiply in TF32 are off by more. */
function observedError(a: Features, b: Features, { start, count, squared }: Product): number {
  const columns = squared.shape[1];
  const pairs = Array.from({ length: PROBES }, (_, n) => {
    const at = (n * 7919) % (count * b.count);
    return [Math.floor(at / b.count), at % b.count] as const;
  });
  const places = pairs.map(([row, j]) => row * columns + j);
  const found = numbersOf(() => tf.gather(squared.reshape([-1]), tf.tensor1d(places, 'int32')));
  return pairs.reduce((worst, [row, j], n) => {
    return Math.max(worst, Math.abs(found[n]! - squaredDistance(a, start + row, b, j)));
  }, 0);
}

const isSmall = (a: Features, b: Features): boolean => a.count * b.count * a.width <= SMALL;

/** Slack of the whole matrix of a small problem. */
const smallSlack = ({ squared }: DistanceBlock): number =>
  ROUNDOFF * squared.reduce((most, d) => Math.max(most, d), 0);

/**
 * All squared distances between rows of `a` and rows of `b`, block by block on the engine as the
 * product (a, |a|^2, 1) (-2 b, 1, |b|^2)': 20,000 x 20,000 distances never take more than a block of memory.
 *
 * @param visit gets each block and the slack of its values: those closer to a threshold than
 *   that are to be decided with `squaredDistance`.
 */
export function visitDistances(a: Features, b: Features, visit: Visit<DistanceBlock>): void {
  sameWidth(a, b);
  if (a.count === 0 || b.count === 0) return;
  if (isSmall(a, b)) {
    const block = smallBlock(a, b);
    visit(block, smallSlack(block));
    return;
  }
  eachProduct(a, b, b.count, ({ start, count, squared }, slack) => {
    visit({ start, count, squared: squared.dataSync() as Float32Array }, slack);
  });
}

/**
 * Smallest squared distance of some rows of one set to each group of rows of another. Group g
 * holds the rows g, g + groups, g + 2 groups and so on.
 */
export interface LeastBlock {
  /** First row (index into the first set) and number of rows. */
  start: number;
  count: number;
  groups: number;
  /** (count, groups) squared distances; may be a little below zero. */
  least: Float32Array;
}

/** Rows of a group: the engine gives one number for so many distances. */
const GROUP = 16;

/**
 * Like `visitDistances`, for callers that look for near rows only: the engine keeps the smallest
 * distance of every group, and only groups that come near need to be looked at row by row.
 */
function visitLeast(a: Features, b: Features, visit: Visit<LeastBlock>): void {
  sameWidth(a, b);
  if (a.count === 0 || b.count === 0) return;
  if (isSmall(a, b)) {
    const block = smallBlock(a, b);
    const { start, count, squared: least } = block;
    visit({ start, count, groups: b.count, least }, smallSlack(block));
    return;
  }
  const groups = Math.ceil(b.count / GROUP);
  eachProduct(a, b, groups * GROUP, ({ start, count, squared }, slack) => {
    const least = numbersOf(() => squared.reshape([count, GROUP, groups]).min(1));
    visit({ start, count, groups, least }, slack);
  });
}

/** Squared distance of padding, beyond any other. */
const FAR = 1e30;

/** The matrix of squared distances on the engine, some rows at a time, padded to `columns`. */
function eachProduct(a: Features, b: Features, columns: number, use: Visit<Product>): void {
  // About the mean the norms are smallest, and with them the cancellation.
  const mean = columnMeans(b);
  const [left, right] = [centred(a, mean), centred(b, mean)];
  const largest = (norms: Float64Array) => norms.reduce((most, n) => Math.max(most, n), 0);
  const scale = largest(left.norms) + largest(right.norms);
  const rounding = ROUNDOFF * (16 + 4 * Math.sqrt(a.width)) * scale;
  const width = a.width + 2;
  const rows = extended(left, a.width, (norm) => ({ scale: 1, first: norm, last: 1 }));
  const others = new Float32Array(columns * width);
  others.set(extended(right, a.width, (norm) => ({ scale: -2, first: 1, last: norm })));
  for (let j = b.count; j < columns; j++) others[j * width + width - 1] = FAR;
  const matrix = tf.tensor2d(others, [columns, width]);
  const atOnce = Math.max(1, Math.floor(BLOCK_BYTES / (4 * columns)));
  for (let start = 0; start < a.count; start += atOnce) {
    const count = Math.min(atOnce, a.count - start);
    const part = rows.subarray(start * width, (start + count) * width);
    const squared = tf.tidy(() =>
      tf.matMul(tf.tensor2d(part, [count, width]), matrix, false, true),
    ) as Tensor2D;
    const product = { start, count, squared };
    use(product, Math.max(rounding, 8 * observedError(a, b, product)));
    squared.dispose();
  }
  matrix.dispose();
}

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
export function nearestRows(a: Features, b: Features, options: NeighbourOptions): Neighbours {
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
  const { squared } = nearestRows(set, set, { k, excludeSelf: true, exclude });
  return Float64Array.from({ length: set.count }, (_, i) => squared[i * k + k - 1]!);
}
