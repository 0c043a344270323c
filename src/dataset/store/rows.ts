import type { Cell, Vec3 } from '../../crystal/crystal.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import { SPLITS, type Split } from '../split.ts';
import { CrystalCollector, type CrystalTable } from './crystals.ts';

/** What the root attributes `format` and `version` of a store say. */
export const STORE_FORMAT = 'cbed-gan prepared store';
export const STORE_VERSION = 1;

/** A source file of a store: name, bytes, samples taken and the digest of its catalogue. */
export interface StoreSource {
  name: string;
  bytes: number;
  samples: number;
  digest: string;
}

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
  /** The crystals that rows were simulated from; null where none is known. */
  crystals: CrystalTable | null;
}

type Numbers = Float64Array | Int32Array | Uint8Array;

/** A typed array that grows by halves. */
class Growing<A extends Numbers> {
  private values: A;
  private length = 0;
  private readonly kind: new (
    length: number,
  ) => A;

  constructor(kind: new (length: number) => A) {
    this.kind = kind;
    this.values = new kind(64);
  }

  push(values: readonly number[]): void {
    const end = this.length + values.length;
    if (end > this.values.length) {
      const larger = new this.kind(Math.ceil(1.5 * end));
      larger.set(this.values);
      this.values = larger;
    }
    this.values.set(values, this.length);
    this.length = end;
  }

  done(): A {
    return this.values.slice(0, this.length) as A;
  }
}

/** Texts, each kept once, and the number of the text of each row. */
class Names {
  readonly of = new Growing(Int32Array);
  private readonly numbers = new Map<string, number>();

  push(name: string): string {
    const number = this.numbers.get(name) ?? this.numbers.size;
    this.numbers.set(name, number);
    this.of.push([number]);
    return name;
  }

  /** The names in order, and the position of each row's among them. */
  done(): { names: string[]; at: Int32Array } {
    const names = [...this.numbers.keys()].sort();
    const places = new Int32Array(names.length);
    names.forEach((name, i) => {
      places[this.numbers.get(name)!] = i;
    });
    return { names, at: this.of.done().map((number) => places[number]!) };
  }
}

const unknown = (width: number): number[] => new Array<number>(width).fill(Number.NaN);
const [UNKNOWN_3, UNKNOWN_6, UNKNOWN_9] = [unknown(3), unknown(6), unknown(9)];

/**
 * Turns samples into columns; classes and materials ascend. A row takes about 350 bytes, and the
 * samples may come one at a time.
 */
export function tableOf(samples: Iterable<RowInput>): RowTable {
  const [spaceGroup, split] = [new Growing(Int32Array), new Growing(Uint8Array)];
  const doubles = () => new Growing(Float64Array);
  const [cell, zones, inPlane, semiAngles] = [doubles(), doubles(), doubles(), doubles()];
  const [spacings, energy, thickness] = [doubles(), doubles(), doubles()];
  const materials = new Names();
  const formulas = new Map<string, string>();
  const crystals = new CrystalCollector();
  const [formula, key]: [string[], string[]] = [[], []];
  for (const { key: name, split: part, facts } of samples) {
    spaceGroup.push([facts.spaceGroup]);
    split.push([SPLITS.indexOf(part)]);
    cell.push(facts.cell ?? UNKNOWN_6);
    zones.push(facts.zones.flat());
    inPlane.push(facts.inPlane?.flat() ?? UNKNOWN_9);
    semiAngles.push(facts.semiAngles ?? UNKNOWN_3);
    spacings.push(facts.spacings ?? UNKNOWN_3);
    energy.push([facts.energy]);
    thickness.push([facts.thickness ?? Number.NaN]);
    materials.push(facts.material);
    crystals.push(facts.crystal);
    const known = formulas.get(facts.formula) ?? facts.formula;
    formulas.set(known, known);
    formula.push(known);
    key.push(name);
  }
  const groups = spaceGroup.done();
  const classes = [...new Set(groups)].sort((a, b) => a - b);
  const { names, at } = materials.done();
  const rows: StoreRows = {
    spaceGroup: groups,
    label: groups.map((number) => classes.indexOf(number)),
    split: split.done(),
    material: at,
    cell: cell.done(),
    zones: zones.done(),
    inPlane: inPlane.done(),
    semiAngles: semiAngles.done(),
    spacings: spacings.done(),
    energy: energy.done(),
    thickness: thickness.done(),
    formula,
    key,
  };
  return { rows, classes, materials: names, crystals: crystals.done() };
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
