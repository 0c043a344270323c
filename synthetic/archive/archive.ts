import type { File } from 'h5wasm/node';
import { digestOf } from '../../src/common/digest.ts';
import { atomically } from '../../src/common/files.ts';
import { hdf5 } from '../../src/dataset/hdf5/library.ts';
import type { Camera } from '../../src/simulate/camera.ts';
import type { Origin, Provenance } from './provenance.ts';

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
  provenance: readonly Provenance[];
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
  readonly provenance: readonly Provenance[] | null;
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
  const { size, images, labels, provenance, parameters } = contents;
  const count = labels.length;
  const wanted = count * size * size * 3;
  if (images.length !== wanted || provenance.length !== count) {
    throw new RangeError(
      `${path}: ${count} labels, ${provenance.length} passports and ${images.length} pixels (expected ${wanted})`,
    );
  }
  if (parameters && parameters.values.length !== count * parameters.width) {
    throw new RangeError(`${path}: ${parameters.values.length} parameters for ${count} rows`);
  }
}

function fill(file: File, contents: ArchiveContents): void {
  const { size, images, classes, camera, provenance, origin, parameters, cifs } = contents;
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
  writeText(file, 'provenance', JSON.stringify(provenance));
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
