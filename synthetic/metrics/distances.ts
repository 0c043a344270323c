import { tf } from '../../src/engine/tf.ts';
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
type Visit = (block: DistanceBlock, slack: number) => void;

/** Unit roundoff of single precision. */
const ROUNDOFF = 2 ** -24;

/** Pairs of each block that are computed in double precision too, to see how well the engine rounds. */
const PROBES = 64;

/** Bytes of one block of squared distances on the engine. */
const BLOCK_BYTES = 64 << 20;

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

/** Largest error among a few pairs of a block: engines that multiply in TF32 are off by more. */
function observedError(a: Features, b: Features, block: DistanceBlock): number {
  let worst = 0;
  for (let n = 0; n < PROBES; n++) {
    const at = (n * 7919) % block.squared.length;
    const row = block.start + Math.floor(at / b.count);
    const exact = squaredDistance(a, row, b, at % b.count);
    worst = Math.max(worst, Math.abs(block.squared[at]! - exact));
  }
  return worst;
}

/**
 * All squared distances between rows of `a` and rows of `b`, block by block on the engine as the
 * product (a, |a|^2, 1) (-2 b, 1, |b|^2)': 20,000 x 20,000 distances never take more than a block of memory.
 *
 * @param visit gets each block and the slack of its values: those closer to a threshold than
 *   that are to be decided with `squaredDistance`.
 */
export function visitDistances(a: Features, b: Features, visit: Visit): void {
  sameWidth(a, b);
  if (a.count === 0 || b.count === 0) return;
  if (a.count * b.count * a.width <= SMALL) {
    const block = smallBlock(a, b);
    const largest = block.squared.reduce((most, d) => Math.max(most, d), 0);
    visit(block, ROUNDOFF * largest);
    return;
  }
  visitOnEngine(a, b, visit);
}

function visitOnEngine(a: Features, b: Features, visit: Visit): void {
  // About the mean the norms are smallest, and with them the cancellation.
  const mean = columnMeans(b);
  const [left, right] = [centred(a, mean), centred(b, mean)];
  const largest = (norms: Float64Array) => norms.reduce((most, n) => Math.max(most, n), 0);
  const scale = largest(left.norms) + largest(right.norms);
  const rounding = ROUNDOFF * (16 + 4 * Math.sqrt(a.width)) * scale;
  const width = a.width + 2;
  const rows = extended(left, a.width, (norm) => ({ scale: 1, first: norm, last: 1 }));
  const columns = extended(right, a.width, (norm) => ({ scale: -2, first: 1, last: norm }));
  const others = tf.tensor2d(columns, [b.count, width]);
  const atOnce = Math.max(1, Math.floor(BLOCK_BYTES / (4 * b.count)));
  for (let start = 0; start < a.count; start += atOnce) {
    const count = Math.min(atOnce, a.count - start);
    const part = rows.subarray(start * width, (start + count) * width);
    const product = tf.tidy(() =>
      tf.matMul(tf.tensor2d(part, [count, width]), others, false, true),
    );
    const block = { start, count, squared: product.dataSync() as Float32Array };
    product.dispose();
    visit(block, Math.max(rounding, 8 * observedError(a, b, block)));
  }
  others.dispose();
}
