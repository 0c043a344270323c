import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dataset } from 'h5wasm/node';
import { afterAll, describe, expect, it } from 'vitest';
import { hdf5 } from '../../src/dataset/hdf5/library.ts';
import { brightestDisc, resample, symmetryCentre } from '../../src/dataset/import/geometry.ts';
import { importManifest } from '../../src/dataset/import/import.ts';
import { manifestTemplate, readImportManifest } from '../../src/dataset/import/manifest.ts';
import { readPatternFile } from '../../src/dataset/import/read-pattern.ts';
import { openStore, verifyStore } from '../../src/dataset/store/store.ts';
import { temporaryFolder } from './fixture.ts';

// One stack of three patterns of 48 pixels, written by numpy, Pillow, h5py and what make.py there names.
const DATA = join(import.meta.dirname, '..', 'data', 'import');
const data = (name: string): string => join(DATA, name);
const CENTRE = { x: 25, y: 22 };
const { folder, remove } = temporaryFolder();
afterAll(remove);

const HEAD =
  'pattern_1,pattern_2,pattern_3,space_group,material,energy_keV,pixel_inv_angstrom,centre';
let manifests = 0;
function manifest(rows: readonly string[], head = HEAD): string {
  const path = join(folder, `m${manifests++}.csv`);
  writeFileSync(path, [head, ...rows].join('\n'));
  return path;
}
const options = { size: 32, field: 0.8, seed: 0 };

describe('patterns are read as their own libraries wrote them', () => {
  it.each([
    ['stack.npy', null],
    ['big-fortran.npy', null],
    ['stack.npz', null],
    ['hyperspy.hspy', 0.04],
    ['rosettasciio.hspy', 0.04],
    ['rosettasciio.emd', 0.04],
    ['ncempy.emd', 0.04],
    ['ncempy.emd::/data/stack', 0.04],
    ['emdfile.h5', 0.04],
    ['rosettasciio.nxs', 0.04],
    ['nexusformat.nxs', 0.04],
    ['nexusformat.nxs::/entry/data/counts', 0.04],
    ['stack.h5::/entry/data/frames', null],
    ['rosettasciio.tif', 0.04],
    ['imagej.tif', 0.04],
    ['planes.tif', null],
  ])('%s', async (name, pixel) => {
    const truth = (await readPatternFile(data('stack.npy'), 100)).patterns;
    const found = await readPatternFile(data(name), 100);
    if (pixel === null) expect(found.pixel).toBeNull();
    else expect(found.pixel).toBeCloseTo(pixel, 9);
    expect(found.patterns.map(({ width, height }) => [width, height])).toEqual(
      truth.map(() => [48, 48]),
    );
    found.patterns.forEach(({ values }, n) => {
      const differences = values.map((value, i) => Math.abs(value - truth[n]!.values[i]!));
      expect(Math.max(...differences)).toBeLessThan(1);
    });
  });

  it.each([
    ['stack16.tif', 3, 100],
    ['p0.tif', 1, 1],
    ['p0.png', 1, 1],
    ['p16.png', 1, 100],
  ])('%s, to a level', async (name, count, gain) => {
    const truth = (await readPatternFile(data('stack.npy'), 100)).patterns;
    const { patterns } = await readPatternFile(data(name), 100);
    expect(patterns).toHaveLength(count);
    patterns.forEach(({ values }, n) => {
      const top = gain === 1 ? 255 : 65535;
      const differences = values.map((value, i) =>
        Math.abs(value - Math.min(top, gain * truth[n]!.values[i]!)),
      );
      expect(Math.max(...differences)).toBeLessThan(1.01);
    });
  });
});

describe('the direct beam', () => {
  it('is found by brightness and by symmetry', async () => {
    for (const pattern of (await readPatternFile(data('stack.npy'), 100)).patterns) {
      for (const find of [brightestDisc, symmetryCentre]) {
        const { x, y } = find(pattern);
        expect(Math.hypot(x - CENTRE.x, y - CENTRE.y)).toBeLessThan(0.6);
      }
    }
  });

  it('comes to the middle; area means keep the sum', () => {
    const values = new Float32Array(40 * 30);
    values[12 * 40 + 17] = 5;
    const to = { centre: { x: 17, y: 12 }, ratio: 1.7, size: 9, middle: 4 };
    const out = resample({ values, width: 40, height: 30 }, to);
    expect(out.indexOf(Math.max(...out))).toBe(4 * 9 + 4);
    expect(out.reduce((a, b) => a + b, 0) * 1.7 ** 2).toBeCloseTo(5, 4);
  });
});

