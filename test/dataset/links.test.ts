import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Dataset } from 'h5wasm/node';
import { afterAll, describe, expect, it } from 'vitest';
import type { Anomaly } from '../../src/dataset/anomaly.ts';
import { hdf5 } from '../../src/dataset/hdf5/library.ts';
import { readPatternFile } from '../../src/dataset/import/read-pattern.ts';
import { inspectFiles } from '../../src/dataset/inspect/inspect.ts';
import { prepareStore } from '../../src/dataset/prepare/prepare.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import type { Sample } from '../../src/simulate/sample.ts';
import { sampleOf, temporaryFolder } from './fixture.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const at = (...names: string[]): string => join(folder, ...names);
const SIZE = 32;
const options = { size: 16, split: 'material', seed: 0, workers: 0 } as const;

let stores = 0;
const prepare = (path: string, allowExternal = false) =>
  prepareStore([path], at(`store${stores++}.h5`), { ...options, allowExternal });
const told = (anomalies: readonly Anomaly[]): string =>
  anomalies.map(({ kind, reason }) => `${kind}: ${reason}`).join('\n');

/** A file with one sample of its own and links to others. */
async function linking(
  path: string,
  links: readonly [file: string, name: string][],
): Promise<string> {
  await writeSummit(path, [sampleOf(0)]);
  const { File } = await hdf5();
  const file = new File(path, 'a');
  for (const [target, name] of links) file.create_external_link(target, `/${name}`, name);
  file.close();
  return path;
}

describe('patterns that were never written', () => {
  const blanked = (number: number, patterns: number[], value = 0): Sample => {
    const sample = sampleOf(number);
    for (const pattern of patterns) {
      sample.stack.fill(value, pattern * SIZE ** 2, (pattern + 1) * SIZE ** 2);
    }
    return sample;
  };

  it.each([
    ['the first', [0], 0, 'stack-blank: pattern 1 of 3'],
    ['the last', [2], 0, 'stack-blank: pattern 3 of 3'],
    ['two', [0, 2], 0, 'stack-blank: patterns 1 and 3 of 3'],
    ['one with a fill value', [1], 7, 'stack-blank: pattern 2 of 3'],
    ['one with a negative fill value', [1], -1, 'stack-blank: pattern 2 of 3'],
    ['all', [0, 1, 2], 0, 'stack-empty'],
    ['all with a fill value', [0, 1, 2], 7, 'stack-blank: patterns 1 and 2 and 3 of 3'],
    ['all with NaN', [0, 1, 2], Number.NaN, 'stack-not-finite'],
    ['one with NaN', [1], Number.NaN, 'stack-not-finite'],
  ])('leave their sample out: %s', async (name, patterns, value, reason) => {
    const path = at(`blank-${name.replaceAll(' ', '-')}.h5`);
    await writeSummit(path, [sampleOf(1), blanked(2, patterns, value), sampleOf(3)]);
    const { samples, anomalies } = await prepare(path);
    expect(samples).toBe(2);
    expect(told(anomalies)).toContain(reason);
    const { census, anomalies: seen } = await inspectFiles([path], { workers: 0, patterns: 10 });
    expect(census.samples).toBe(2);
    expect(told(seen)).toContain(reason);
  });

  // Chunks of a file that was closed too early: rows, columns, a corner.
  const half = SIZE / 2;
  it.each([
    ['the lower half', (_x: number, y: number) => y >= half],
    ['the right half', (x: number) => x >= half],
    ['a quarter at the top', (_x: number, y: number) => y < SIZE / 4],
    ['a corner', (x: number, y: number) => x < half && y >= half],
  ])('in part leave their sample out too: %s', async (name, missing) => {
    const path = at(`part-${name.replaceAll(' ', '-')}.h5`);
    const cut = sampleOf(2);
    const framed = sampleOf(3);
    for (let i = 0; i < SIZE ** 2; i++) {
      const [x, y] = [i % SIZE, Math.floor(i / SIZE)];
      if (missing(x, y)) cut.stack[SIZE ** 2 + i] = 0;
      if (Math.hypot(x - half, y - half) > half / 2) framed.stack[i] = 0;
    }
    await writeSummit(path, [sampleOf(1), cut, framed]);
    const { samples, anomalies } = await prepare(path);
    expect(told(anomalies)).toBe(
      'stack-blank: pattern 2 of 3 without structure in a quarter or more, as never written',
    );
    expect(samples).toBe(2);
  });
});

