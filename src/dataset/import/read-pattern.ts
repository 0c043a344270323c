import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { extname, posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type * as H5wasm from 'h5wasm/node';
import { inputError, messageOf } from '../../common/errors.ts';
import { wavelength } from '../../simulate/electron.ts';
import { hdf5 } from '../hdf5/library.ts';
import { fileProblem } from '../hdf5/superblock.ts';
import type { DetectorPattern } from './geometry.ts';

/** Patterns of a file, and how they are calibrated where the file says it. */
export interface PatternFile {
  patterns: DetectorPattern[];
  /** 1/angstrom a pixel; null where the file does not say it. */
  pixel: number | null;
}

/** An array of numbers with its shape. */
interface Numbers {
  shape: readonly number[];
  values: ArrayLike<number>;
}

const CONVERT =
  'RosettaSciIO converts it: hyperspy.api.load(OLD).save("NEW.hspy"), see docs/guide/measured-patterns.md';

/** Pixels a side that a pattern has at least. */
const SMALLEST = 8;

/** The patterns of an array: one of two dimensions, or the leading ones of more are a list. */
function patternsOf({ shape, values }: Numbers, path: string): DetectorPattern[] {
  const [height, width] = shape.slice(-2);
  if (shape.length < 2 || !(height! >= SMALLEST && width! >= SMALLEST)) {
    throw inputError(`${path} holds ${shape.join(' x ') || 'one number'}, no pattern`);
  }
  const size = height! * width!;
  const count = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  return Array.from({ length: count }, (_, n) => ({
    width: width!,
    height: height!,
    values: Float32Array.from({ length: size }, (_unused, i) => Number(values[n * size + i])),
  }));
}

const NPY_TYPES: Readonly<
  Record<
    string,
    readonly [bytes: number, read: (view: DataView, at: number, little: boolean) => number]
  >
> = {
  u1: [1, (view, at) => view.getUint8(at)],
  i1: [1, (view, at) => view.getInt8(at)],
  b1: [1, (view, at) => view.getUint8(at)],
  u2: [2, (view, at, little) => view.getUint16(at, little)],
  i2: [2, (view, at, little) => view.getInt16(at, little)],
  u4: [4, (view, at, little) => view.getUint32(at, little)],
  i4: [4, (view, at, little) => view.getInt32(at, little)],
  u8: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  i8: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  f4: [4, (view, at, little) => view.getFloat32(at, little)],
  f8: [8, (view, at, little) => view.getFloat64(at, little)],
};

/** Reads the .npy format (versions 1 to 3), rows or columns first. */
function parseNpy(bytes: Buffer, path: string): Numbers {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY') {
    throw inputError(`${path} is no .npy array`);
  }
  const long = bytes[6]! > 1;
  const start = long ? 12 : 10;
  const length = long ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const head = bytes.toString('latin1', start, start + length);
  const kind = /'descr':\s*'([<>|=]?)(\w+)'/.exec(head);
  const shape = [...(/'shape':\s*\(([^)]*)\)/.exec(head)?.[1] ?? '').matchAll(/\d+/g)].map(Number);
  const type = kind && NPY_TYPES[kind[2]!];
  if (!type)
    throw inputError(
      `${path} holds numbers of type ${kind?.[2] ?? 'unknown'}`,
      'save it as float32',
    );
  const [width, read] = type;
  const count = shape.reduce((a, b) => a * b, 1);
  const data = start + length;
  if (bytes.length < data + count * width) throw inputError(`${path} is cut off`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + data, count * width);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = read(view, i * width, kind[1] !== '>');
  if (!/'fortran_order':\s*True/.test(head)) return { shape, values };
  return transposed({ shape: shape.toReversed(), values });
}

/** An array with its axes in the opposite order. */
function transposed({ shape, values }: Numbers): Numbers {
  const out = shape.toReversed();
  const steps = out.map((_, k) => out.slice(0, k).reduce((a, b) => a * b, 1));
  const turned = Float64Array.from(values, (_, at) => {
    let [rest, from] = [at, 0];
    for (let k = out.length - 1; k >= 0; k--) {
      from += (rest % out[k]!) * steps[k]!;
      rest = Math.floor(rest / out[k]!);
    }
    return Number(values[from]);
  });
  return { shape: out, values: turned };
}

