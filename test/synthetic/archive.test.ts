import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { dataExportCommand } from '../../src/commands/data-export.ts';
import { Stream } from '../../src/common/stream.ts';
import { hdf5 } from '../../src/dataset/hdf5/library.ts';
import { defaultCamera } from '../../src/simulate/camera.ts';
import { openArchive, writeArchive } from '../../synthetic/archive/archive.ts';
import { passportOf, recordMaterials } from '../../synthetic/archive/passport.ts';

const folder = mkdtempSync(join(tmpdir(), 'archive-'));
const size = 8;
const stream = new Stream(1, 'archive test');
const images = Uint8Array.from({ length: 5 * size * size * 3 }, () => stream.index(256));
const labels = [62, 62, 225, 14, 225];
const origin = {
  store: 'a',
  split: 'b',
  gan: recordMaterials('c', ['x', 'y', 'x']),
  guide: null,
  verifiers: [recordMaterials('v', ['x'])],
  scalers: null,
};
const contents = {
  size,
  images,
  labels,
  classes: [14, 62, 225],
  camera: defaultCamera(size),
  passports: labels.map((label, i) => passportOf(label, { margin: i / 3, parents: ['Si é'] })),
  origin,
  parameters: {
    values: Float32Array.from({ length: 10 }, (_, i) => i),
    width: 2,
    layout: ['a', 'b'],
  },
  cifs: ['data_a\n', null, 'data_é', null, null],
};

it('gives back what was written, and pixels in the order asked for', async () => {
  const path = join(folder, 'a.h5');
  await writeArchive(path, contents);
  const archive = await openArchive(path);
  expect([...archive.labels]).toEqual(labels);
  expect(archive.classes).toEqual([14, 62, 225]);
  expect(archive.camera).toEqual(contents.camera);
  expect(archive.passports).toEqual(contents.passports);
  expect(archive.origin).toEqual(origin);
  expect(archive.parameters).toEqual(contents.parameters);
  expect(archive.cifs).toEqual(contents.cifs);
  const row = size * size * 3;
  const asked = [3, 0, 1, 4];
  expect(archive.images(asked)).toEqual(
    Uint8Array.from(asked.flatMap((i) => [...images.subarray(i * row, (i + 1) * row)])),
  );
});
it('is exported with a CIF file beside every sample that has a crystal, and over no other', async () => {
  const path = join(folder, 'crystals.h5');
  await writeArchive(path, contents);
  const out = join(folder, 'exported');
  const program = async (...format: string[]) =>
    dataExportCommand()
      .exitOverride()
      .parseAsync([path, '--out', out, '--json', ...format], { from: 'user' });
  const said = vi.spyOn(console, 'log').mockImplementation(() => {});
  await program('--format', 'npz');
  const files = ['sample_0_0.cif', 'sample_2_0.cif'].map((name) => join(out, 'cifs', name));
  expect(JSON.parse(said.mock.lastCall![0]).crystals).toEqual(files);
  expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(['data_a\n', 'data_é']);
  await program('--format', 'hspy'); // the same crystals
  writeFileSync(files[1]!, 'data_other\n');
  await expect(program('--format', 'png')).rejects.toThrow(/sample_2_0\.cif stands there already/);
  expect(readFileSync(files[1]!, 'utf8')).toBe('data_other\n');
});

it('holds no samples too', async () => {
  const path = join(folder, 'none.h5');
  await writeArchive(path, {
    ...contents,
    images: new Uint8Array(0),
    labels: [],
    passports: [],
    parameters: undefined,
    cifs: undefined,
  });
  expect((await openArchive(path)).count).toBe(0);
});

type Edit = (file: import('h5wasm/node').File) => void;

async function edited(name: string, edit: Edit): Promise<string> {
  const [whole, path] = [join(folder, `${name}-whole.h5`), join(folder, `${name}.h5`)];
  await writeArchive(whole, contents);
  copyFileSync(whole, path);
  const { File } = await hdf5();
  const file = new File(path, 'a');
  edit(file);
  file.close();
  return path;
}

