import type { Dataset, File } from 'h5wasm/node';
import { digestOf } from '../../src/common/digest.ts';
import { CbedError, inputError } from '../../src/common/errors.ts';
import { atomically, existingFile } from '../../src/common/files.ts';
import { type Hdf5, hdf5 } from '../../src/dataset/hdf5/library.ts';
import type { Camera } from '../../src/simulate/camera.ts';
import type { Origin, Passport } from './passport.ts';

/** Generator parameters of each sample, such as codec tables: (N, width) numbers and what they mean. */
export interface Parameters {
  values: Float32Array;
  width: number;
  /** Free description (layout of a row), kept as JSON. */
  layout: unknown;
}

/** What is written: N synthetic triplets with their passports. */
export interface ArchiveContents {
  /** Pixels a side, S. */
  size: number;
  /** (N, S, S, 3) stored pixels. */
  images: Uint8Array;
  /** Space group of each triplet, N. */
  labels: ArrayLike<number>;
  /** Space groups of the task, ascending. */
  classes: readonly number[];
  camera: Camera;
  passports: readonly Passport[];
  origin: Origin;
  parameters?: Parameters;
  /** The crystal of each triplet as CIF text; null where there is none. */
  cifs?: readonly (string | null)[];
}

/** A synthetic archive that was opened; foreign ones have images and labels only. */
export interface SyntheticArchive {
  readonly path: string;
  /** Digest of images and labels. */
  readonly digest: string;
  readonly count: number;
  readonly size: number;
  /** Space group of each triplet. */
  readonly labels: Int32Array;
  /** Space groups of the task, ascending; of a foreign archive those that occur. */
  readonly classes: readonly number[];
  readonly camera: Camera | null;
  readonly passports: readonly Passport[] | null;
  readonly origin: Origin | null;
  readonly parameters: Parameters | null;
  /** The crystal of each triplet as CIF text, where the archive has them. */
  readonly cifs: readonly (string | null)[] | null;
  /** (indices.length, S, S, 3) stored pixels. */
  images(indices: ArrayLike<number>): Uint8Array;
}

/** Name of an archive in a sampling run. */
export const ARCHIVE_FILE = 'synthetic.h5';

/** Value of the `format` attribute of archives that this project wrote. */
export const FORMAT = 'cbed-gan synthetic archive 1';

/** Digest of pixels and labels. */
export const archiveDigest = (images: Uint8Array, labels: Int32Array): string =>
  digestOf([digestOf(images), digestOf(labels)]);

function checkContents(path: string, contents: ArchiveContents): void {
  const { size, images, labels, passports, parameters } = contents;
  const count = labels.length;
  const wanted = count * size * size * 3;
  if (images.length !== wanted || passports.length !== count) {
    throw new RangeError(
      `${path}: ${count} labels, ${passports.length} passports and ${images.length} pixels (expected ${wanted})`,
    );
  }
  if (parameters && parameters.values.length !== count * parameters.width) {
    throw new RangeError(`${path}: ${parameters.values.length} parameters for ${count} rows`);
  }
}

function fill(file: File, contents: ArchiveContents): void {
  const { size, images, classes, camera, passports, origin, parameters, cifs } = contents;
  const labels = Int32Array.from(contents.labels);
  const count = labels.length;
  file.create_attribute('format', FORMAT);
  file.create_attribute('camera', JSON.stringify(camera));
  file.create_attribute('digest', archiveDigest(images, labels));
  file.create_dataset({
    name: 'images',
    data: images,
    shape: [count, size, size, 3],
    ...(count > 0 && { chunks: [1, size, size, 3], compression: 'gzip', compression_opts: [3] }),
  });
  file.create_dataset({ name: 'labels', data: labels, shape: [count] });
  file.create_dataset({ name: 'classes', data: Int32Array.from(classes), shape: [classes.length] });
  writeText(file, 'provenance', JSON.stringify(passports));
  writeText(file, 'origin', JSON.stringify(origin));
  if (cifs) writeText(file, 'cif', JSON.stringify(cifs));
  if (parameters) {
    const { values, width, layout } = parameters;
    file.create_dataset({ name: 'parameters', data: values, shape: [count, width] });
    writeText(file, 'parameters_layout', JSON.stringify(layout));
  }
}

/** Text as UTF-8 bytes: long strings survive every reader that way. */
function writeText(file: File, name: string, text: string): void {
  const bytes = new TextEncoder().encode(text);
  file.create_dataset({ name, data: bytes, shape: [bytes.length] });
}

/** Writes an archive; nothing stands under `path` until it is whole. */
export async function writeArchive(path: string, contents: ArchiveContents): Promise<void> {
  checkContents(path, contents);
  const { File } = await hdf5();
  await atomically(path, (temporary) => {
    const file = new File(temporary, 'w');
    try {
      fill(file, contents);
    } finally {
      file.close();
    }
  });
}

const LAYOUT = 'it needs "images" (N, S, S, 3) uint8 and "labels" (N) space groups';

