import { basename } from 'node:path';
import type { Dataset, File } from 'h5wasm/node';
import { z } from 'zod';
import { cardBeside, writeCard } from '../../src/common/card.ts';
import { digestOf } from '../../src/common/digest.ts';
import { CbedError, inputError } from '../../src/common/errors.ts';
import { atomically, existingFile } from '../../src/common/files.ts';
import { type Hdf5, hdf5 } from '../../src/dataset/hdf5/library.ts';
import type { Camera } from '../../src/simulate/camera.ts';
import { archiveCard } from './card.ts';
import {
  type ArchiveOrigin,
  type MaterialRecord,
  originFault,
  type Passport,
  passportFault,
} from './passport.ts';

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
  origin: ArchiveOrigin;
  parameters?: Parameters;
  /** The crystal of each triplet as CIF text; null where there is none. */
  cifs?: readonly (string | null)[];
}

/** A synthetic archive that was opened; foreign ones have images and labels only. */
export interface SyntheticArchive {
  readonly path: string;
  /** Digest of all that it holds; of a foreign archive, of images and labels. */
  readonly digest: string;
  readonly count: number;
  readonly size: number;
  /** Space group of each triplet. */
  readonly labels: Int32Array;
  /** Space groups of the task, ascending; of a foreign archive those that occur. */
  readonly classes: readonly number[];
  readonly camera: Camera | null;
  readonly passports: readonly Passport[] | null;
  readonly origin: ArchiveOrigin | null;
  readonly parameters: Parameters | null;
  /** The crystal of each triplet as CIF text, where the archive has them. */
  readonly cifs: readonly (string | null)[] | null;
  /** (indices.length, S, S, 3) stored pixels. */
  images(indices: ArrayLike<number>): Uint8Array;
}

/** Name of an archive in a sampling run. */
export const ARCHIVE_FILE = 'synthetic.h5';

/** Value of the `format` attribute of archives that this project wrote. */
const FORMAT = 'cbed-gan synthetic archive 2';

/** What the digest of an archive covers: everything in the file. */
type Digested = Omit<ArchiveContents, 'labels' | 'cifs'> & {
  labels: Int32Array;
  cifs: ArchiveContents['cifs'] | null;
};

const archiveDigest = (contents: Digested): string =>
  digestOf([
    contents.size,
    digestOf(contents.images),
    digestOf(contents.labels),
    [...contents.classes],
    contents.camera,
    contents.passports,
    contents.origin,
    contents.parameters
      ? [
          digestOf(contents.parameters.values),
          contents.parameters.width,
          contents.parameters.layout,
        ]
      : null,
    contents.cifs ?? null,
  ]);

function checkContents(path: string, contents: ArchiveContents): void {
  const { size, images, labels, passports, parameters, cifs } = contents;
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
  if (cifs && cifs.length !== count) {
    throw new RangeError(`${path}: ${cifs.length} crystals for ${count} rows`);
  }
}