/** Changes one byte of a dataset. */
const flipped =
  (name: string, at: number): Edit =>
  (file) => {
    const set = file.get(name) as import('h5wasm/node').Dataset;
    const value = set.value as Uint8Array;
    const byte = Uint8Array.from([value[at]! ^ 1]);
    set.write_slice([[at, at + 1]], byte);
  };

it.each(['provenance', 'origin', 'cif', 'parameters_layout'])(
  'refuses an archive whose %s was changed',
  async (name) => {
    const path = await edited(name, flipped(name, 5));
    await expect(openArchive(path)).rejects.toThrow(/changed after it was written|cannot be read/);
  },
);

it.each<[string, Edit]>([
  ['labels', (file) => write(file, 'labels', Int32Array.from([14, 62, 225, 14, 225]))],
  ['classes', (file) => write(file, 'classes', Int32Array.from([14, 62, 226]))],
  ['camera', (file) => file.create_attribute('camera', JSON.stringify(defaultCamera(16)))],
  ['digest', (file) => file.create_attribute('digest', 'f00d')],
])('refuses an archive whose %s was exchanged', async (name, edit) => {
  const path = await edited(name, (file) => {
    if (name in file.attrs) file.delete_attribute(name);
    edit(file);
  });
  await expect(openArchive(path)).rejects.toThrow(/was changed after it was written/);
});

function write(file: import('h5wasm/node').File, name: string, data: Int32Array): void {
  (file.get(name) as import('h5wasm/node').Dataset).write_slice([[0, data.length]], data);
}

it.each(['', 'cbed-gan synthetic archive 1'])(
  'refuses passports under the format "%s"',
  async (format) => {
    const path = await edited(`format${format.length}`, (file) => {
      file.delete_attribute('format');
      if (format) file.create_attribute('format', format);
    });
    await expect(openArchive(path)).rejects.toThrow(
      /is of the format .* make it again: gan sample/,
    );
  },
);

const passportWith = (change: object) => ({
  passports: contents.passports.map((one, row) => (row === 2 ? { ...one, ...change } : one)),
});
const originWith = (change: object) => ({ origin: { ...origin, ...change } });

it.each<[string, object, RegExp]>([
  ['a class other than the label', passportWith({ class: 14 }), /sample 2 states space group 14/],
  ['accepted: "yes"', passportWith({ accepted: 'yes' }), /passport of sample 2 .*accepted/],
  ['accepted: 1', passportWith({ accepted: 1 }), /passport of sample 2 .*accepted/],
  ['a class beyond 230', passportWith({ partner: 231 }), /passport of sample 2 .*partner/],
  ['parents that are no list', passportWith({ parents: 'Si' }), /sample 2 .*parents/],
  ['a field too many', passportWith({ checked: true }), /passport of sample 2 is damaged/],
  ['a share of 7', passportWith({ share: 7 }), /sample 2 .*share/],
  ['no maker at all', { origin: {} }, /origin does not name the makers/],
  ['no generator', originWith({ gan: null }), /origin does not name the makers \(gan/],
  ['a generator without materials', originWith({ gan: { digest: 'c' } }), /gan\.materials/],
  ['no word on a guide', originWith({ guide: undefined }), /guide/],
  ['no word on verifiers', originWith({ verifiers: undefined }), /verifiers/],
  ['an origin that is text', { origin: 'here' }, /origin does not name the makers/],
  ['a camera without a scale', { camera: { size: 8, centre: 3.5 } }, /its camera is damaged/],
])('refuses %s, also under a digest of its own', async (name, change, message) => {
  const path = join(folder, `${name.replace(/\W/g, '-')}.h5`);
  await writeArchive(path, { ...contents, ...change } as never);
  await expect(openArchive(path)).rejects.toThrow(message);
});