it('a manifest of mixed formats becomes a store, split by material', async () => {
  const rows = [
    `${data('stack.npy')},,,62,one,200,0.04,25 22`,
    `${data('p0.png')},${data('p1.png')},${data('p2.png')},P b n m,one,200,0.04,brightest`,
    `${data('hyperspy.hspy')},,,Fm-3m,two,200,,correlation`,
    `${data('stack16.tif')},,,225,three,200,0.04,`,
    `${data('ncempy.emd')},,,225,four,200,,`,
  ];
  const out = join(folder, 'imported.h5');
  const { triplets, census } = await importManifest(manifest(rows), out, options);
  expect(census.samples).toBe(5);
  expect(census.classes.map(({ spaceGroup }) => spaceGroup)).toEqual([62, 225]);
  expect(await verifyStore(out)).toMatch(/^[0-9a-f]{64}$/);
  const store = await openStore(out);
  expect(store.camera).toEqual({ size: 32, pixel: 0.05, centre: 15.5 });
  expect(store.materials).toEqual(['four', 'one', 'three', 'two']);
  // The same patterns from five formats are the same pixels, to the rounding of 8 bits.
  for (const { pixels } of triplets.slice(2)) {
    const far = pixels.filter((value, i) => Math.abs(value - triplets[0]!.pixels[i]!) > 6);
    expect(far.length / pixels.length).toBeLessThan(0.06);
  }
  store.close();
});

it('a pattern under several names stays in one part, and is reported', async () => {
  const same = ['a', 'b', 'c', 'd', 'e', 'f'];
  const rows = [
    ...same.map((name) => `${data('stack.npy')},,,62,${name},200,0.04,25 22`),
    // Kept in eight bits: nearly the same.
    ...['g', 'h'].map((name) => {
      return `${data('p0.png')},${data('p1.png')},${data('p2.png')},62,${name},200,0.04,25 22`;
    }),
  ];
  const out = join(folder, 'one-pattern.h5');
  const { anomalies } = await importManifest(manifest(rows), out, options);
  const of = (kind: string) => anomalies.filter((one) => one.kind === kind);
  expect(of('same-pixels').map(({ reason }) => reason.split(' ')[0])).toEqual([...'bcdefh']);
  expect(of('near-duplicate').length).toBeGreaterThan(0);
  const store = await openStore(out);
  const parts = store.materials.map((_, i) => store.rows.split[store.rows.material.indexOf(i)]);
  expect(new Set(parts.slice(0, 6)).size).toBe(1);
  expect(parts[6]).toBe(parts[7]);
  store.close();
});

