import { readFileSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
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
  'convert it with RosettaSciIO (hs.load, then save as .hspy): see docs, "Your own data"';
const ELSEWHERE = new Set([
  '.blo',
  '.mib',
  '.dm3',
  '.dm4',
  '.ser',
  '.mrc',
  '.tvips',
  '.de5',
  '.seq',
]);

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
  return { shape, values: rowsFirst(values, shape) };
}

/** An array with its last index running fastest, from one with its first index running fastest. */
function rowsFirst(values: Float64Array, shape: readonly number[]): Float64Array {
  const steps = shape.map((_, k) => shape.slice(0, k).reduce((a, b) => a * b, 1));
  return values.map((_, at) => {
    let [rest, from] = [at, 0];
    for (let k = shape.length - 1; k >= 0; k--) {
      from += (rest % shape[k]!) * steps[k]!;
      rest = Math.floor(rest / shape[k]!);
    }
    return values[from]!;
  });
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

/** TIFF (all pages) and PNG of 8 and 16 bits; colours are made grey. */
async function readImage(path: string): Promise<DetectorPattern[]> {
  const { default: sharp } = await import('sharp');
  const { pages = 1, depth } = await sharp(path).metadata();
  const deep = depth === 'ushort' || depth === 'short';
  if (!deep && depth !== 'uchar')
    throw inputError(`${path} holds ${depth}`, 'save it with 8 or 16 bits');
  const patterns: DetectorPattern[] = [];
  for (let page = 0; page < pages; page++) {
    const grey = sharp(path, pages > 1 ? { page } : {})
      .removeAlpha()
      .toColourspace(deep ? 'grey16' : 'b-w')
      .extractChannel(0);
    const raw = grey.raw({ depth: deep ? 'ushort' : 'uchar' });
    const { data, info } = await raw.toBuffer({ resolveWithObject: true });
    const count = info.width * info.height;
    const levels = deep ? new Uint16Array(data.buffer, data.byteOffset, count) : data;
    patterns.push({ values: Float32Array.from(levels), width: info.width, height: info.height });
  }
  return patterns;
}

/** 1/angstrom of a scale in some unit; null for a unit that is no reciprocal length or angle. */
function reciprocal(scale: number, unit: string, energy: number): number | null {
  const plain = unit
    .normalize('NFKC')
    .replaceAll('−', '-')
    .replace(/[\s()]/g, '')
    .replaceAll('Å', 'A');
  const size = Math.abs(scale);
  if (!(size > 0 && Number.isFinite(size))) return null;
  if (/^(1\/nm|nm\^?-1|\$nm\^\{-1\}\$)$/i.test(plain)) return size / 10;
  if (/^(1\/(a|angstroms?)|(a|angstroms?)\^?-1|\$a\^\{-1\}\$)$/i.test(plain)) return size;
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

interface Found {
  dataset: H5wasm.Dataset;
  scale: number | null;
  unit: string;
}

/** A dataset of HyperSpy: `Experiments/NAME/data` with the attributes of its last axis. */
function hyperspyData(file: H5wasm.File): Found | null {
  const experiments = file.get('Experiments') as H5wasm.Group | null;
  const name = experiments?.keys()[0];
  if (!experiments || name === undefined) return null;
  const group = experiments.get(name) as H5wasm.Group;
  const dataset = group.get('data') as H5wasm.Dataset;
  const last = group.get(`axis-${dataset.shape!.length - 1}`) as H5wasm.Group | null;
  const scale = last ? Number(attribute(last.attrs as Attributes, 'scale')) : Number.NaN;
  const unit = last ? String(attribute(last.attrs as Attributes, 'units') ?? '') : '';
  return { dataset, scale, unit };
}

/** The step of a list of coordinates. */
function stepOf(axis: H5wasm.Dataset | null): { scale: number | null; unit: string } {
  if (!axis) return { scale: null, unit: '' };
  const values = axis.value as ArrayLike<number>;
  const unit = String(attribute(axis.attrs as Attributes, 'units') ?? '');
  return { scale: values.length > 1 ? Number(values[1]) - Number(values[0]) : null, unit };
}

/** A group of Berkeley EMD (`emd_group_type` 1) or NeXus (`NXdata`) below a group, by depth. */
function describedData(group: H5wasm.Group | H5wasm.File, depth = 0): Found | null {
  const attributes = group.attrs as Attributes;
  if (attribute(attributes, 'emd_group_type') !== undefined && group.get('data')) {
    const dataset = group.get('data') as H5wasm.Dataset;
    const dim = group.get(`dim${dataset.shape?.length}`) as H5wasm.Dataset | null;
    return { dataset, ...stepOf(dim) };
  }
  if (attribute(attributes, 'NX_class') === 'NXdata') {
    const signal = String(attribute(attributes, 'signal') ?? 'data');
    const dataset = group.get(signal) as H5wasm.Dataset | null;
    const axes = attributes.axes?.value as string[] | undefined;
    const name = Array.isArray(axes) ? axes.at(-1) : undefined;
    const axis = name && name !== '.' ? (group.get(name) as H5wasm.Dataset | null) : null;
    if (dataset) return { dataset, ...stepOf(axis) };
  }
  if (depth > 6) return null;
  for (const name of group.keys()) {
    const child = group.get(name) as H5wasm.Group | H5wasm.Dataset | null;
    const found = child && 'keys' in child ? describedData(child, depth + 1) : null;
    if (found) return found;
  }
  return null;
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
    const found = inside
      ? { dataset: file.get(inside) as H5wasm.Dataset | null, scale: null, unit: '' }
      : (hyperspyData(file) ?? describedData(file));
    if (!found?.dataset || !('shape' in found.dataset)) {
      const mend = 'name it: FILE::/path/to/dataset';
      throw inputError(`${path} has no ${inside ?? 'data of HyperSpy, EMD or NeXus'}`, mend);
    }
    const { dataset, scale, unit } = found;
    const pixel = scale === null ? null : reciprocal(scale, unit, energy);
    const numbers = { shape: dataset.shape!, values: dataset.value as ArrayLike<number> };
    return { patterns: patternsOf(numbers, path), pixel };
  } catch (error) {
    if (error instanceof Error && error.name === 'CbedError') throw error;
    const reason = library.fault(error);
    library.abandon(path);
    throw inputError(`${path} cannot be read: ${reason}`);
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
  if (ELSEWHERE.has(extension)) throw inputError(`${path}: ${extension} is not read here`, CONVERT);
  try {
    if (extension === '.npy') {
      return { patterns: patternsOf(parseNpy(readFileSync(path), path), path), pixel: null };
    }
    if (extension === '.npz')
      return { patterns: patternsOf(await readNpz(path), path), pixel: null };
    if (['.tif', '.tiff', '.png'].includes(extension)) {
      return { patterns: await readImage(path), pixel: null };
    }
    if (['.hspy', '.emd', '.nxs', '.nx5', '.h5', '.hdf5'].includes(extension) || inside) {
      return await readHdf5(path, inside, energy);
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'CbedError') throw error;
    throw inputError(`${path} cannot be read: ${messageOf(error).split('\n')[0]}`, CONVERT);
  }
  throw inputError(`${path}: ${basename(path)} is of no known format`, CONVERT);
}