/** Runs `read` on the open file; one line names the file where it cannot be read. */
function reading<T>(library: Hdf5, path: string, read: (file: File) => T): T {
  let file: File | null = null;
  try {
    file = new library.File(path, 'r');
    return read(file);
  } catch (error) {
    if (error instanceof CbedError) throw error;
    throw inputError(`${path} cannot be read: ${library.fault(error)}`, 'is it a whole HDF5 file?');
  } finally {
    file?.close();
  }
}

function dataset(file: File, name: string): Dataset | null {
  return file.keys().includes(name) ? (file.get(name) as Dataset) : null;
}

function required(file: File, path: string, name: string): Dataset {
  const found = dataset(file, name);
  if (!found) throw inputError(`${path} has no dataset "${name}"`, LAYOUT);
  return found;
}

function text<T>(file: File, name: string): T | null {
  const found = dataset(file, name);
  return found ? (JSON.parse(new TextDecoder().decode(found.value as Uint8Array)) as T) : null;
}

function sideOf(path: string, images: Dataset, count: number): number {
  const shape = images.shape ?? [];
  const [n, rows, columns, channels] = shape;
  if (shape.length !== 4 || rows !== columns || channels !== 3 || images.dtype !== '<B') {
    throw inputError(`${path}: images are (${shape.join(', ')}) of type ${images.dtype}`, LAYOUT);
  }
  if (n !== count) throw inputError(`${path}: ${n} images but ${count} labels`, LAYOUT);
  return rows as number;
}

function spaceGroupsOf(path: string, labels: Dataset): Int32Array {
  const values = Int32Array.from(labels.value as ArrayLike<number | bigint>, Number);
  const wrong = values.find((value) => !(value >= 1 && value <= 230));
  if (wrong !== undefined) {
    throw inputError(
      `${path}: label ${wrong} is no space group`,
      'labels are numbers from 1 to 230',
    );
  }
  return values;
}

/** Rows of (N, S, S, 3) pixels in the order asked for. */
function pickPixels(pixels: Uint8Array, indices: ArrayLike<number>, row: number): Uint8Array {
  const out = new Uint8Array(indices.length * row);
  for (let i = 0; i < indices.length; i++) {
    const from = (indices[i] as number) * row;
    out.set(pixels.subarray(from, from + row), i * row);
  }
  return out;
}

function parametersOf(file: File): Parameters | null {
  const values = dataset(file, 'parameters');
  if (!values) return null;
  return {
    values: values.value as Float32Array,
    width: values.shape?.[1] ?? 0,
    layout: text(file, 'parameters_layout'),
  };
}

/**
 * Opens a synthetic archive, or an HDF5 file of another tool that has `images` and `labels`
 * (then camera, passports and origin are null). The pixels are read whole: what was checked
 * against the digest is what is used.
 *
 * @throws input error naming the file and what is wrong with it.
 */
export async function openArchive(path: string): Promise<SyntheticArchive> {
  existingFile(path, 'make an archive with: gan sample');
  const library = await hdf5();
  return reading(library, path, (file) => {
    const labels = spaceGroupsOf(path, required(file, path, 'labels'));
    const images = required(file, path, 'images');
    const size = sideOf(path, images, labels.length);
    const pixels = images.value as Uint8Array;
    const digest = archiveDigest(pixels, labels);
    if (file.attrs.format?.value === FORMAT && digest !== file.attrs.digest?.value) {
      throw inputError(`${path} was changed after it was written`, 'make it again: gan sample');
    }
    const listed = dataset(file, 'classes')?.value as Int32Array | undefined;
    const camera = file.attrs.camera?.value as string | undefined;
    return {
      path,
      digest,
      count: labels.length,
      size,
      labels,
      classes: listed ? [...listed] : [...new Set(labels)].sort((a, b) => a - b),
      camera: camera ? (JSON.parse(camera) as Camera) : null,
      passports: text<Passport[]>(file, 'provenance'),
      origin: text<Origin>(file, 'origin'),
      parameters: parametersOf(file),
      cifs: text<(string | null)[]>(file, 'cif'),
      images: (indices) => pickPixels(pixels, indices, size * size * 3),
    };
  });
}

/** Name of the archive that a scoring run writes. */
export const SCORED_FILE = 'scored.h5';

/** What scoring finds about one sample. */
type Findings = Pick<Passport, 'realism' | 'rarity' | 'nearest' | 'accepted'> & {
  reasons: readonly { text: string }[];
};

/**
 * Writes an archive again with what was found in its passports: realism, rarity, the nearest
 * training triplet, accepted or not and why. Archives of other tools have no passports to fill.
 *
 * @returns whether it was written.
 */
export async function writeScored(
  path: string,
  archive: SyntheticArchive,
  findings: readonly Findings[],
): Promise<boolean> {
  const { camera, passports, origin, parameters, cifs } = archive;
  if (!camera || !passports || !origin) return false;
  const scored = passports.map((passport, row) => {
    const { realism, rarity, nearest, accepted, reasons } = findings[row]!;
    return { ...passport, realism, rarity, nearest, accepted, reasons: reasons.map((r) => r.text) };
  });
  await writeArchive(path, {
    size: archive.size,
    images: archive.images([...archive.labels.keys()]),
    labels: archive.labels,
    classes: archive.classes,
    camera,
    passports: scored,
    origin,
    ...(parameters && { parameters }),
    ...(cifs && { cifs }),
  });
  return true;
}
