import type { Cell } from '../src/crystal/crystal.ts';
import { CELL_NUMBERS, type CellScale, TASK_NAMES, TASK_SIZES, type TaskName } from './tasks.ts';

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

const WIDTH = TASK_NAMES.reduce((sum, name) => sum + TASK_SIZES[name], 0);

/** First column of each task in the joined outputs. */
const START = Object.fromEntries(
  TASK_NAMES.map((name, i) => [
    name,
    TASK_NAMES.slice(0, i).reduce((sum, before) => sum + TASK_SIZES[before], 0),
  ]),
) as Record<TaskName, number>;

const largest = (values: Float32Array): number =>
  values.reduce((best, value, at) => (value > values[best]! ? at : best), 0);

/** Reads joined task outputs (N, all tasks) back into physical numbers. */
export function readProperties(raw: Float32Array, scale: CellScale): Properties {
  const count = raw.length / WIDTH;
  const part = (i: number, task: TaskName) =>
    raw.subarray(i * WIDTH + START[task], i * WIDTH + START[task] + TASK_SIZES[task]);
  const rows = Array.from({ length: count }, (_, i) => i);
  const numbers = rows.map((i) =>
    (['lengths', 'angles', 'volume'] as const)
      .flatMap((task) => [...part(i, task)])
      .map((value, d) => value * scale.sd[d]! + scale.mean[d]!),
  );
  const elements = new Float32Array(count * TASK_SIZES.elements);
  for (const i of rows) {
    elements.set(
      part(i, 'elements').map((z) => 1 / (1 + Math.exp(-z))),
      i * TASK_SIZES.elements,
    );
  }
  return {
    system: Int32Array.from(rows, (i) => largest(part(i, 'system'))),
    pointGroup: Int32Array.from(rows, (i) => largest(part(i, 'pointGroup'))),
    cells: numbers.map(
      (n) => [...n.slice(0, 3).map(Math.exp), ...n.slice(3, 6)] as unknown as Cell,
    ),
    volumes: Float32Array.from(numbers, (n) => Math.exp(n[CELL_NUMBERS - 1]!)),
    elements,
  };
}
