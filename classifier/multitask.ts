import { median } from '../src/common/quantile.ts';
import { cellVolume } from '../src/crystal/cell.ts';
import type { Cell } from '../src/crystal/crystal.ts';
import { ELEMENTS } from '../src/crystal/elements.ts';
import { crystalSystem, pointGroup, SPACE_GROUPS } from '../src/crystal/spacegroup.ts';
import type { Examples } from '../src/dataset/examples.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../src/engine/tf.ts';
import { crossEntropy, logSoftmax } from './losses.ts';
import type { Consistency } from './spec.ts';

/** Crystal systems in the order of their classes: as the space groups run through them. */
export const CRYSTAL_SYSTEMS: readonly string[] = [...new Set(SPACE_GROUPS.map(crystalSystem))];

/** The 32 point groups in the order of their classes. */
export const POINT_GROUPS: readonly string[] = [...new Set(SPACE_GROUPS.map(pointGroup))];

/** What is learnt beside the space group, and how many outputs it takes. */
export const HEAD_SIZES = {
  system: CRYSTAL_SYSTEMS.length,
  pointGroup: POINT_GROUPS.length,
  lengths: 3,
  angles: 3,
  volume: 1,
  elements: ELEMENTS.length,
} as const;

export type HeadName = keyof typeof HEAD_SIZES;
export const HEAD_NAMES = Object.keys(HEAD_SIZES) as HeadName[];

/** Outputs of the heads beside the space group's, (N, size of the head). */
export type TaskOutputs = Record<HeadName, Tensor2D>;

/** Numbers of a cell: log a, b, c (angstrom), alpha, beta, gamma (degrees), log V (cubic angstrom). */
const CELL_TARGETS = 7;

/** Mean and standard deviation of the cell numbers in the training examples. */
export interface CellScale {
  mean: readonly number[];
  sd: readonly number[];
}

const cellNumbers = (cell: Cell): number[] => [
  ...cell.slice(0, 3).map(Math.log),
  ...cell.slice(3),
  Math.log(cellVolume(cell)),
];

/** Position of each element of a formula such as `Fe8 O14 F2` in ELEMENTS; unknown symbols are left out. */
export const elementsOf = (formula: string): number[] =>
  formula
    .split(' ')
    .map((part) => /^([A-Z][a-z]?)/.exec(part)?.[1])
    .filter((symbol): symbol is string => symbol !== undefined)
    .map((symbol) => ELEMENTS.indexOf(symbol))
    .filter((at) => at >= 0);

/** What each example teaches beside its space group. */
export interface TaskTable {
  system: Int32Array;
  pointGroup: Int32Array;
  /** (N, 7) cell numbers; 0 where unknown. */
  cell: Float32Array;
  /** (N, elements) 1 for an element that is present. */
  elements: Float32Array;
  /** 1 where cell, or elements, are known. */
  cellKnown: Uint8Array;
  elementsKnown: Uint8Array;
}

/** Builds the table; synthetic examples know their symmetry only. */
export function taskTable({ count, classes, labels, properties }: Examples): TaskTable {
  const systems = classes.map((group) => CRYSTAL_SYSTEMS.indexOf(crystalSystem(group)));
  const points = classes.map((group) => POINT_GROUPS.indexOf(pointGroup(group)));
  const table: TaskTable = {
    system: labels.map((label) => systems[label]!),
    pointGroup: labels.map((label) => points[label]!),
    cell: new Float32Array(count * CELL_TARGETS),
    elements: new Float32Array(count * HEAD_SIZES.elements),
    cellKnown: new Uint8Array(count),
    elementsKnown: new Uint8Array(count),
  };
  for (let i = 0; i < count; i++) {
    const known = properties?.(i);
    if (known?.cell) {
      table.cell.set(cellNumbers(known.cell), i * CELL_TARGETS);
      table.cellKnown[i] = 1;
    }
    const present = known ? elementsOf(known.formula) : [];
    for (const at of present) table.elements[i * HEAD_SIZES.elements + at] = 1;
    table.elementsKnown[i] = present.length > 0 ? 1 : 0;
  }
  return table;
}

