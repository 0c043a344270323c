import type * as H5wasm from 'h5wasm/node';
import { CbedError, inputError, messageOf } from '../../common/errors.ts';
import { isTable } from '../../common/table.ts';
import type { Crystal } from '../../crystal/crystal.ts';
import type { Camera } from '../../simulate/camera.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import type { RealExamples } from '../examples.ts';
import { ImageReader } from '../hdf5/image-reader.ts';
import { hdf5 } from '../hdf5/library.ts';
import { fileProblem } from '../hdf5/superblock.ts';
import { SPLITS, type Split } from '../split.ts';
import { storeFile } from '../tasks/task-names.ts';
import { checkContent } from './check.ts';
import { type CrystalTable, readCrystals } from './crystals.ts';
import {
  COLUMNS,
  factsAt,
  NUMERIC_COLUMNS,
  type RowTable,
  STORE_FORMAT,
  STORE_VERSION,
  type StoreRows,
  type StoreSource,
} from './rows.ts';

export type { StoreRows } from './rows.ts';

/** A prepared store, open for reading. */
export interface Store {
  readonly path: string;
  /** SHA-256 of the content: pixels, rows, camera. Says nothing of how it was made. */
  readonly digest: string;
  /** Number of samples. */
  readonly count: number;
  /** Pixels a side. */
  readonly size: number;
  readonly camera: Camera;
  /** Space groups in the store, ascending. */
  readonly classes: readonly number[];
  /** Names of the materials, ascending. */
  readonly materials: readonly string[];
  readonly rows: StoreRows;
  /** The resolved settings the store was prepared with. */
  readonly config: Record<string, unknown>;
  readonly sources: readonly StoreSource[];
  /** Rows of a split, ascending. */
  indices(split: Split): Int32Array;
  /** (indices.length, size, size, 3) stored pixels of these rows. */
  images(indices: ArrayLike<number>): Uint8Array;
  /** What is known of one row. */
  facts(row: number): SampleFacts;
  /** The crystal that a row was simulated from; null where it is not known. */
  crystal(row: number): Crystal | null;
  /** A crystal of each material, the first of its rows; null where the store knows none. */
  crystals(): ReadonlyMap<string, Crystal> | null;
  /** A split, or a list of rows, as examples; pixels are read when asked for. */
  examples(which: Split | ArrayLike<number>): StoreExamples;
  close(): void;
}

/** Rows of a store as examples. */
export interface StoreExamples extends RealExamples {
  readonly store: Store;
  /** Row of the store behind each example. */
  readonly rows: Int32Array;
}

/** A split, or a list of rows, of a store as examples; pixels are read when asked for. */
export function storeExamples(store: Store, which: Split | ArrayLike<number>): StoreExamples {
  const rows = typeof which === 'string' ? store.indices(which) : Int32Array.from(which);
  return {
    store,
    rows,
    count: rows.length,
    size: store.size,
    classes: store.classes,
    labels: rows.map((row) => store.rows.label[row]!),
    materials: Array.from(rows, (row) => store.materials[store.rows.material[row]!]!),
    images: (indices) => store.images(Array.from(indices, (i) => rows[i]!)),
    properties: (i) => store.facts(rows[i]!),
  };
}

/** Rows of a part, ascending, from the codes of all rows. */
export function rowsOfSplit(codes: Uint8Array, split: Split): Int32Array {
  const code = SPLITS.indexOf(split);
  const rows: number[] = [];
  codes.forEach((value, row) => {
    if (value === code) rows.push(row);
  });
  return Int32Array.from(rows);
}

export interface OpenStoreOptions {
  /** Bytes of pixels that may be kept in memory; a larger store is read row by row. */
  memoryBudget?: number;
  /** Hash the content also of a large store whose digest is remembered to be right. */
  verify?: boolean;
}

/** Bytes of pixels kept in memory unless the caller says otherwise. */
const DEFAULT_MEMORY_BUDGET = 512 << 20;

/**
 * Opens a prepared store by its path or, once made, the name of a built-in task. Pixels stay in the file until they are asked for; a store within the
 * memory budget is then read once.
 *
 * @throws an input error that names the file: missing, cut off, no store, of another version.
 * @example
 * const store = await openStore('minerals');
 * const train = store.examples('train');
 * store.close();
 * @category Data
 */
export async function openStore(
  given: string,
  { memoryBudget = DEFAULT_MEMORY_BUDGET, verify = false }: OpenStoreOptions = {},
): Promise<Store> {
  const mend = 'run: gan data prepare';
  const path = storeFile(given);
  const problem = fileProblem(path);
  if (problem) throw inputError(`${path}: ${problem.reason}`, mend);
  const library = await hdf5();
  let file: H5wasm.File | null = null;
  try {
    file = new library.File(path, 'r');
    const format = file.get_attribute('format', false);
    if (format !== STORE_FORMAT) throw inputError(`${path} is not a prepared store`, mend);
    const version = Number(file.get_attribute('version', false));
    if (version !== STORE_VERSION) {
      throw inputError(`${path} is a store of version ${version}, not ${STORE_VERSION}`, mend);
    }
    const store = new OpenStore(path, file, new ImageReader(library, file, memoryBudget));
    store.check(verify);
    return store;
  } catch (error) {
    if (error instanceof CbedError) {
      file?.close();
      throw error;
    }
    const reason = library.fault(error);
    library.abandon(path);
    if (reason.includes("can't locate attribute") || reason.includes('name not defined')) {
      throw inputError(`${path} is not a prepared store`, mend);
    }
    throw inputError(`${path} is damaged: ${reason}`, mend);
  }
}

