import { cellVolume } from '../src/crystal/cell.ts';
import type { Cell } from '../src/crystal/crystal.ts';
import { ELEMENTS } from '../src/crystal/elements.ts';
import { crystalSystem, pointGroup, SPACE_GROUPS } from '../src/crystal/spacegroup.ts';
import type { Examples } from '../src/dataset/examples.ts';

/** Crystal systems in the order of their classes: as the space groups run through them. */
export const CRYSTAL_SYSTEMS: readonly string[] = [...new Set(SPACE_GROUPS.map(crystalSystem))];

/** The 32 point groups in the order of their classes. */
export const POINT_GROUPS: readonly string[] = [...new Set(SPACE_GROUPS.map(pointGroup))];

/** What is learnt beside the space group, and how many outputs it takes. */
export const TASK_SIZES = {
  system: CRYSTAL_SYSTEMS.length,
  pointGroup: POINT_GROUPS.length,
  lengths: 3,
  angles: 3,
  volume: 1,
  elements: ELEMENTS.length,
} as const;

export type TaskName = keyof typeof TASK_SIZES;
export const TASK_NAMES = Object.keys(TASK_SIZES) as TaskName[];

/** Numbers of a cell: log a, b, c (angstrom), alpha, beta, gamma (degrees), log V (cubic angstrom). */
export const CELL_NUMBERS = 7;

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
    cell: new Float32Array(count * CELL_NUMBERS),
    elements: new Float32Array(count * TASK_SIZES.elements),
    cellKnown: new Uint8Array(count),
    elementsKnown: new Uint8Array(count),
  };
  for (let i = 0; i < count; i++) {
    const known = properties?.(i);
    if (known?.cell) {
      table.cell.set(cellNumbers(known.cell), i * CELL_NUMBERS);
      table.cellKnown[i] = 1;
    }
    const present = known ? elementsOf(known.formula) : [];
    for (const at of present) table.elements[i * TASK_SIZES.elements + at] = 1;
    table.elementsKnown[i] = present.length > 0 ? 1 : 0;
  }
  return table;
}

/** Mean and standard deviation of the known cells; 0 and 1 where none is known. */
export function cellScale({ cell, cellKnown }: TaskTable): CellScale {
  const rows = [...cellKnown.keys()].filter((i) => cellKnown[i]);
  const column = (d: number) => rows.map((i) => cell[i * CELL_NUMBERS + d]!);
  const mean: number[] = [];
  const sd: number[] = [];
  for (let d = 0; d < CELL_NUMBERS; d++) {
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