describe('links to other files', () => {
  it('to a file that appears, changes or goes are not hidden by the index', async () => {
    const path = await linking(at('links.h5'), [['later.h5', 'sample_5_0']]);
    const count = async () => (await prepare(path)).samples;
    const first = await prepare(path);
    expect(first.samples).toBe(1);
    expect(told(first.anomalies)).toMatch(/link-dead: a link to .*later\.h5, which is not there/);
    await writeSummit(at('later.h5'), [sampleOf(5)]);
    expect(await count()).toBe(2);
    await writeSummit(at('later.h5'), [sampleOf(6)]);
    expect(await count()).toBe(1);
    await writeSummit(at('later.h5'), [sampleOf(5), sampleOf(6)]);
    expect(await count()).toBe(2);
  });

  it('out of the given folders are followed where they are allowed only', async () => {
    mkdirSync(at('inside'));
    mkdirSync(at('outside'));
    await writeSummit(at('outside', 'other.h5'), [sampleOf(5)]);
    symlinkSync(at('outside', 'other.h5'), at('inside', 'linked.h5'));
    for (const target of ['../outside/other.h5', at('outside', 'other.h5'), 'linked.h5']) {
      const path = await linking(at('inside', 'links.h5'), [[target, 'sample_5_0']]);
      const closed = await prepare(path);
      expect(closed.samples).toBe(1);
      expect(told(closed.anomalies)).toMatch(/outside the given folders: .*--allow-external/);
      expect((await prepare(path, true)).samples).toBe(2);
      // Nor does the index of the permitted reading let them in afterwards.
      expect((await prepare(path)).samples).toBe(1);
      const both = await prepareStore([path, at('outside')], at('both.h5'), options);
      expect(both.samples).toBe(2);
    }
  });

  /** A file whose samples have their names as text of any length, as h5py writes it. */
  async function wordy(
    path: string,
    number: number,
    links: readonly (readonly [file: string, inside: string, name: string])[] = [],
  ): Promise<string> {
    const { File } = await hdf5();
    const file = new File(path, 'w');
    file.create_attribute('camera', [SIZE, 0.16, SIZE / 2], [3], '<d');
    const name = `sample_${number}_0`;
    const group = file.create_group(name);
    group.create_attribute('space_group', String(100 + number));
    group.create_attribute('material', `mp-${1000 + number}`);
    group.create_attribute('formula', `C${10 + number}`);
    const { stack: data } = sampleOf(number);
    group.create_dataset({ name: 'cbed_stack', data, shape: [3, SIZE, SIZE], dtype: '<f' });
    for (const [target, inside, link] of links) file.create_external_link(target, inside, link);
    file.close();
    return path;
  }
  const labelsOf = async (path: string): Promise<string[]> => {
    const out = at(`words${stores++}.h5`);
    await prepareStore([path], out, options);
    const store = await openStore(out);
    const found = Array.from({ length: store.count }, (_, row) => store.facts(row));
    store.close();
    return found
      .map(({ spaceGroup, material, formula }) => `${spaceGroup} ${material} ${formula}`)
      .sort();
  };
  const [FIRST, SECOND, THIRD] = ['101 mp-1001 C11', '102 mp-1002 C12', '103 mp-1003 C13'];

  it('give the texts of the file behind them, not those at the same place of their own', async () => {
    await wordy(at('words-b.h5'), 2);
    const path = await wordy(at('words-a.h5'), 1, [['words-b.h5', '/sample_2_0', 'sample_2_0']]);
    expect(await labelsOf(path)).toEqual([FIRST, SECOND]);
  });

  it('give the texts behind a chain of them', async () => {
    await wordy(at('chain-c.h5'), 3);
    await wordy(at('chain-b.h5'), 2, [['chain-c.h5', '/sample_3_0', 'far']]);
    const path = await wordy(at('chain-a.h5'), 1, [
      ['chain-b.h5', '/sample_2_0', 'sample_2_0'],
      ['chain-b.h5', '/far', 'sample_3_0'],
    ]);
    expect(await labelsOf(path)).toEqual([FIRST, SECOND, THIRD]);
  });

  it('give the texts behind soft links and in deeper groups of the other file', async () => {
    const { File } = await hdf5();
    await wordy(at('soft-b.h5'), 2, []);
    const other = new File(at('soft-b.h5'), 'a');
    other.create_group('deep');
    other.create_soft_link('/sample_2_0', '/deep/again');
    other.close();
    const path = await wordy(at('soft-a.h5'), 1, [['soft-b.h5', '/deep', 'other']]);
    const file = new File(path, 'a');
    file.create_soft_link('/other/again', '/sample_2_0');
    file.close();
    expect(await labelsOf(path)).toEqual([FIRST, SECOND]);
  });

  it('to what is no HDF5 file are told in one line', async () => {
    writeFileSync(at('secret.txt'), 'root:x:0:0'.repeat(2000));
    const path = await linking(at('text.h5'), [
      ['secret.txt', 'sample_7_0'],
      ['/dev/zero', 'sample_8_0'],
      ['.', 'sample_9_0'],
    ]);
    const { samples, anomalies } = await prepare(path);
    expect(samples).toBe(1);
    expect(anomalies.map(({ group }) => group)).toEqual(['sample_7_0', 'sample_8_0', 'sample_9_0']);
    expect(told(anomalies)).not.toMatch(/H5|\/__w\//);
  });
});

it('raw data in other files are read where they are allowed only', async () => {
  // Written by h5py: sample_0_0/cbed_stack stands raw in `passwd` beside the file.
  const path = at('raw.h5');
  copyFileSync(join(import.meta.dirname, '..', 'data', 'dataset', 'raw-external.h5'), path);
  writeFileSync(at('passwd'), new Uint8Array(sampleOf(1).stack.buffer));
  process.chdir(folder); // Where HDF5 looks for raw data.
  const closed = await prepare(path).catch((error: Error) => error.message);
  expect(closed).toMatch(/no sample in these files can be used/);
  const { anomalies } = await inspectFiles([path], { workers: 0, patterns: 10 });
  expect(told(anomalies)).toMatch(/its data stand raw in .*passwd: .*--allow-external/);
  expect((await prepare(path, true)).samples).toBe(1);
});

it('a path behind a link to a folder is judged as the system goes along it', async () => {
  // `link/..` is the folder above the one that the link leads to, whatever the letters say.
  mkdirSync(at('crooked'));
  mkdirSync(at('elsewhere', 'deep'), { recursive: true });
  symlinkSync(at('elsewhere', 'deep'), at('crooked', 'l'));
  writeFileSync(at('elsewhere', 'p'), new Uint8Array(sampleOf(1).stack.buffer));
  const source = readFileSync(
    join(import.meta.dirname, '..', 'data', 'dataset', 'raw-external.h5'),
  );
  source.write('l/../p', source.indexOf('passwd\0'));
  writeFileSync(at('crooked', 'raw.h5'), source);
  await writeSummit(at('elsewhere', 'o.h5'), [sampleOf(5)]);
  await linking(at('crooked', 'links.h5'), [['l/../o.h5', 'sample_5_0']]);
  process.chdir(at('crooked'));
  for (const [name, samples] of [
    ['raw.h5', 0],
    ['links.h5', 1],
  ] as const) {
    const { census, anomalies } = await inspectFiles([at('crooked', name)], {
      ...{ workers: 0, patterns: 10 },
    });
    expect([name, census.samples]).toEqual([name, samples]);
    expect(told(anomalies)).toMatch(/crooked\/l\/\.\.\/.*: not read.*--allow-external/);
  }
  process.chdir(folder);
});

it.runIf(existsSync('/dev/shm'))('no folder of the system is open to every file', async () => {
  const places = ['/dev/shm/cbed-links-test.h5', '/tmp/tmpfile_cbed-links-test.h5'];
  try {
    for (const place of places) {
      await writeSummit(place, [sampleOf(5)]);
      const { samples, anomalies } = await prepare(
        await linking(at('system.h5'), [[place, 'sample_5_0']]),
      );
      expect([place, samples]).toEqual([place, 1]);
      expect(told(anomalies)).toContain(`its data stand in ${place}, outside the given folders`);
    }
  } finally {
    for (const place of places) rmSync(place, { force: true });
  }
});

it('a virtual dataset of which a part is refused is refused whole', async () => {
  // Written by h5py: two patterns of near.h5 beside the file, the third of away/far.h5.
  mkdirSync(at('virtual'));
  mkdirSync(at('far'));
  const path = at('virtual', 'virtual.h5');
  copyFileSync(join(import.meta.dirname, '..', 'data', 'dataset', 'virtual.h5'), path);
  await writeSummit(at('virtual', 'near.h5'), [sampleOf(1)]);
  await writeSummit(at('far', 'far.h5'), [sampleOf(1)]);
  symlinkSync(at('far'), at('virtual', 'away'));
  const pattern = /its data stand in .*far\.h5, outside the given folders: not read/;
  const { census, anomalies } = await inspectFiles([path], { workers: 0, patterns: 10 });
  expect(census.samples).toBe(0);
  expect(told(anomalies)).toMatch(pattern);
  expect((await prepare(path, true)).samples).toBe(1);
  // A list of measured patterns has no such flag, and its message names none.
  const error = await readPatternFile(`${path}::/sample_0_0/cbed_stack`, 100).catch(String);
  expect(error).toMatch(pattern);
  expect(error).not.toContain('--allow-external');
});

it('a filter that is not known is named, with the mend', async () => {
  const path = at('lzf.h5');
  copyFileSync(join(import.meta.dirname, '..', 'data', 'dataset', 'lzf.h5'), path);
  const { census, anomalies } = await inspectFiles([path], { workers: 0, patterns: 10 });
  expect(census.samples).toBe(0);
  expect(told(anomalies)).toMatch(/stack-unreadable: compressed with lzf, .*h5repack/);
  expect(told(anomalies)).not.toMatch(/plugin|\/usr/);
});

it.each([
  [32001, 'Blosc'],
  [32015, 'Zstandard'],
  [31999, 'filter 31999'],
])('a filter that gives no name is known by its number: %i', async (number, name) => {
  // h5py names the filter 32000 of this file; its number and name are exchanged for another's.
  const bytes = readFileSync(join(import.meta.dirname, '..', 'data', 'dataset', 'lzf.h5'));
  const lzf = Buffer.from([0x00, 0x7d]);
  for (let at = bytes.indexOf('lzf\0'); at >= 0; at = bytes.indexOf('lzf\0', at + 1)) {
    const message = bytes.lastIndexOf(lzf, at);
    bytes.writeUInt16LE(number, message);
    bytes.fill(0, at, at + 3);
  }
  const path = at(`filter-${number}.h5`);
  writeFileSync(path, bytes);
  await expect(prepare(path)).rejects.toThrow(`compressed with ${name}, which is not known here`);
});

it('compressed text is named with its filter too, and ends no reader', async () => {
  // Written by h5py: `words` by LZF, `plain` by gzip, both text of any length.
  const path = join(import.meta.dirname, '..', 'data', 'dataset', 'lzf-text.h5');
  const library = await hdf5();
  const file = new library.File(path, 'r');
  const value = (name: string): unknown => (file.get(name) as Dataset).value;
  let fault = '';
  try {
    value('words');
  } catch (error) {
    fault = library.fault(error);
  }
  expect(fault).toMatch(/^compressed with lzf, .*h5repack/i);
  expect(value('plain')).toEqual(['alpha', 'beta']);
  file.close();
});

it('a compressed dataset beside the samples is named with its filter too', async () => {
  // A soft link makes the stack a member of the root, as in files of other layouts.
  const path = at('lzf-root.h5');
  copyFileSync(join(import.meta.dirname, '..', 'data', 'dataset', 'lzf.h5'), path);
  const { File } = await hdf5();
  const file = new File(path, 'a');
  const [group] = file.keys();
  file.create_soft_link(`/${group}/cbed_stack`, '/images');
  file.close();
  const { anomalies } = await inspectFiles([path], { workers: 0, patterns: 10 });
  const named = anomalies.filter(({ group }) => group === 'images');
  expect(told(named)).toMatch(/stack-unreadable: compressed with LZF, .*h5repack/);
});

describe('samples that lie deeper', () => {
  it.each([['data'], ['data/run1'], ['a/b/c/d']])('below %s are said to', async (parent) => {
    const path = at(`deep-${parent.replaceAll('/', '-')}.h5`);
    await writeSummit(path, [sampleOf(0)]);
    const { File } = await hdf5();
    const file = new File(path, 'a');
    parent.split('/').forEach((_, i, names) => file.create_group(names.slice(0, i + 1).join('/')));
    const stack = sampleOf(1).stack;
    for (const n of [1, 2]) {
      const group = file.create_group(`${parent}/sample_${n}_0`);
      group.create_dataset({
        name: 'cbed_stack',
        data: stack,
        shape: [3, SIZE, SIZE],
        dtype: '<f',
      });
    }
    file.close();
    const { samples, anomalies } = await prepare(path);
    expect(samples).toBe(1);
    expect(told(anomalies)).toContain(`2 samples lie deeper, such as ${parent}/sample_1_0`);
  });
});

it('inspect counts what prepare keeps', async () => {
  const path = at('mixed.h5');
  const nan = sampleOf(2);
  nan.stack[5] = Number.NaN;
  await writeSummit(path, [sampleOf(1), nan, sampleOf(3), sampleOf(4)]);
  await writeSummit(at('mixed-copy.h5'), [sampleOf(3), sampleOf(5)]);
  const other = { ...sampleOf(6, { size: 16 }) };
  await writeSummit(at('mixed-other.h5'), [other]);
  const files = [path, at('mixed-copy.h5'), at('mixed-other.h5')];
  const { census } = await inspectFiles(files, { workers: 0, patterns: Number.MAX_SAFE_INTEGER });
  const { samples } = await prepareStore(files, at('mixed-store.h5'), options);
  expect(census.samples).toBe(samples);
  expect(samples).toBe(4);
});