/** The arrays of an .npz archive, by name. */
async function readNpz(path: string): Promise<Numbers> {
  const { openPromise } = await import('yauzl');
  const zip = await openPromise(path);
  const arrays: Numbers[] = [];
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.endsWith('.npy')) continue;
    const bytes = await buffer(await zip.openReadStreamPromise(entry));
    // Names and the like: no patterns.
    if (/'descr':\s*'[<>|]?[US]/.test(bytes.toString('latin1', 0, 128))) continue;
    arrays.push(parseNpy(bytes, `${path}/${entry.fileName}`));
  }
  const patterns = arrays.filter(
    ({ shape }) => shape.length >= 2 && shape.slice(-2).every((side) => side >= SMALLEST),
  );
  if (patterns.length !== 1) {
    throw inputError(`${path} holds ${patterns.length} arrays of patterns`, 'save one array');
  }
  return patterns[0]!;
}

/** A length of a file axis in its unit; null and empty where the file has none. */
interface AxisStep {
  scale: number | null;
  unit: string;
}

/**
 * What the picture library does not tell of a TIFF: the pixel size as ImageJ, tifffile and HyperSpy
 * write it (Aldus TIFF 6.0, tags of the first page), and whether channels are planes of their own.
 */
function tiffTags(path: string): AxisStep & { planes: boolean } {
  const tags = { scale: null as number | null, unit: '', planes: false };
  const file = openSync(path, 'r');
  const part = (at: number, length: number): DataView => {
    const bytes = new Uint8Array(length);
    readSync(file, bytes, 0, length, at);
    return new DataView(bytes.buffer);
  };
  try {
    const head = part(0, 8);
    const little = head.getUint8(0) === 0x49;
    if (head.getUint16(2, little) !== 42) return tags;
    const start = head.getUint32(4, little);
    const length = 12 * part(start, 2).getUint16(0, little);
    const page = part(start + 2, length);
    for (let at = 0; at < length; at += 12) {
      const tag = page.getUint16(at, little);
      const value = page.getUint32(at + 8, little);
      if (tag === 270) {
        const text = Buffer.from(part(value, page.getUint32(at + 4, little)).buffer).toString();
        if (text.startsWith('ImageJ=')) tags.unit = /^unit=(.*)$/m.exec(text)?.[1] ?? '';
      } else if (tag === 282) {
        const density = part(value, 8);
        tags.scale = density.getUint32(4, little) / density.getUint32(0, little);
      } else if (tag === 284) tags.planes = page.getUint16(at + 8, little) === 2;
    }
  } finally {
    closeSync(file);
  }
  tags.unit = tags.unit.replace(/\\u([\da-f]{4})/gi, (_, code) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return tags;
}

const NO_TAGS = { scale: null, unit: '', planes: false };
const SAMPLES = {
  char: Int8Array,
  uchar: Uint8Array,
  short: Int16Array,
  ushort: Uint16Array,
  int: Int32Array,
  uint: Uint32Array,
  float: Float32Array,
} as const;

/**
 * TIFF (all pages) and PNG. Planes of one TIFF page are patterns, as tifffile writes a stack of
 * three; other colours are made grey. Negative counts of 16 bits come as 0.
 */
async function readImage(path: string, energy: number): Promise<PatternFile> {
  const { default: sharp } = await import('sharp');
  const { pages = 1, depth, space, channels, format } = await sharp(path).metadata();
  const { planes, scale, unit } = format === 'tiff' ? tiffTags(path) : NO_TAGS;
  const Samples = SAMPLES[depth as keyof typeof SAMPLES];
  const coloured = channels > 2 && !planes;
  if (!Samples || (coloured && depth !== 'uchar' && depth !== 'ushort')) {
    throw inputError(`${path} holds ${depth}`, 'save it with 8 or 16 bits');
  }
  const grey = depth === 'ushort' ? 'grey16' : 'b-w';
  const patterns: DetectorPattern[] = [];
  for (let page = 0; page < pages; page++) {
    const image = sharp(path, pages > 1 ? { page } : {});
    const raw = (planes ? image : image.removeAlpha())
      .toColourspace(coloured ? grey : space)
      .raw({ depth: depth as keyof typeof SAMPLES });
    const { data, info } = await raw.toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const levels = new Samples(data.buffer, data.byteOffset, width * height * info.channels);
    for (let channel = 0; channel < (planes ? info.channels : 1); channel++) {
      const values = levels.filter((_, i) => i % info.channels === channel);
      patterns.push({ values: Float32Array.from(values), width, height });
    }
  }
  return { patterns, pixel: reciprocal({ scale, unit }, energy) };
}

/**
 * 1/angstrom of a step in some unit; null for a unit that is no reciprocal length or angle. Units
 * come as `1/nm`, `nm^-1`, `Å⁻¹`, `$nm^{-1}$`, `$\\AA^{-1}$`, `k_nm^-1`, `[n_m^-1]`, ….
 */
function reciprocal({ scale, unit }: AxisStep, energy: number): number | null {
  const plain = unit
    .normalize('NFKC')
    .replaceAll('−', '-')
    .replaceAll('Å', 'A')
    .replace(/[\s()[\]{}$_\\]/g, '')
    .replace(/^k(?=nm|a)/i, '');
  const size = Math.abs(scale ?? 0);
  if (!(size > 0 && Number.isFinite(size))) return null;
  if (/^(1\/nm|nm\^?-1)$/i.test(plain)) return size / 10;
  if (/^(1\/(aa?|ang(strom)?s?)|(aa?|ang(strom)?s?)\^?-1)$/i.test(plain)) return size;
  if (/^1\/m$|^m\^?-1$/.test(plain)) return size * 1e-10;
  if (/^mrad$/i.test(plain)) return size / 1000 / wavelength(energy);
  if (/^rad$/i.test(plain)) return size / wavelength(energy);
  return null;
}

type Attributes = Record<string, { value: unknown }>;

/** The text or number of an attribute; undefined where there is none. */
function attribute(attributes: Attributes, name: string): unknown {
  const value = attributes[name]?.value;
  return Array.isArray(value) || ArrayBuffer.isView(value) ? (value as unknown[])[0] : value;
}

interface Found extends AxisStep {
  dataset: H5wasm.Dataset;
  /** The axes stand the other way round: the last comes first. */
  reversed?: boolean;
}

type Entity = H5wasm.Group | H5wasm.Dataset | null;

const isGroup = (entity: Entity): entity is H5wasm.Group => entity !== null && 'keys' in entity;
const datasetOf = (group: H5wasm.Group, name: string): H5wasm.Dataset | null => {
  const entity = group.keys().includes(name) ? (group.get(name) as Entity) : null;
  return entity && 'shape' in entity ? entity : null;
};

/** The step of a list of coordinates. */
function stepOf(axis: H5wasm.Dataset | null): AxisStep {
  if (!axis) return { scale: null, unit: '' };
  const values = axis.value as ArrayLike<number>;
  const unit = String(attribute(axis.attrs as Attributes, 'units') ?? '');
  return { scale: values.length > 1 ? Number(values[1]) - Number(values[0]) : null, unit };
}

/** The data of one group with the step of their last axis, as HyperSpy, Berkeley EMD and NeXus lay them. */
function describedData(group: H5wasm.Group): Found | null {
  const attributes = group.attrs as Attributes;
  const data = datasetOf(group, 'data');
  const rank = data?.shape?.length ?? 0;
  const axis = group.keys().includes(`axis-${rank - 1}`) ? group.get(`axis-${rank - 1}`) : null;
  if (data && axis) {
    const of = (axis as H5wasm.Group).attrs as Attributes;
    const unit = String(attribute(of, 'units') ?? '');
    return { dataset: data, scale: Number(attribute(of, 'scale')), unit };
  }
  if (data && attribute(attributes, 'emd_group_type') !== undefined) {
    // HyperSpy writes its signals turned over; emdfile counts axes from 0.
    const reversed = group.path.startsWith('/signals/');
    const last = datasetOf(group, 'dim0') ? rank - 1 : reversed ? 1 : rank;
    return { dataset: data, reversed, ...stepOf(datasetOf(group, `dim${last}`)) };
  }
  if (attribute(attributes, 'NX_class') !== 'NXdata') return null;
  const dataset = datasetOf(group, String(attribute(attributes, 'signal') ?? 'data'));
  const axes = attributes.axes?.value as string[] | undefined;
  const name = Array.isArray(axes) ? String(axes.at(-1)) : '.';
  return dataset && { dataset, ...stepOf(datasetOf(group, name)) };
}

/** The first group with data that it describes, by depth. */
function searchData(group: H5wasm.Group, depth = 0): Found | null {
  const found = describedData(group);
  if (found || depth > 6) return found;
  for (const name of group.keys()) {
    const child = group.get(name) as Entity;
    const below = isGroup(child) ? searchData(child, depth + 1) : null;
    if (below) return below;
  }
  return null;
}

/** The dataset at a path, with its axes where the group around it describes it; or what is in a group. */
function dataAt(file: H5wasm.File, path: string): Found | null {
  const entity = file.get(path) as Entity;
  if (isGroup(entity)) return searchData(entity);
  if (!entity || !('shape' in entity)) return null;
  const around = describedData(file.get(posix.dirname(entity.path)) as H5wasm.Group);
  const own = around?.dataset.path === entity.path ? around : null;
  return own ?? { dataset: entity, scale: null, unit: '' };
}

/** Patterns in HDF5: at a path, or where HyperSpy, Berkeley EMD and NeXus put them. */
async function readHdf5(
  path: string,
  inside: string | undefined,
  energy: number,
): Promise<PatternFile> {
  const problem = fileProblem(path);
  if (problem) throw inputError(`${path}: ${problem.reason}`);
  const library = await hdf5();
  let file: H5wasm.File | null = null;
  try {
    file = new library.File(path, 'r');
    const found = inside ? dataAt(file, inside) : searchData(file);
    if (!found) {
      const mend = `name it, FILE::/path/to/dataset; or: ${CONVERT}`;
      throw inputError(`${path} has no ${inside ?? 'data of HyperSpy, EMD or NeXus'}`, mend);
    }
    const { dataset, reversed } = found;
    const numbers = { shape: dataset.shape!, values: dataset.value as ArrayLike<number> };
    const turned = reversed ? transposed(numbers) : numbers;
    return { patterns: patternsOf(turned, path), pixel: reciprocal(found, energy) };
  } catch (error) {
    if (error instanceof Error && error.name === 'CbedError') throw error;
    const reason = library.fault(error);
    library.abandon(path);
    throw inputError(`${path} cannot be read: ${reason}`, CONVERT);
  } finally {
    if (file && !library.worn) file.close();
  }
}

/**
 * The patterns of a file: .npy, .npz, TIFF (pages), PNG, .hspy, Berkeley .emd, NeXus, or any HDF5
 * dataset as `FILE::/path`.
 *
 * @param energy beam energy in keV, by which angles become 1/angstrom.
 * @throws an input error that names the file, and how to convert what cannot be read.
 */
export async function readPatternFile(given: string, energy: number): Promise<PatternFile> {
  const [path, inside] = given.split('::') as [string, string | undefined];
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw inputError(`no file at ${path}`, 'paths are relative to the manifest');
  if (!stat.isFile()) throw inputError(`${path} is not a file`);
  const extension = extname(path).toLowerCase();
  try {
    if (extension === '.npy') {
      return { patterns: patternsOf(parseNpy(readFileSync(path), path), path), pixel: null };
    }
    if (extension === '.npz')
      return { patterns: patternsOf(await readNpz(path), path), pixel: null };
    if (['.tif', '.tiff', '.png'].includes(extension)) {
      return await readImage(path, energy);
    }
    if (['.hspy', '.emd', '.nxs', '.nx5', '.h5', '.hdf5'].includes(extension) || inside) {
      return await readHdf5(path, inside, energy);
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'CbedError') throw error;
    throw inputError(`${path} cannot be read: ${messageOf(error).split('\n')[0]}`, CONVERT);
  }
  throw inputError(`${path} is of no format that is read here`, CONVERT);
}
