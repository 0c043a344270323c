import { copyFileSync, existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Group } from 'h5wasm/node';
import { afterAll, describe, expect, it } from 'vitest';
import type { Anomaly } from '../../src/dataset/anomaly.ts';
import { hdf5 } from '../../src/dataset/hdf5/library.ts';
import { readSummit, writeSummit } from '../../src/dataset/summit/summit.ts';
import type { Sample } from '../../src/simulate/sample.ts';
import { sampleOf, temporaryFolder } from './fixture.ts';
import { NO_H5PY, pythonWithH5py, runPython } from './python.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const at = (name: string): string => join(folder, name);

async function readAll(paths: string[]): Promise<{ samples: Sample[]; anomalies: Anomaly[] }> {
  const samples: Sample[] = [];
  const anomalies: Anomaly[] = [];
  for await (const found of readSummit(paths)) {
    if ('ok' in found) samples.push(found.ok);
    else anomalies.push(found.anomaly);
  }
  return { samples, anomalies };
}

const kindsOf = (anomalies: Anomaly[], group: string | null): string[] =>
  anomalies.filter((one) => one.group === group).map((one) => one.kind);

describe('writing and reading', () => {
  it('gives back every fact and every intensity', async () => {
    const written = [sampleOf(0), sampleOf(1, { spaceGroup: 14, energyIndex: 7 })];
    expect(await writeSummit(at('plain.h5'), written)).toBe(2);
    const { samples, anomalies } = await readAll([at('plain.h5')]);
    expect(anomalies).toEqual([]);
    expect(samples).toEqual(written);
  });

  it('leaves out what is not known, and says so on reading', async () => {
    const unknown = {
      inPlane: null,
      semiAngles: null,
      spacings: null,
      cell: null,
      thickness: null,
    };
    const written = { ...sampleOf(0), ...unknown };
    await writeSummit(at('unknown.h5'), [written]);
    const { samples, anomalies } = await readAll([at('unknown.h5')]);
    expect(samples).toEqual([written]);
    expect(new Set(anomalies.map((one) => one.kind))).toEqual(new Set(['attribute-missing']));
  });

  it('refuses two cameras in one file and leaves nothing behind', async () => {
    const mixed = [sampleOf(0), sampleOf(1, { size: 16 })];
    await expect(writeSummit(at('mixed.h5'), mixed)).rejects.toThrow(/another camera/);
    expect(existsSync(at('mixed.h5'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes('mixed'))).toEqual([]);
  });
});

// Written by h5py (golden/make.py): what real files do, and worse.
describe('a file of h5py', async () => {
  const path = join(import.meta.dirname, 'golden', 'long-double.h5');
  const { samples, anomalies } = await readAll([path]);
  const byMaterial = new Map(samples.map((one) => [one.material, one]));

  it('gives bytes as text, int64 as numbers, and directions by column', () => {
    expect(byMaterial.get('mp-1001605')).toMatchObject({
      key: 'sample_0_3',
      spaceGroup: 123,
      formula: 'Fe8 O14 F2',
      energy: 130,
      zones: [
        [1, 4, 7],
        [2, 5, 8],
        [3, 6, 9],
      ],
      inPlane: [
        [0.5, 3, 6],
        [1, 4, 7],
        [2, 5, 8],
      ],
      cell: [3, 3, 5, 90, 90, 90],
      thickness: null,
    });
  });

  it('keeps samples with long doubles, without those values', () => {
    expect(byMaterial.get('mp-2')).toMatchObject({ semiAngles: null, spacings: [2, 1.5, 1.2] });
    expect(byMaterial.get('mp-3')).toMatchObject({ cell: null, semiAngles: [0.001, 0.002, 0.003] });
    expect(kindsOf(anomalies, 'sample_1_3')).toEqual(['attribute-long-double']);
    expect(kindsOf(anomalies, 'sample_2_3')).toEqual(['attribute-long-double']);
  });

  it('takes text and numbers of other widths', () => {
    expect(byMaterial.get('mp-4')).toMatchObject({ spaceGroup: 225, energy: 150 });
    expect(byMaterial.get('mp-8')).toMatchObject({ spaceGroup: 14 });
    expect(kindsOf(anomalies, 'sample_7_3')).toEqual(['attribute-extra']);
  });

  it('does without missing attributes; the energy then follows from the name', () => {
    expect(byMaterial.get('mp-5')).toMatchObject({
      energy: 130,
      formula: '',
      zones: [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
    });
    expect(kindsOf(anomalies, 'sample_4_3').sort()).toEqual([
      'attribute-missing',
      'attribute-missing',
      'attribute-missing',
    ]);
  });

  it('leaves out samples without a material or with an impossible space group', () => {
    expect(kindsOf(anomalies, 'sample_5_3')).toEqual(['attribute-missing', 'no-material']);
    expect(kindsOf(anomalies, 'sample_6_3')).toEqual(['space-group']);
    expect(anomalies.find((one) => one.kind === 'space-group')!.reason).toContain('231');
  });

  it('names an empty group, a dataset among the groups, and unsound values', () => {
    expect(kindsOf(anomalies, 'sample_8_3')).toContain('no-material');
    expect(kindsOf(anomalies, 'a_dataset')).toEqual(['not-a-sample']);
    expect(kindsOf(anomalies, 'sample_9_3')).toEqual(['attribute-value']);
    expect(kindsOf(anomalies, 'sample_9_4')).toEqual(['attribute-type', 'attribute-type']);
    // Of two energies none is taken: the name says 140 keV.
    expect(samples.find((one) => one.key === 'sample_9_4')).toMatchObject({ energy: 140 });
    expect(samples.map((one) => one.key)).toHaveLength(8);
  });

  it.each([
    ['two numbers', [225, 194]],
    ['no number', []],
    ['two texts', ['225', '194']],
    ['a hexadecimal text', '0xE1'],
    ['a binary text', '0b11100001'],
    ['an endless text', 'Infinity'],
  ])('takes no label from %s', async (name, value) => {
    const file = at(`label-${name.replaceAll(' ', '-')}.h5`);
    await writeSummit(file, [sampleOf(0), sampleOf(1)]);
    const { File } = await hdf5();
    const open = new File(file, 'a');
    const group = open.get('sample_1_0') as Group;
    group.delete_attribute('space_group');
    if (Array.isArray(value) && typeof value[0] !== 'string') {
      group.create_attribute('space_group', Float64Array.from(value as number[]), [value.length]);
    } else group.create_attribute('space_group', value);
    open.close();
    const { samples: found, anomalies: told } = await readAll([file]);
    expect(found.map(({ key }) => key)).toEqual(['sample_0_0']);
    expect(kindsOf(told, 'sample_1_0')).toContain('space-group');
  });
});

describe('stacks', () => {
  const cases = [
    ['no stack', null, 'no-stack'],
    [
      'another shape',
      { data: new Float32Array(3 * 64), shape: [3, 8, 8], dtype: '<f' },
      'stack-shape',
    ],
    [
      'two patterns',
      { data: new Float32Array(2 * 1024), shape: [2, 32, 32], dtype: '<f' },
      'stack-shape',
    ],
    ['integers', { data: new Int32Array(3072), shape: [3, 32, 32], dtype: '<i' }, 'stack-type'],
    [
      'doubles',
      {
        data: Float64Array.from({ length: 3072 }, (_, i) => 0.5 + i / 6144),
        shape: [3, 32, 32],
        dtype: '<d',
      },
      'stack-double',
    ],
    [
      'nothing but zeros',
      { data: new Float32Array(3072), shape: [3, 32, 32], dtype: '<f' },
      'stack-empty',
    ],
    [
      'NaN',
      { data: new Float32Array(3072).fill(Number.NaN, 7, 8), shape: [3, 32, 32], dtype: '<f' },
      'stack-not-finite',
    ],
    [
      'negative values',
      {
        data: Float32Array.from({ length: 3072 }, (_, i) => (i === 7 ? -1e-3 : 1 + i / 3072)),
        shape: [3, 32, 32],
        dtype: '<f',
      },
      'stack-negative',
    ],
  ] as const;

  it.each(cases)('%s are told', async (name, stack, kind) => {
    const path = at(`stack-${name.replaceAll(' ', '-')}.h5`);
    await writeSummit(path, [sampleOf(1)]);
    const { File } = await hdf5();
    const file = new File(path, 'a');
    const group = file.create_group('sample_0_0');
    group.create_attribute('space_group', '14', [], 'A2');
    group.create_attribute('material', 'mp-0', [], 'A4');
    if (stack) group.create_dataset({ name: 'cbed_stack', ...stack, shape: [...stack.shape] });
    file.close();
    const { samples, anomalies } = await readAll([path]);
    const told = anomalies.filter((one) => one.kind !== 'attribute-missing');
    expect(told).toMatchObject([{ kind, group: 'sample_0_0', file: path }]);
    const kept = kind === 'stack-double' || kind === 'stack-negative';
    const keys = samples.map((one) => one.key).sort();
    expect(keys).toEqual(kept ? ['sample_0_0', 'sample_1_0'] : ['sample_1_0']);
  });
});

describe('files', () => {
  it('that are missing, no HDF5, cut off or empty are named, and the others read', async () => {
    await writeSummit(at('good.h5'), [sampleOf(0)]);
    copyFileSync(at('good.h5'), at('cut.h5'));
    truncateSync(at('cut.h5'), 5000);
    writeFileSync(at('text.h5'), 'no pictures here');
    writeFileSync(at('nothing.h5'), '');
    await writeSummit(at('empty.h5'), []);
    const names = ['absent', 'cut', 'text', 'nothing', 'empty', 'good'];
    const { samples, anomalies } = await readAll(names.map((name) => at(`${name}.h5`)));
    expect(samples).toHaveLength(1);
    expect(anomalies.map(({ kind, group }) => [kind, group])).toEqual([
      ['file-missing', null],
      ['file-truncated', null],
      ['group-unreadable', 'sample_0_0'],
      ['not-hdf5', null],
      ['not-hdf5', null],
      ['file-empty', null],
    ]);
  });

  it('stop the reading where it is strict', async () => {
    const strict = readSummit([at('cut.h5'), at('good.h5')], { strict: true });
    await expect(strict.next()).rejects.toMatchObject({
      fault: 'input',
      message: expect.stringMatching(/cut\.h5: cut off/),
    });
  });
});

it('are read by h5py as the real ones are', async (test) => {
  test.skip(!pythonWithH5py, NO_H5PY);
  await writeSummit(at('for-python.h5'), [sampleOf(3, { spaceGroup: 62, energyIndex: 4 })]);
  const script = `
import h5py, json, sys
import numpy as np
with h5py.File(sys.argv[1]) as f:
    g = f["sample_3_4"]; a = g.attrs; x = g["cbed_stack"]
    print(json.dumps({
        "space_group": a["space_group"].decode(), "material": a["material"].decode(),
        "formula": a["formula"], "energy": [a["energy_keV"].dtype.str, int(a["energy_keV"])],
        "z": [a["z_dirs"].dtype.str, list(a["z_dirs"].shape), a["z_dirs"][0, :, 1].tolist()],
        "y": [list(a["y_dirs"].shape), a["y_dirs"][0, :, 2].tolist()],
        "abc": a["abc_angstrom"].tolist(), "stack": [x.dtype.str, list(x.shape), float(x[()].astype(np.float64).sum())],
    }))
`;
  const total = sampleOf(3, { energyIndex: 4 }).stack.reduce((sum, value) => sum + value, 0);
  expect(runPython(script, at('for-python.h5'))).toEqual({
    space_group: '62',
    material: 'mp-3',
    formula: 'Na4 Cl4',
    energy: ['<i8', 140],
    z: ['<i8', [1, 3, 3], [1, 1, 0]],
    y: [
      [1, 3, 3],
      [1, -1, 0],
    ],
    abc: [5.64, 5.64, 5.64],
    stack: ['<f4', [3, 32, 32], expect.closeTo(total, 6)],
  });
});