it('files of one triplet that are calibrated unlike are refused, but where the manifest decides', async () => {
  const { File } = await hdf5();
  const { values } = (await readPatternFile(data('stack.npy'), 100)).patterns[0]!;
  const files = [0.04, 0.04, 0.05].map((scale, i) => {
    const path = join(folder, `scale${i}.nxs`);
    const file = new File(path, 'w');
    file.create_attribute('NX_class', 'NXdata');
    file.create_attribute('axes', ['y', 'x']);
    file.create_dataset({ name: 'data', data: values, shape: [48, 48] });
    file.create_dataset({ name: 'x', data: Float64Array.of(0, scale) });
    (file.get('x') as Dataset).create_attribute('units', '1/angstrom');
    file.close();
    return path;
  });
  const row = (pixel: string) => manifest([`${files.join(',')},62,one,200,${pixel},24 24`]);
  await expect(importManifest(row(''), join(folder, 'unlike.h5'), options)).rejects.toThrow(
    /line 2: its files say 0\.04 and 0\.05 1\/angstrom a pixel/,
  );
  const { triplets } = await importManifest(row('0.04'), join(folder, 'unlike.h5'), options);
  expect(triplets[0]!.pixel).toBe(0.04);
  await expect(importManifest(row('0.06'), join(folder, 'against.h5'), options)).rejects.toThrow(
    /line 2: it says 0\.06 1\/angstrom a pixel, .*scale0\.nxs says 0\.04 \(leave/,
  );
});

it('a pipe is no manifest: nothing waits for what never comes', () => {
  const pipe = join(folder, 'pipe');
  spawnSync('mkfifo', [pipe]);
  expect(() => readImportManifest(pipe)).toThrow(/pipe is not a file/);
});

it('the template is a manifest once its files are there', () => {
  mkdirSync(join(folder, 'template'));
  const path = join(folder, 'template', 'scans.csv');
  writeFileSync(path, manifestTemplate());
  expect(readImportManifest(path)).toMatchObject([
    { spaceGroup: 62, material: 'olivine-1', energy: 200, pixel: 0.02, centre: 'brightest' },
  ]);
});

it('triplets to predict need neither space group nor material', () => {
  const path = manifest(
    [`${data('stack.npy')},200,0.04`],
    'pattern_1,energy_keV,pixel_inv_angstrom',
  );
  expect(() => readImportManifest(path)).toThrow(/no column space_group|no column material/);
  expect(readImportManifest(path, { labelled: false })).toMatchObject([
    { spaceGroup: 0, material: '', energy: 200, pixel: 0.04, levels: false },
  ]);
});

describe('what cannot be used is told in one line', () => {
  const good = (changes: Partial<Record<number, string>>): string =>
    [data('stack.npy'), '', '', '62', 'one', '200', '0.04', '25 22']
      .map((cell, i) => changes[i] ?? cell)
      .join(',');
  it.each<[string, string[], string | undefined, RegExp]>([
    [
      'no material column',
      ['a.npy,62,200'],
      'pattern_1,space_group,energy_keV',
      /no column material \(without it/,
    ],
    ['an empty material', [good({ 4: '' })], undefined, /line 2: material is empty/],
    ['an unknown column', ['1'], `${HEAD},zone1`, /a column "zone1" \(did you mean "zone_1"/],
    ['a space group of 231', [good({ 3: '231' })], undefined, /space_group is "231"/],
    ['no symbol', [good({ 3: 'Pxyz' })], undefined, /space_group is "Pxyz"/],
    ['no energy', [good({ 5: '' })], undefined, /energy_keV is empty/],
    ['a comma for a point', [good({ 5: '"200,5"' })], undefined, /energy_keV is "200,5"/],
    ['no calibration', [good({ 6: '' })], undefined, /says the calibration/],
    ['a negative calibration', [good({ 6: '-1' })], undefined, /pixel_inv_angstrom is "-1"/],
    [
      'a centre off the detector',
      [good({ 7: '80 2' })],
      undefined,
      /the centre 80 2 is not on 48 x 48/,
    ],
    ['a centre of one number', [good({ 7: '25' })], undefined, /centre is "25"/],
    ['two patterns', [good({ 1: data('p1.png') })], undefined, /two patterns of three/],
    ['one pattern', [good({ 0: data('p0.png') })], undefined, /1 patterns instead of three/],
    [
      'a file that is not there',
      [good({ 0: 'nowhere.npy' })],
      undefined,
      /no file at .*nowhere\.npy/,
    ],
    [
      'HDF5 without a path',
      [good({ 0: data('stack.h5') })],
      undefined,
      /name it, FILE::.*RosettaSciIO/,
    ],
    ['a path that is not there', [good({ 0: `${data('stack.h5')}::/x` })], undefined, /has no \/x/],
    [
      'one material in two groups',
      [good({}), good({ 3: '225' })],
      undefined,
      /the space groups 62 and 225/,
    ],
    ['no row', [], undefined, /has no row/],
  ])('%s', async (_, rows, head, message) => {
    const error = await importManifest(manifest(rows, head), join(folder, 'x.h5'), options).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ fault: 'input', message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain('\n');
  });

  it.each([
    ['scan.blo', Buffer.from('blo'), /is of no format that is read here \(RosettaSciIO converts/],
    ['text.npy', Buffer.from('no array at all'), /is no \.npy array/],
    ['cut.npy', Buffer.from('\x93NUMPY\x01\x00\x10\x00{}', 'latin1'), /numbers of type unknown/],
    ['bad.tif', Buffer.from('II*\0nothing'), /bad\.tif cannot be read.*RosettaSciIO/],
    ['bad.npz', Buffer.from('PK nothing'), /bad\.npz cannot be read/],
    ['bad.hspy', Buffer.from('text'), /not an HDF5 file/],
  ])('%s', async (name, bytes, message) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    await expect(readPatternFile(path, 100)).rejects.toMatchObject({
      fault: 'input',
      message: expect.stringMatching(message),
    });
  });
});
