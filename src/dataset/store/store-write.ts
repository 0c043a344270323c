import { createHash, type Hash } from 'node:crypto';
import type * as H5wasm from 'h5wasm/node';
import { canonicalJson } from '../../common/digest.ts';
import { inputError } from '../../common/errors.ts';
import { atomically } from '../../common/files.ts';
import type { Camera } from '../../simulate/camera.ts';
import { hdf5 } from '../hdf5/library.ts';
import { writeCrystals } from './crystals.ts';
import {
  COLUMNS,
  NUMERIC_COLUMNS,
  type RowInput,
  type RowTable,
  STORE_FORMAT,
  STORE_VERSION,
  type StoreSource,
  tableOf,
} from './rows.ts';

// A chunk is read whole for one random row, so it is kept small.
const CHUNK_BYTES = 64 << 10;

export interface StoreContent {
  /** How the stored patterns are sampled; its size is the store's. */
  camera: Camera;
  rows: Iterable<RowInput>;
  /** Pixels of all rows in order, as blocks of whole rows of (size, size, 3). */
  images: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** The resolved settings, kept with the store. */
  config: Record<string, unknown>;
  sources: readonly StoreSource[];
}

/** Adds a part of the content to the digest, with its name and length. */
function digestPart(hash: Hash, name: string, part: ArrayBufferView | string): void {
  const bytes =
    typeof part === 'string'
      ? Buffer.from(part)
      : new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  hash.update(`${name}:${bytes.length}:`).update(bytes);
}

/**
 * The digest of everything but the pixels, to be updated with them in order. The crystals have a
 * digest of their own: the same patterns are the same store, whether or not they are known.
 */
export function contentHash(
  camera: Camera,
  { rows, classes, materials }: Omit<RowTable, 'crystals'>,
): Hash {
  const hash = createHash('sha256');
  const tables = { camera, classes, materials, formula: rows.formula, key: rows.key };
  digestPart(hash, 'tables', canonicalJson(tables));
  for (const column of NUMERIC_COLUMNS) digestPart(hash, column, rows[column]);
  return hash;
}

/**
 * Writes a prepared store, atomically and in constant memory.
 *
 * @returns the digest of its content.
 * @throws an input error where there is no row, or pixels for another number of rows.
 */
export const writeStore = (path: string, content: StoreContent): Promise<string> =>
  writeTable(path, tableOf(content.rows), content);

/** The same for rows that are a table already. */
export async function writeTable(
  path: string,
  table: RowTable,
  content: Omit<StoreContent, 'rows'>,
): Promise<string> {
  const { camera } = content;
  const count = table.rows.key.length;
  if (count === 0) throw inputError(`no sample to write to ${path}`);
  const { File } = await hdf5();
  const hash = contentHash(camera, table);
  return atomically(path, async (temporary) => {
    const file = new File(temporary, 'w');
    try {
      const written = await writeImages(file, { ...content, count }, hash);
      if (written !== count) {
        throw inputError(`${path}: pixels of ${written} samples for ${count} rows`);
      }
      writeRows(file, table);
      if (table.crystals) writeCrystals(file, table.crystals);
      const digest = hash.digest('hex');
      writeHead(file, content, digest);
      return digest;
    } finally {
      file.close();
    }
  });
}

async function writeImages(
  file: H5wasm.File,
  content: Pick<StoreContent, 'camera' | 'images'> & { count: number },
  hash: Hash,
): Promise<number> {
  const { size } = content.camera;
  const rowBytes = size * size * 3;
  const shape = [size, size, 3];
  let images: H5wasm.Dataset | null = null;
  let at = 0;
  for await (const block of content.images) {
    const count = block.length / rowBytes;
    if (!images) {
      const chunks = [
        Math.max(1, Math.min(content.count, Math.floor(CHUNK_BYTES / rowBytes))),
        ...shape,
      ];
      const first = { name: 'images', data: block, shape: [count, ...shape], dtype: '<B', chunks };
      images = file.create_dataset({ ...first, maxshape: [null, ...shape] });
    } else {
      images.resize([at + count, ...shape]);
      images.write_slice([[at, at + count]], block);
    }
    hash.update(block);
    at += count;
  }
  return at;
}

/** A list of texts as bytes of one fixed length, which every HDF5 reader takes. */
function writeTexts(group: H5wasm.Group, name: string, texts: readonly string[]): void {
  const longest = texts.reduce((most, text) => Math.max(most, Buffer.byteLength(text)), 1);
  group.create_dataset({ name, data: [...texts], shape: [texts.length], dtype: `S${longest}` });
}

function writeRows(file: H5wasm.File, { rows, classes, materials }: RowTable): void {
  const group = file.create_group('rows') as H5wasm.Group;
  const count = rows.label.length;
  for (const column of NUMERIC_COLUMNS) {
    const { name, width, dtype } = COLUMNS[column];
    group.create_dataset({ name, data: rows[column], shape: [count, ...width], dtype });
  }
  writeTexts(group, 'formula', rows.formula);
  writeTexts(group, 'key', rows.key);
  writeTexts(file, 'materials', materials);
  file.create_dataset({ name: 'classes', data: Int32Array.from(classes) });
}

function writeHead(
  file: H5wasm.File,
  { camera, config, sources }: Omit<StoreContent, 'rows'>,
  digest: string,
): void {
  file.create_attribute('format', STORE_FORMAT);
  file.create_attribute('version', STORE_VERSION);
  file.create_attribute('digest', digest);
  file.create_attribute('camera', [camera.size, camera.pixel, camera.centre], [3], '<d');
  file.create_dataset({ name: 'config', data: [JSON.stringify(config)] });
  file.create_dataset({ name: 'sources', data: [JSON.stringify(sources)] });
}