/** True where a file is a prepared store. */
export async function isStore(path: string): Promise<boolean> {
  if (fileProblem(path)) return false;
  const library = await hdf5();
  try {
    const file = new library.File(path, 'r');
    const { attrs } = file;
    const is = 'format' in attrs && attrs.format?.value === STORE_FORMAT;
    file.close();
    return is;
  } catch (error) {
    library.fault(error);
    library.abandon(path);
    return false;
  }
}

/**
 * Computes the digest of a store's content anew.
 *
 * @throws an input error where it is not the one the store was written with.
 */
export async function verifyStore(path: string): Promise<string> {
  const store = await openStore(path, { memoryBudget: 0, verify: true });
  store.close();
  return store.digest;
}

function readTable(file: H5wasm.File): Omit<RowTable, 'crystals'> {
  const value = (name: string): unknown => {
    const dataset = file.get(name) as H5wasm.Dataset | null;
    if (!dataset || !('value' in dataset)) throw new Error(`it has no ${name}`);
    return dataset.value;
  };
  const numeric = NUMERIC_COLUMNS.map((column) => [column, value(`rows/${COLUMNS[column].name}`)]);
  const rows = {
    ...Object.fromEntries(numeric),
    formula: value('rows/formula'),
    key: value('rows/key'),
  } as StoreRows;
  const classes = Array.from(value('classes') as Int32Array);
  return { rows, classes, materials: value('materials') as string[] };
}

class OpenStore implements Store {
  readonly path: string;
  readonly digest: string;
  readonly camera: Camera;
  readonly classes: readonly number[];
  readonly materials: readonly string[];
  readonly rows: StoreRows;
  readonly config: Record<string, unknown>;
  readonly sources: readonly StoreSource[];
  private table: CrystalTable | null | undefined;
  private byMaterial: ReadonlyMap<string, Crystal> | null = null;
  private readonly file: H5wasm.File;
  private readonly reader: ImageReader;

  constructor(path: string, file: H5wasm.File, reader: ImageReader) {
    this.path = path;
    this.file = file;
    this.reader = reader;
    const camera = file.get_attribute('camera', false) as Float64Array;
    this.camera = { size: camera[0]!, pixel: camera[1]!, centre: camera[2]! };
    this.digest = file.get_attribute('digest', false) as string;
    const json = (name: string) =>
      JSON.parse(((file.get(name) as H5wasm.Dataset).value as string[])[0]!);
    const [config, sources] = [json('config'), json('sources')];
    this.config = config;
    this.sources = sources;
    if (!isTable(config) || !Array.isArray(sources) || !sources.every(isTable)) {
      throw new Error('its settings or sources are none');
    }
    const table = readTable(file);
    this.rows = table.rows;
    this.classes = table.classes;
    this.materials = table.materials;
  }

  /** @throws an input error where something is not as it was written. */
  check(always: boolean): void {
    const { path, digest, camera, classes, materials, rows, reader } = this;
    const pixels = (from: number, to: number): Uint8Array =>
      reader.read(Array.from({ length: to - from }, (_, i) => from + i));
    const { shape } = reader;
    checkContent({ path, digest, camera, classes, materials, rows, shape, pixels }, always);
  }

  get count(): number {
    return this.rows.label.length;
  }

  get size(): number {
    return this.camera.size;
  }

  indices(split: Split): Int32Array {
    return rowsOfSplit(this.rows.split, split);
  }

  images(indices: ArrayLike<number>): Uint8Array {
    return this.reader.read(indices);
  }

  facts(row: number): SampleFacts {
    return factsAt(this, row);
  }

  crystal(row: number): Crystal | null {
    const table = this.crystalTable();
    return table?.crystals[table.ofRow[row]!] ?? null;
  }

  crystals(): ReadonlyMap<string, Crystal> | null {
    const table = this.crystalTable();
    if (!table || this.byMaterial) return this.byMaterial;
    const byMaterial = new Map<string, Crystal>();
    table.ofRow.forEach((number, row) => {
      const material = this.materials[this.rows.material[row]!]!;
      const crystal = table.crystals[number];
      if (crystal && !byMaterial.has(material)) byMaterial.set(material, crystal);
    });
    this.byMaterial = byMaterial;
    return byMaterial;
  }

  examples(which: Split | ArrayLike<number>): StoreExamples {
    return storeExamples(this, which);
  }

  close(): void {
    this.reader.close();
    this.file.close();
  }

  /** Read when it is first asked for: most commands need no crystal. */
  private crystalTable(): CrystalTable | null {
    if (this.table !== undefined) return this.table;
    try {
      this.table = readCrystals(this.file);
    } catch (error) {
      const mend = 'prepare it again';
      throw inputError(
        `${this.path} is damaged: its crystals cannot be read (${messageOf(error)})`,
        mend,
      );
    }
    return this.table;
  }
}