/** Mean and standard deviation of the known cells; 0 and 1 where none is known. */
export function cellScale({ cell, cellKnown }: TaskTable): CellScale {
  const rows = [...cellKnown.keys()].filter((i) => cellKnown[i]);
  const column = (d: number) => rows.map((i) => cell[i * CELL_TARGETS + d]!);
  const mean: number[] = [];
  const sd: number[] = [];
  for (let d = 0; d < CELL_TARGETS; d++) {
    const values = column(d);
    const average = values.reduce((a, b) => a + b, 0) / (values.length || 1);
    const square = values.reduce((a, b) => a + (b - average) ** 2, 0) / (values.length || 1);
    mean.push(average);
    sd.push(Math.sqrt(square) || 1);
  }
  return { mean, sd };
}

/** Crystal system of each class as rows of a (systems, K) table of 0 and 1. */
export const systemTable = (classes: readonly number[]): number[][] =>
  CRYSTAL_SYSTEMS.map((system) =>
    classes.map((group) => (crystalSystem(group) === system ? 1 : 0)),
  );

/** Far below any logit, but finite, so that log probabilities stay numbers. */
export const EXCLUDED_LOGIT = -60;

/**
 * Logits of the space groups (N, K) made consistent with those of the crystal systems (N, 7):
 * `weight` adds the log probability of each group's system, `mask` leaves the groups of the
 * likeliest system.
 */
export function consistent(
  logits: Tensor2D,
  systems: Tensor2D,
  { consistency, classes }: { consistency: Consistency; classes: readonly number[] },
): Tensor2D {
  if (consistency === 'none') return logits;
  return tf.tidy(() => {
    const table = tf.tensor2d(systemTable(classes));
    if (consistency === 'weight') return logits.add(logSoftmax(systems).matMul(table)) as Tensor2D;
    // A system that no class of the task has must not leave the triplet without a group.
    const empty = tf.sub(1, table.max(1, false)).mul(-1e9);
    const likeliest = tf.oneHot(systems.add(empty).argMax(1), table.shape[0]).cast('float32');
    const kept = likeliest.matMul(table) as Tensor2D;
    return logits.mul(kept).add(tf.sub(1, kept).mul(EXCLUDED_LOGIT)) as Tensor2D;
  });
}

/** What multitask heads say of N crystals. */
export interface Properties {
  /** Class of the crystal system, position in CRYSTAL_SYSTEMS. */
  system: Int32Array;
  /** Class of the point group, position in POINT_GROUPS. */
  pointGroup: Int32Array;
  /** Lattice lengths in angstrom and angles in degrees. */
  cells: Cell[];
  /** Volume of the cell in cubic angstrom. */
  volumes: Float32Array;
  /** (N, elements) probability that an element is present. */
  elements: Float32Array;
}

const WIDTH = HEAD_NAMES.reduce((sum, name) => sum + HEAD_SIZES[name], 0);

/** First column of each task in the joined outputs. */
const START = Object.fromEntries(
  HEAD_NAMES.map((name, i) => [
    name,
    HEAD_NAMES.slice(0, i).reduce((sum, before) => sum + HEAD_SIZES[before], 0),
  ]),
) as Record<HeadName, number>;

const largest = (values: Float32Array): number =>
  values.reduce((best, value, at) => (value > values[best]! ? at : best), 0);

