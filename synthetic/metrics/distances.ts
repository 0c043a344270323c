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
export function visitLeast(a: Features, b: Features, visit: Visit<LeastBlock>): void {
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