function fill(file: File, contents: ArchiveContents, digest: string): void {
  const { size, images, classes, camera, passports, origin, parameters, cifs } = contents;
  const labels = Int32Array.from(contents.labels);
  const count = labels.length;
  file.create_attribute('format', FORMAT);
  file.create_attribute('camera', JSON.stringify(camera));
  file.create_attribute('digest', digest);
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

/**
 * Writes an archive and its card; nothing stands under `path` until it is whole.
 *
 * @example
 * await writeArchive('synthetic.h5', { size, images, labels, classes, camera, passports, origin });
 * @category Archives and mixing
 */
export async function writeArchive(path: string, contents: ArchiveContents): Promise<void> {
  checkContents(path, contents);
  const labels = Int32Array.from(contents.labels);
  const digest = archiveDigest({ ...contents, labels, cifs: contents.cifs });
  const { File } = await hdf5();
  await atomically(path, (temporary) => {
    const file = new File(temporary, 'w');
    try {
      fill(file, contents, digest);
    } finally {
      file.close();
    }
  });
  const name = basename(path).replace(/\.h5$/, '');
  // A damaged origin is told when the archive is opened.
  if (originFault(contents.origin)) return;
  writeCard(cardBeside(path), archiveCard(name, contents, digest));
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

const json = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : null);

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

/** The camera that an archive states. */
const cameraSchema = z.object({
  size: z.number().int().min(1),
  pixel: z.number().positive(),
  centre: z.number(),
});

/** What an archive of this project holds beside images and labels, as it stands in the file. */
interface Stated {
  camera: Camera;
  passports: Passport[];
  origin: ArchiveOrigin;
  parameters: Parameters | null;
  cifs: (string | null)[] | null;
}

const AGAIN = 'make it again: gan sample';

/** Null where the file is of another tool: neither passports nor an origin, and no format. */
function statedIn(
  file: File,
  path: string,
  images: { pixels: Uint8Array; size: number; labels: Int32Array; classes: readonly number[] },
): (Stated & { digest: string }) | null {
  const format = file.attrs.format?.value;
  const own = ['provenance', 'origin'].filter((name) => file.keys().includes(name));
  if (format === undefined && own.length === 0) return null;
  if (format !== FORMAT) {
    throw inputError(
      `${path} is of the format "${format ?? 'unknown'}", not "${FORMAT}"`,
      'it was changed or is of another version; make it again: gan sample',
    );
  }
  const { labels, classes } = images;
  const [camera, passports, origin] = [
    json(file.attrs.camera?.value),
    text(file, 'provenance'),
    text(file, 'origin'),
  ];
  const parameters = parametersOf(file);
  const cifs = text<(string | null)[]>(file, 'cif');
  const stated = { camera, passports, origin, parameters, cifs } as Stated;
  const contents = { ...stated, size: images.size, images: images.pixels, labels, classes };
  const digest = archiveDigest({ ...contents, parameters: parameters ?? undefined });
  if (digest !== file.attrs.digest?.value) {
    throw inputError(`${path} was changed after it was written`, AGAIN);
  }
  const fault =
    (cameraSchema.safeParse(camera).success ? null : 'its camera is damaged') ??
    passportFault(passports, labels) ??
    originFault(origin);
  if (fault) throw inputError(`${path}: ${fault}`, AGAIN);
  return { ...stated, digest };
}

/**
 * Opens a synthetic archive, or an HDF5 file of another tool that has `images` and `labels`
 * (then camera, passports and origin are null). Everything is read whole: what was checked
 * against the digest is what is used.
 *
 * @throws input error naming the file and what is wrong with it.
 * @example
 * const archive = await openArchive('synthetic.h5');
 * const first = archive.images([0]); // (1, S, S, 3)
 * @category Archives and mixing
 */
export async function openArchive(path: string): Promise<SyntheticArchive> {
  existingFile(path, 'make an archive with: gan sample');
  const library = await hdf5();
  return reading(library, path, (file) => {
    const labels = spaceGroupsOf(path, required(file, path, 'labels'));
    const images = required(file, path, 'images');
    const size = sideOf(path, images, labels.length);
    const pixels = images.value as Uint8Array;
    const listed = dataset(file, 'classes')?.value as Int32Array | undefined;
    const classes = listed ? [...listed] : [...new Set(labels)].sort((a, b) => a - b);
    const stated = statedIn(file, path, { pixels, size, labels, classes });
    return {
      path,
      digest: stated?.digest ?? digestOf([digestOf(pixels), digestOf(labels)]),
      count: labels.length,
      size,
      labels,
      classes,
      camera: stated?.camera ?? null,
      passports: stated?.passports ?? null,
      origin: stated?.origin ?? null,
      parameters: stated?.parameters ?? null,
      cifs: stated?.cifs ?? null,
      images: (indices) => pickPixels(pixels, indices, size * size * 3),
    };
  });
}

/** Name of the archive that a scoring run writes. */
export const SCORED_FILE = 'scored.h5';
/** What was found of them, beside that file. */
export const SCORE_FILE = 'score.json';

const withRecord = (list: readonly MaterialRecord[], one: MaterialRecord | null) =>
  one && !list.some(({ digest }) => digest === one.digest) ? [...list, one] : [...list];

/** What scoring finds about one sample. */
type Findings = Pick<Passport, 'realism' | 'rarity' | 'nearest' | 'accepted'> & {
  reasons: readonly { text: string }[];
};

/**
 * Writes an archive again with what was found in its passports: realism, rarity, the nearest
 * training triplet, accepted or not and why. Archives of other tools have no passports to fill.
 *
 * `verifier` is what the classifier that had a say learned from; it is added to the origin. `doubt` is
 * why the checks cannot tell: then no sample is accepted or rejected.
 *
 * @returns whether it was written.
 */
export async function writeScored(
  path: string,
  archive: SyntheticArchive,
  findings: readonly Findings[],
  {
    verifier = null,
    doubt = null,
  }: { verifier?: MaterialRecord | null; doubt?: string | null } = {},
): Promise<boolean> {
  const { camera, passports, origin, parameters, cifs } = archive;
  if (!camera || !passports || !origin) return false;
  const scored = passports.map((passport, row) => {
    const { realism, rarity, nearest, accepted, reasons } = findings[row]!;
    const found = { ...passport, realism, rarity, nearest };
    if (doubt) return { ...found, accepted: null, reasons: [doubt] };
    return { ...found, accepted, reasons: reasons.map((r) => r.text) };
  });
  await writeArchive(path, {
    size: archive.size,
    images: archive.images([...archive.labels.keys()]),
    labels: archive.labels,
    classes: archive.classes,
    camera,
    passports: scored,
    origin: { ...origin, verifiers: withRecord(origin.verifiers, verifier) },
    ...(parameters && { parameters }),
    ...(cifs && { cifs }),
  });
  return true;
}
