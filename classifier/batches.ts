import type { Stream } from '../src/common/stream.ts';
import { classCounts, type Examples, PIXEL_SCALE } from '../src/dataset/examples.ts';
import { kernels } from '../src/engine/kernels.ts';
import { type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../src/engine/tf.ts';
import type { TaskBatch } from './multitask.ts';
import { placedInputs, placementNumbers, type TripletPlacement, unmoved } from './placement.ts';
import type { Facts, Recipe } from './recipe.ts';

/** Class counts of the examples, real and synthetic apart. */
export function classFacts(examples: Examples): Facts {
  const synthetic = new Int32Array(examples.classes.length);
  if (examples.synthetic) {
    examples.synthetic.forEach((flag, i) => {
      if (flag) synthetic[examples.labels[i]!]!++;
    });
  }
  const all = classCounts(examples);
  return { classes: examples.classes, synthetic, real: all.map((n, c) => n - synthetic[c]!) };
}

/**
 * Rows of the batch of an update: shuffled passes over all rows, the incomplete end of a pass
 * left out. A pure function of the update, so that a resumed run sees the same batches.
 */
export function batchRows(
  count: number,
  options: { update: number; batch: number; stream: Stream },
): Int32Array {
  const { update, batch, stream } = options;
  if (count < batch) {
    const draws = stream.split(`update ${update}`);
    return Int32Array.from({ length: batch }, () => draws.index(count));
  }
  const perPass = Math.floor(count / batch);
  const pass = Math.floor(update / perPass);
  const order = passOrder(count, stream, pass);
  const from = (update % perPass) * batch;
  return order.slice(from, from + batch);
}

let lastOrder: { key: string; order: Int32Array } | null = null;

/** The order of a pass; the latest one is kept, because every update of the pass asks for it. */
function passOrder(count: number, stream: Stream, pass: number): Int32Array {
  const key = `${stream.seed}/${stream.name}/${pass}/${count}`;
  if (lastOrder?.key !== key) {
    lastOrder = { key, order: Int32Array.from(stream.split(`pass ${pass}`).permutation(count)) };
  }
  return lastOrder.order;
}

/** What one update learns from. */
export interface Batch {
  /** Inputs (N, size, size, 3). */
  x: Tensor4D;
  /** Targets (N, K), rows summing to 1. */
  targets: Tensor2D;
  /** Weight of each example, (N). */
  weights: Tensor1D;
  /** What multitask heads learn. */
  tasks?: TaskBatch;
  dispose(): void;
}

/** Stored pixels as network inputs (N, size, size, 3), read under placements where there are any. */
export function inputOf(
  pixels: Uint8Array,
  size: number,
  placements: readonly TripletPlacement[] | null = null,
): Tensor4D {
  const shape: [number, number, number, number] = [
    pixels.length / (size * size * 3),
    size,
    size,
    3,
  ];
  const run = kernels();
  if (!run) return tf.tensor4d(placedInputs(pixels, size, placements), shape);
  return tf.tidy(() => {
    // A boolean tensor is how TensorFlow.js holds bytes.
    const bytes = tf.tensor4d(pixels, shape, 'bool');
    const numbers = tf.tensor1d(placementNumbers(placements ?? []));
    return run('CbedPlace', [bytes, numbers, tf.scalar(PIXEL_SCALE)], 1)[0] as Tensor4D;
  });
}

/** Draws where the pixels of each row are read; null when nothing moves them. */
function placementsOf({ examples, rows, recipe, stream }: BatchRequest): TripletPlacement[] | null {
  const moving = recipe.transforms.map((transform, i) => ({ transform, i }));
  const placing = moving.filter(({ transform }) => transform.on === 'placement');
  if (placing.length === 0) return null;
  const placements = Array.from(rows, unmoved);
  for (const { transform, i } of placing) {
    const draws = stream.split(`transform ${i}`);
    placements.forEach((placement, at) => {
      const spaceGroup = examples.classes[examples.labels[rows[at]!]!]!;
      if (transform.on === 'placement') transform.draw(placement, { spaceGroup, stream: draws });
    });
  }
  return placements;
}

/**
 * Weighted targets (rows, K) flat: one-hot, or soft where an example has a partner class, times the
 * example's own weight and the class weights. A row's sum is its weight in the loss.
 */
function weightedTargets(
  examples: Examples,
  rows: Int32Array,
  classWeights: Float32Array | null,
): Float32Array {
  const classCount = examples.classes.length;
  const values = new Float32Array(rows.length * classCount);
  const add = (i: number, label: number, share: number) => {
    values[i * classCount + label]! += share * (classWeights?.[label] ?? 1);
  };
  rows.forEach((row, i) => {
    const own = examples.weights?.[row] ?? 1;
    const share = examples.partners?.share[row] ?? 0;
    add(i, examples.labels[row]!, own * (1 - share));
    if (share > 0) add(i, examples.partners!.label[row]!, own * share);
  });
  return values;
}

/** Splits weighted targets into targets whose rows sum to 1 and the weight of each row. */
function splitWeights(values: Float32Array, count: number) {
  const classCount = values.length / count;
  const weights = new Float32Array(count);
  for (let i = 0; i < values.length; i++) weights[Math.floor(i / classCount)]! += values[i]!;
  const targets = values.map((value, i) => value / (weights[Math.floor(i / classCount)]! || 1));
  return { targets, weights };
}

export interface BatchRequest {
  examples: Examples;
  rows: Int32Array;
  recipe: Recipe;
  classWeights: Float32Array | null;
  stream: Stream;
  /** Builds what multitask heads learn from rows. */
  tasksOf?: (rows: Int32Array) => TaskBatch;
}

/** A random partner for each example of a batch, and the share that stays its own. */
interface Mixture {
  order: readonly number[];
  share: number;
}

const mixedInput = (x: Tensor4D, { order, share }: Mixture): Tensor4D =>
  x.mul(share).add(tf.gather(x, tf.tensor1d([...order], 'int32')).mul(1 - share)) as Tensor4D;

function mixedTargets(values: Float32Array, { order, share }: Mixture): Float32Array {
  const classCount = values.length / order.length;
  return values.map((value, at) => {
    const other = order[Math.floor(at / classCount)]! * classCount + (at % classCount);
    return share * value + (1 - share) * values[other]!;
  });
}

/** Reads, transforms and, where the recipe says so, mixes the rows of one update. */
export function makeBatch(request: BatchRequest): Batch {
  const { examples, rows, recipe, classWeights, stream } = request;
  const { classes } = examples;
  let values = weightedTargets(examples, rows, classWeights);
  const x = tf.tidy(() => {
    let input = inputOf(examples.images(rows), examples.size, placementsOf(request));
    recipe.transforms.forEach((transform, i) => {
      if (transform.on === 'input') input = transform.apply(input, stream.split(`transform ${i}`));
    });
    if (!recipe.mixup) return input;
    const draws = stream.split('mixup');
    const share = draws.beta(recipe.mixup.alpha, recipe.mixup.alpha);
    const mixture = { share, order: draws.permutation(rows.length) };
    values = mixedTargets(values, mixture);
    return mixedInput(input, mixture);
  });
  const split = splitWeights(values, rows.length);
  const targets = tf.tensor2d(split.targets, [rows.length, classes.length]);
  const weights = tf.tensor1d(split.weights);
  const tasks = request.tasksOf?.(rows);
  const dispose = () => tf.dispose([x, targets, weights, ...Object.values(tasks ?? {})]);
  return { x, targets, weights, tasks, dispose };
}
