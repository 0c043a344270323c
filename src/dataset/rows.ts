import type { Cell, Vec3 } from '../crystal/crystal.ts';
import type { SampleFacts } from '../simulate/sample.ts';
import { SPLITS, type Split } from './split.ts';

/** Column by column what is known of each sample; NaN, or zone [0, 0, 0], where it is not known. */
export interface StoreRows {
  /** Space-group number. */
  spaceGroup: Int32Array;
  /** Position of the space group in the store's `classes`. */
  label: Int32Array;
  /** 0 train, 1 validation, 2 test. */
  split: Uint8Array;
  /** Position of the material in the store's `materials`. */
  material: Int32Array;
  /** (N, 6) lattice a, b, c in angstrom and alpha, beta, gamma in degrees. */
  cell: Float64Array;
  /** (N, 3, 3) zone axis of each pattern, direct-lattice indices. */
  zones: Float64Array;
  /** (N, 3, 3) direct-lattice direction that points up in each pattern. */
  inPlane: Float64Array;
  /** (N, 3) semi-convergence angles in rad. */
  semiAngles: Float64Array;
  /** (N, 3) interplanar spacings in angstrom that chose the zones. */
  spacings: Float64Array;
  /** Beam energy in keV. */
  energy: Float64Array;
  /** Specimen thickness in angstrom. */
  thickness: Float64Array;
  formula: readonly string[];
  /** Group name of the sample in its Summit file. */
  key: readonly string[];
}

/** Name in the file, numbers a row and type of every numeric column. */
export const COLUMNS = {
  spaceGroup: { name: 'space_group', width: [], dtype: '<i' },
  label: { name: 'label', width: [], dtype: '<i' },
  split: { name: 'split', width: [], dtype: '<B' },
  material: { name: 'material', width: [], dtype: '<i' },
  cell: { name: 'cell', width: [6], dtype: '<d' },
  zones: { name: 'zones', width: [3, 3], dtype: '<d' },
  inPlane: { name: 'in_plane', width: [3, 3], dtype: '<d' },
  semiAngles: { name: 'semi_angles_rad', width: [3], dtype: '<d' },
  spacings: { name: 'd_hkls_angstrom', width: [3], dtype: '<d' },
  energy: { name: 'energy_keV', width: [], dtype: '<d' },
  thickness: { name: 'thickness_angstrom', width: [], dtype: '<d' },
} as const;

export type NumericColumn = keyof typeof COLUMNS;

export const NUMERIC_COLUMNS = Object.keys(COLUMNS) as NumericColumn[];

/** The rows of a store before they are written: facts, split and name of each sample. */
export interface RowInput {
  key: string;
  split: Split;
  facts: SampleFacts;
}

/** The columns of a list of rows, and the tables they point into. */
export interface RowTable {
  rows: StoreRows;
  classes: number[];
  materials: string[];
}

const flat = (list: readonly (readonly number[] | null)[], width: number): Float64Array => {
  const column = new Float64Array(list.length * width).fill(Number.NaN);
  list.forEach((values, i) => {
    if (values) column.set(values, i * width);
  });
  return column;
};

/** Turns a list of samples into columns; classes and materials ascend. */
export function tableOf(list: readonly RowInput[]): RowTable {
  const classes = [...new Set(list.map(({ facts }) => facts.spaceGroup))].sort((a, b) => a - b);
  const materials = [...new Set(list.map(({ facts }) => facts.material))].sort();
  const classAt = new Map(classes.map((spaceGroup, i) => [spaceGroup, i]));
  const materialAt = new Map(materials.map((name, i) => [name, i]));
  const facts = list.map((row) => row.facts);
  const rows: StoreRows = {
    spaceGroup: Int32Array.from(facts, (one) => one.spaceGroup),
    label: Int32Array.from(facts, (one) => classAt.get(one.spaceGroup)!),
    split: Uint8Array.from(list, (row) => SPLITS.indexOf(row.split)),
    material: Int32Array.from(facts, (one) => materialAt.get(one.material)!),
    cell: flat(
      facts.map((one) => one.cell),
      6,
    ),
    zones: flat(
      facts.map((one) => one.zones.flat()),
      9,
    ),
    inPlane: flat(
      facts.map((one) => one.inPlane?.flat() ?? null),
      9,
    ),
    semiAngles: flat(
      facts.map((one) => one.semiAngles),
      3,
    ),
    spacings: flat(
      facts.map((one) => one.spacings),
      3,
    ),
    energy: Float64Array.from(facts, (one) => one.energy),
    thickness: Float64Array.from(facts, (one) => one.thickness ?? Number.NaN),
    formula: facts.map((one) => one.formula),
    key: list.map((row) => row.key),
  };
  return { rows, classes, materials };
}

const triple = <T>(column: Float64Array, at: number): T | null =>
  Number.isNaN(column[at]!) ? null : ([column[at]!, column[at + 1]!, column[at + 2]!] as T);

/** What is known of row `i`. */
export function factsAt(
  { rows, materials }: { rows: StoreRows; materials: readonly string[] },
  i: number,
): SampleFacts {
  const vectors = (column: Float64Array) =>
    [0, 3, 6].map((k) => triple<Vec3>(column, 9 * i + k)) as [Vec3, Vec3, Vec3];
  const cell = rows.cell.slice(6 * i, 6 * i + 6);
  return {
    spaceGroup: rows.spaceGroup[i]!,
    material: materials[rows.material[i]!]!,
    formula: rows.formula[i]!,
    energy: rows.energy[i]!,
    zones: vectors(rows.zones),
    inPlane: Number.isNaN(rows.inPlane[9 * i]!) ? null : vectors(rows.inPlane),
    semiAngles: triple(rows.semiAngles, 3 * i),
    spacings: triple(rows.spacings, 3 * i),
    cell: Number.isNaN(cell[0]!) ? null : (Array.from(cell) as unknown as Cell),
    thickness: Number.isNaN(rows.thickness[i]!) ? null : rows.thickness[i]!,
  };
}
