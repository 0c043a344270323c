import type { Dataset, File } from 'h5wasm/node';
import { CbedError, inputError } from '../../src/common/errors.ts';
import { existingFile } from '../../src/common/files.ts';
import { type Hdf5, hdf5 } from '../../src/dataset/hdf5/library.ts';
import type { Camera } from '../../src/simulate/camera.ts';
import { archiveDigest, FORMAT, type Parameters, type SyntheticArchive } from './archive.ts';
import type { Origin, Provenance } from './provenance.ts';

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
 * (then camera, provenance and origin are null). The pixels are read whole: what was checked
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
      provenance: text<Provenance[]>(file, 'provenance'),
      origin: text<Origin>(file, 'origin'),
      parameters: parametersOf(file),
      cifs: text<(string | null)[]>(file, 'cif'),
      images: (indices) => pickPixels(pixels, indices, size * size * 3),
    };
  });
}