/** Reads joined task outputs (N, all tasks) back into physical numbers. */
export function readProperties(raw: Float32Array, scale: CellScale): Properties {
  const count = raw.length / WIDTH;
  const part = (i: number, task: HeadName) =>
    raw.subarray(i * WIDTH + START[task], i * WIDTH + START[task] + HEAD_SIZES[task]);
  const rows = Array.from({ length: count }, (_, i) => i);
  const numbers = rows.map((i) =>
    (['lengths', 'angles', 'volume'] as const)
      .flatMap((task) => [...part(i, task)])
      .map((value, d) => value * scale.sd[d]! + scale.mean[d]!),
  );
  const elements = new Float32Array(count * HEAD_SIZES.elements);
  for (const i of rows) {
    elements.set(
      part(i, 'elements').map((z) => 1 / (1 + Math.exp(-z))),
      i * HEAD_SIZES.elements,
    );
  }
  return {
    system: Int32Array.from(rows, (i) => largest(part(i, 'system'))),
    pointGroup: Int32Array.from(rows, (i) => largest(part(i, 'pointGroup'))),
    cells: numbers.map(
      (n) => [...n.slice(0, 3).map(Math.exp), ...n.slice(3, 6)] as unknown as Cell,
    ),
    volumes: Float32Array.from(numbers, (n) => Math.exp(n[CELL_TARGETS - 1]!)),
    elements,
  };
}

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
  const cell = rowsOf(table.cell, rows, CELL_TARGETS).map(
    (value, at) => (value - scale.mean[at % CELL_TARGETS]!) / scale.sd[at % CELL_TARGETS]!,
  );
  return {
    system: oneHot(pick(table.system), HEAD_SIZES.system),
    pointGroup: oneHot(pick(table.pointGroup), HEAD_SIZES.pointGroup),
    cell: tf.tensor2d(cell, [rows.length, CELL_TARGETS]),
    elements: tf.tensor2d(rowsOf(table.elements, rows, HEAD_SIZES.elements), [
      rows.length,
      HEAD_SIZES.elements,
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
export function taskLosses(outputs: TaskOutputs, batch: TaskBatch): Record<HeadName, Tensor> {
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
  tasks: Record<HeadName, Tensor>,
  logVariances: Tensor1D,
): Tensor {
  const losses = tf.stack([main, ...HEAD_NAMES.map((name) => tasks[name])]);
  return losses.mul(logVariances.neg().exp()).add(logVariances).sum();
}

/** How the heads beside the space group's do; null where nothing is known of the truth. */
export interface TaskReport {
  /** Share of right crystal systems and point groups. */
  systemAccuracy: number;
  pointGroupAccuracy: number;
  /** Mean absolute errors: lattice lengths in angstrom, angles in degrees. */
  lengthError: number | null;
  angleError: number | null;
  /** Mean absolute error of the volume in cubic angstrom, and its median share of the truth. */
  volumeError: number | null;
  volumeRelativeError: number | null;
  /** F1 of element presence at probability 0.5, over all elements and crystals together. */
  elementF1: number | null;
}

const mean = (values: readonly number[]): number | null =>
  values.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : null;

function elementF1({ elements }: Properties, truth: TaskTable): number | null {
  let [hits, predicted, present] = [0, 0, 0];
  truth.elementsKnown.forEach((known, i) => {
    if (!known) return;
    for (let at = i * HEAD_SIZES.elements; at < (i + 1) * HEAD_SIZES.elements; at++) {
      const says = elements[at]! > 0.5 ? 1 : 0;
      hits += says * truth.elements[at]!;
      predicted += says;
      present += truth.elements[at]!;
    }
  });
  return present > 0 ? (2 * hits) / (predicted + present) : null;
}

/** Compares what the heads say with what is known of the crystals. */
export function taskReport(said: Properties, truth: TaskTable): TaskReport {
  const share = (ours: Int32Array, theirs: Int32Array) =>
    ours.filter((value, i) => value === theirs[i]).length / ours.length;
  const known = [...truth.cellKnown.keys()].filter((i) => truth.cellKnown[i]);
  const number = (i: number, d: number) => truth.cell[i * CELL_TARGETS + d]!;
  const lengths = known.flatMap((i) =>
    [0, 1, 2].map((d) => Math.abs(said.cells[i]![d]! - Math.exp(number(i, d)))),
  );
  const angles = known.flatMap((i) =>
    [3, 4, 5].map((d) => Math.abs(said.cells[i]![d]! - number(i, d))),
  );
  const volume = (i: number) => Math.exp(number(i, CELL_TARGETS - 1));
  const volumes = known.map((i) => Math.abs(said.volumes[i]! - volume(i)));
  return {
    systemAccuracy: share(said.system, truth.system),
    pointGroupAccuracy: share(said.pointGroup, truth.pointGroup),
    lengthError: mean(lengths),
    angleError: mean(angles),
    volumeError: mean(volumes),
    volumeRelativeError:
      known.length > 0 ? median(known.map((i, at) => volumes[at]! / volume(i))) : null,
    elementF1: elementF1(said, truth),
  };
}
