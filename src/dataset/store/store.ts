import type * as H5wasm from 'h5wasm/node';
import { inputError } from '../../common/errors.ts';
import type { Camera } from '../../simulate/camera.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import { ImageReader } from '../hdf5/image-reader.ts';
import { hdf5 } from '../hdf5/library.ts';
import { fileProblem } from '../hdf5/superblock.ts';
import { SPLITS, type Split } from '../split.ts';
import { storeFile } from '../tasks/task-names.ts';
import { COLUMNS, factsAt, NUMERIC_COLUMNS, type RowTable, type StoreRows } from './rows.ts';
import { type StoreExamples, storeExamples } from './store-examples.ts';
import { STORE_FORMAT, STORE_VERSION } from './store-write.ts';

export type { StoreRows } from './rows.ts';

/** A source file of a store: name, bytes, samples taken and the digest of its catalogue. */
export interface StoreSource {
  name: string;
  bytes: number;
  samples: number;
  digest: string;
}

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
  /** A split, or a list of rows, as examples. */
  examples(which: Split | ArrayLike<number>): StoreExamples;
  close(): void;
}

export interface OpenStoreOptions {
  /** Bytes of pixels that may be kept in memory; a larger store is read row by row. */
  memoryBudget?: number;
}

/** Bytes of pixels kept in memory unless the caller says otherwise. */
export const DEFAULT_MEMORY_BUDGET = 512 << 20;

/**
 * Opens a prepared store by its path or, once made, the name of a built-in task. Pixels stay in the file until they are asked for; a store within the
 * memory budget is then read once.
 *
 * @throws an input error that names the file: missing, cut off, no store, of another version.
 */
export async function openStore(
  given: string,
  { memoryBudget = DEFAULT_MEMORY_BUDGET }: OpenStoreOptions = {},
): Promise<Store> {
  const mend = 'run: gan data prepare';
  const path = storeFile(given);
  const problem = fileProblem(path);
  if (problem) throw inputError(`${path}: ${problem.reason}`, mend);
  const library = await hdf5();
  try {
    const file = new library.File(path, 'r');
    const format = file.get_attribute('format', false);
    if (format !== STORE_FORMAT) throw inputError(`${path} is not a prepared store`, mend);
    const version = Number(file.get_attribute('version', false));
    if (version !== STORE_VERSION) {
      throw inputError(`${path} is a store of version ${version}, not ${STORE_VERSION}`, mend);
    }
    return new OpenStore(path, file, new ImageReader(library, file, memoryBudget));
  } catch (error) {
    if (error instanceof Error && error.name === 'CbedError') throw error;
    const reason = library.fault(error);
    library.abandon(path);
    if (reason.includes("can't locate attribute") || reason.includes('name not defined')) {
      throw inputError(`${path} is not a prepared store`, mend);
    }
    throw inputError(`${path} cannot be read: ${reason}`, mend);
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

function readTable(file: H5wasm.File): RowTable {
  const value = (name: string): unknown => (file.get(name) as H5wasm.Dataset).value;
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
    this.config = json('config');
    this.sources = json('sources');
    const table = readTable(file);
    this.rows = table.rows;
    this.classes = table.classes;
    this.materials = table.materials;
  }

  get count(): number {
    return this.rows.label.length;
  }

  get size(): number {
    return this.camera.size;
  }

  indices(split: Split): Int32Array {
    const code = SPLITS.indexOf(split);
    const rows: number[] = [];
    this.rows.split.forEach((value, row) => {
      if (value === code) rows.push(row);
    });
    return Int32Array.from(rows);
  }

  images(indices: ArrayLike<number>): Uint8Array {
    return this.reader.read(indices);
  }

  facts(row: number): SampleFacts {
    return factsAt(this, row);
  }

  examples(which: Split | ArrayLike<number>): StoreExamples {
    return storeExamples(this, which);
  }

  close(): void {
    this.reader.close();
    this.file.close();
  }
}
