import { join } from 'node:path';
import AdmZip from 'adm-zip';
import { writeAtomic } from '../../common/files.ts';
import {
  type Exporter,
  type ExportPlan,
  type ExportRow,
  planExport,
  writeLists,
} from './exporter.ts';

/** Values of an array of numpy, little endian, the last index running fastest. */
type NumpyValues = Float32Array | Float64Array | Int32Array | readonly string[];

/** A file of the .npy format, version 1: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
function npyOf(values: NumpyValues, shape: readonly number[]): Buffer {
  const [type, bytes] = encoded(values);
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const head = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  // The data begin at a multiple of 64 bytes.
  const length = Math.ceil((10 + head.length + 1) / 64) * 64 - 10;
  const preamble = Buffer.from('\x93NUMPY\x01\x00\0\0', 'latin1');
  preamble.writeUInt16LE(length, 8);
  return Buffer.concat([preamble, Buffer.from(`${head.padEnd(length - 1)}\n`, 'latin1'), bytes]);
}

function encoded(values: NumpyValues): [type: string, bytes: Buffer] {
  const asBytes = ({ buffer, byteOffset, byteLength }: Float32Array | Float64Array | Int32Array) =>
    Buffer.from(buffer, byteOffset, byteLength);
  if (values instanceof Float32Array) return ['<f4', asBytes(values)];
  if (values instanceof Float64Array) return ['<f8', asBytes(values)];
  if (values instanceof Int32Array) return ['<i4', asBytes(values)];
  const points = (values as readonly string[]).map((text) =>
    Array.from(text, (c) => c.codePointAt(0)!),
  );
  const width = Math.max(1, ...points.map(({ length }) => length));
  const room = new Int32Array(points.length * width);
  points.forEach((text, i) => room.set(text, i * width));
  return [`<U${width}`, asBytes(room)];
}

/** The arrays of a file, by name: what they are is told in docs/reference/data.md. */
function arraysOf(
  rows: readonly ExportRow[],
  { camera, stackOf }: ExportPlan,
): Record<string, Buffer> {
  const count = rows.length;
  const each = 3 * camera.size ** 2;
  const stack = new Float32Array(count * each);
  rows.forEach((row, i) => stack.set(stackOf(row), i * each));
  const numbers = (of: (row: ExportRow) => number) => npyOf(Float64Array.from(rows, of), [count]);
  const texts = (of: (row: ExportRow) => string) => npyOf(rows.map(of), [count]);
  return {
    intensity: npyOf(stack, [count, 3, camera.size, camera.size]),
    space_group: npyOf(
      Int32Array.from(rows, ({ facts }) => facts.spaceGroup),
      [count],
    ),
    key: texts(({ key }) => key),
    material: texts(({ facts }) => facts.material),
    formula: texts(({ facts }) => facts.formula),
    split: texts(({ split }) => split ?? ''),
    energy_kev: numbers(({ facts }) => facts.energy),
    thickness_angstrom: numbers(({ facts }) => facts.thickness ?? Number.NaN),
    zones: npyOf(Int32Array.from(rows.flatMap(({ facts }) => facts.zones.flat())), [count, 3, 3]),
    pixel_inv_angstrom: npyOf(Float64Array.of(camera.pixel), []),
    centre_pixel: npyOf(Float64Array.of(camera.centre), []),
  };
}

/**
 * Writes stored triplets as archives of numpy arrays, `NAME_0.npz`, …; `numpy.load` needs no pickle.
 *
 * @throws a usage error where `size` is no multiple of the stored size; or where a file
 *   stands there already.
 */
export const exportNpz: Exporter = async (folder, name, rows, options) => {
  const plan = planExport(name, rows, options);
  const pathOf = (number: number) => join(folder, `${name}_${number}.npz`);
  return writeLists(plan, pathOf, (path, list) => {
    const zip = new AdmZip();
    for (const [array, bytes] of Object.entries(arraysOf(list, plan)))
      zip.addFile(`${array}.npy`, bytes);
    writeAtomic(path, zip.toBuffer());
  });
};
