import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../src/engine/tf.ts';
import { crossEntropy } from './losses.ts';
import type { TaskOutputs } from './network.ts';
import {
  CELL_NUMBERS,
  type CellScale,
  TASK_NAMES,
  TASK_SIZES,
  type TaskName,
  type TaskTable,
} from './tasks.ts';

/** What a batch teaches beside the space group, as tensors. */
export interface TaskBatch {
  system: Tensor2D;
  pointGroup: Tensor2D;
  /** (N, 7) standardised. */
  cell: Tensor2D;
  elements: Tensor2D;
  /** (N, 1) 1 where known. */
  cellKnown: Tensor2D;
  elementsKnown: Tensor2D;
}

const oneHot = (labels: Int32Array, size: number): Tensor2D =>
  tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), size).cast('float32') as Tensor2D);

const rowsOf = (values: Float32Array, rows: Int32Array, width: number): Float32Array => {
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    out.set(values.subarray(row * width, (row + 1) * width), i * width);
  });
  return out;
};

/** The rows of a table for one update. The caller disposes the tensors. */
export function taskBatch(table: TaskTable, scale: CellScale, rows: Int32Array): TaskBatch {
  const pick = (values: Int32Array) => rows.map((row) => values[row]!);
  const flags = (values: Uint8Array) =>
    tf.tensor2d(
      Float32Array.from(rows, (row) => values[row]!),
      [rows.length, 1],
    );
  const cell = rowsOf(table.cell, rows, CELL_NUMBERS).map(
    (value, at) => (value - scale.mean[at % CELL_NUMBERS]!) / scale.sd[at % CELL_NUMBERS]!,
  );
  return {
    system: oneHot(pick(table.system), TASK_SIZES.system),
    pointGroup: oneHot(pick(table.pointGroup), TASK_SIZES.pointGroup),
    cell: tf.tensor2d(cell, [rows.length, CELL_NUMBERS]),
    elements: tf.tensor2d(rowsOf(table.elements, rows, TASK_SIZES.elements), [
      rows.length,
      TASK_SIZES.elements,
    ]),
    cellKnown: flags(table.cellKnown),
    elementsKnown: flags(table.elementsKnown),
  };
}

/** Mean of values (N, D) over the rows that are known; 0 where none is. */
const knownMean = (values: Tensor, known: Tensor2D): Tensor =>
  values.mul(known).sum().div(known.sum().mul(values.shape[1]!).add(1e-6));

const squaredError = (output: Tensor2D, target: Tensor, known: Tensor2D): Tensor =>
  knownMean(tf.squaredDifference(output, target), known);

/** Binary cross-entropy of logits: softplus(z) - t z. */
const presence = (z: Tensor2D, t: Tensor2D, known: Tensor2D): Tensor =>
  knownMean(tf.softplus(z).sub(t.mul(z)), known);

/** Loss of each task, a scalar each. */
export function taskLosses(outputs: TaskOutputs, batch: TaskBatch): Record<TaskName, Tensor> {
  const [lengths, angles, volume] = tf.split(batch.cell, [3, 3, 1], 1);
  return {
    system: crossEntropy(outputs.system, batch.system).mean(),
    pointGroup: crossEntropy(outputs.pointGroup, batch.pointGroup).mean(),
    lengths: squaredError(outputs.lengths, lengths!, batch.cellKnown),
    angles: squaredError(outputs.angles, angles!, batch.cellKnown),
    volume: squaredError(outputs.volume, volume!, batch.cellKnown),
    elements: presence(outputs.elements, batch.elements, batch.elementsKnown),
  };
}

/**
 * sum_t exp(-s_t) L_t + s_t with learnt log variances s (Kendall, Gal and Cipolla 2018), the space
 * group's loss first.
 */
export function uncertaintyWeighted(
  main: Tensor,
  tasks: Record<TaskName, Tensor>,
  logVariances: Tensor1D,
): Tensor {
  const losses = tf.stack([main, ...TASK_NAMES.map((name) => tasks[name])]);
  return losses.mul(logVariances.neg().exp()).add(logVariances).sum();
}
