import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as H5wasm from 'h5wasm/node';
import { atomically } from '../../common/files.ts';
import { dataFile } from '../../common/paths.ts';
import { hdf5 } from '../hdf5/library.ts';
import {
  type Exporter,
  type ExportPlan,
  type ExportRow,
  planExport,
  writeLists,
} from './exporter.ts';

// HyperSpy's own writer made it of a signal like ours, without its data (data/export/template.py):
// layout, switches (an enumeration that the library here cannot write) and package are its own.
const TEMPLATE = dataFile('export', 'hyperspy.hspy');
const EXPERIMENT = 'Experiments/CBED triplets';

interface Axis {
  name: string;
  units?: string;
  size: number;
  scale?: number;
  offset?: number;
}

/** Sets attributes that the template has, of the type that HyperSpy gives them. */
function setAxis(group: H5wasm.Group, { name, units, size, scale = 1, offset = 0 }: Axis): void {
  const set = (attribute: string, value: string | number | bigint, type: string): void => {
    group.delete_attribute(attribute);
    group.create_attribute(attribute, value as never, [], type);
  };
  set('name', name, 'S');
  if (units === undefined) group.delete_attribute('units');
  else set('units', units, 'S');
  set('size', BigInt(size), '<q');
  set('scale', scale, '<d');
  set('offset', offset, '<d');
}

function fillExperiment(file: H5wasm.File, rows: readonly ExportRow[], plan: ExportPlan): void {
  const { camera, stackOf } = plan;
  const { size, pixel, centre } = camera;
  const group = file.get(EXPERIMENT) as H5wasm.Group;
  const along = { units: '1/Å', size, scale: pixel, offset: -centre * pixel };
  const axes: Axis[] = [
    { name: 'triplet', size: rows.length },
    { name: 'zone axis', size: 3 },
    { name: 'ky', ...along },
    { name: 'kx', ...along },
  ];
  axes.forEach((axis, i) => {
    setAxis(group.get(`axis-${i}`) as H5wasm.Group, axis);
  });
  const each = 3 * size * size;
  const data = new Float32Array(rows.length * each);
  rows.forEach((row, i) => {
    data.set(stackOf(row), i * each);
  });
  const shape = [rows.length, 3, size, size];
  group.create_dataset({
    name: 'data',
    data,
    shape,
    dtype: '<f',
    chunks: [1, 3, size, size],
    compression: 'gzip',
  });
  describeRows(group.get('metadata') as H5wasm.Group, rows);
}

/** What is known of the rows, as HyperSpy's writer lays out lists and numbers of its metadata. */
function describeRows(metadata: H5wasm.Group, rows: readonly ExportRow[]): void {
  const sample = metadata.create_group('Sample');
  const count = rows.length;
  const texts = (name: string, of: (row: ExportRow) => string): void => {
    sample.create_dataset({
      name: `_list_${name}`,
      data: rows.map(of),
      shape: [count],
      dtype: 'S',
    });
  };
  texts('key', ({ key }) => key);
  texts('material', ({ facts }) => facts.material);
  texts('formula', ({ facts }) => facts.formula);
  texts('split', ({ split }) => split ?? '');
  const groups = Int32Array.from(rows, ({ facts }) => facts.spaceGroup);
  sample.create_dataset({ name: '_list_space_group', data: groups, shape: [count] });
  const zones = Int32Array.from(rows.flatMap(({ facts }) => facts.zones.flat()));
  sample.create_dataset({ name: 'zones', data: zones, shape: [count, 3, 3] });
  const energies = new Set(rows.map(({ facts }) => facts.energy));
  const [energy] = energies;
  if (energies.size !== 1 || !Number.isFinite(energy)) return;
  const microscope = metadata.create_group('Acquisition_instrument').create_group('TEM');
  microscope.create_attribute('beam_energy', energy!, [], '<d');
}

/**
 * Writes stored triplets as HyperSpy signals, `NAME_0.hspy`, …: axes (triplet, zone axis, ky, kx)
 * with ky growing downwards, as rows do; what is known of each triplet in `metadata.Sample`.
 *
 * @throws a usage error where `size` is no multiple of the stored size; or where a file
 *   stands there already.
 */
export const exportHspy: Exporter = async (folder, name, rows, options) => {
  const plan = planExport(name, rows, options);
  const { File } = await hdf5();
  const pathOf = (number: number) => join(folder, `${name}_${number}.hspy`);
  return writeLists(plan, pathOf, (path, list) =>
    atomically(path, (temporary) => {
      copyFileSync(TEMPLATE, temporary);
      const file = new File(temporary, 'a');
      try {
        fillExperiment(file, list, plan);
      } finally {
        file.close();
      }
    }),
  );
};
