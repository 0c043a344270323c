import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Anomaly } from '../../src/dataset/anomaly.ts';
import { DirectFile } from '../../src/dataset/direct/direct-file.ts';
import { UnreadableFile } from '../../src/dataset/library-file.ts';
import { writeSummit } from '../../src/dataset/summit.ts';
import { STACK, SummitFile } from '../../src/dataset/summit-file.ts';
import { digestOf } from '../../src/ground/digest.ts';
import { Stream } from '../../src/ground/stream.ts';
import type { SampleFacts } from '../../src/simulate/sample.ts';
import { sampleOf, temporaryFolder } from './fixture.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const SIZE = 8;
const base = join(folder, 'base.h5');
const byH5py = join(import.meta.dirname, 'golden', 'long-double.h5');

beforeAll(async () => {
  const samples = Array.from({ length: 40 }, (_, i) => sampleOf(i, { size: SIZE }));
  await writeSummit(base, samples);
});

/** Everything a file gives, through the library alone or directly where that is possible. */
async function allOf(path: string, libraryOnly: boolean) {
  const anomalies: Anomaly[] = [];
  const samples: Record<string, { facts: SampleFacts | null; stack: string | null }> = {};
  let file: SummitFile | null = null;
  try {
    file = await SummitFile.open(path, (anomaly) => anomalies.push(anomaly), { libraryOnly });
    const { size } = file.camera();
    for (const key of file.groups()) {
      const facts = await file.facts(key);
      const stack = await file.stack(key, size);
      samples[key] = { facts, stack: stack && digestOf(stack) };
    }
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    anomalies.push({ kind: error.kind, file: path, group: null, reason: error.message });
  } finally {
    file?.close();
  }
  return { samples, anomalies };
}

describe('the direct reader', () => {
  it.each([
    ['this project', () => base, 40],
    ['h5py', () => byH5py, 8],
  ])('reads files of %s, and says of them what the library says', async (_, path, least) => {
    const direct = DirectFile.open(path())!;
    const read = [...direct.groups.keys()].filter(
      (key) => direct.attributes(key) && direct.dataset(key, STACK),
    );
    direct.close();
    expect(read.length).toBeGreaterThanOrEqual(least);
    expect(await allOf(path(), false)).toEqual(await allOf(path(), true));
  });

  it('leaves newer layouts, links and packed numbers to the library', async () => {
    expect(DirectFile.open(join(import.meta.dirname, 'golden', 'area.json'))).toBeNull();
    const { File } = await (await import('../../src/dataset/hdf5.ts')).hdf5();
    const newer = new File(join(folder, 'newer.h5'), 'w', { libver: 'latest' });
    newer.create_group('sample_0_0');
    newer.close();
    expect(DirectFile.open(join(folder, 'newer.h5'))).toBeNull();
    const path = join(folder, 'packed.h5');
    const packed = new File(path, 'w', { libver: ['earliest', 'latest'] });
    const group = packed.create_group('sample_0_0');
    const numbers = { data: new Float32Array(192).fill(1), shape: [3, 8, 8], dtype: '<f' };
    group.create_dataset({ name: STACK, ...numbers, chunks: [1, 8, 8], compression: 4 });
    packed.close();
    const direct = DirectFile.open(path)!;
    expect(direct.dataset('sample_0_0', STACK)).toBeNull();
    expect(direct.dataset('sample_0_0', 'absent')).toBeNull();
    direct.close();
    const file = await SummitFile.open(path);
    expect(Array.from((await file.stack('sample_0_0', SIZE))!)).toEqual(Array.from(numbers.data));
    file.close();
  });

  it('gives nothing of a file that shrank under it', async () => {
    const path = join(folder, 'shrinking.h5');
    writeFileSync(path, readFileSync(base));
    const direct = DirectFile.open(path)!;
    const place = direct.dataset('sample_39_0', STACK)!;
    writeFileSync(path, readFileSync(base).subarray(0, place.address + 8));
    expect(direct.fill(new Float32Array(3 * SIZE * SIZE), place)).toBe(false);
    direct.close();
  });
});

const HITS = 3;

/** Facts and stack of a sample as entries; unknown values and text that is no text left out. */
const saidOf = (sample?: { facts: object | null; stack: string | null }): [string, unknown][] =>
  Object.entries({ ...sample?.facts, stack: sample?.stack }).filter(
    ([, value]) =>
      value !== null && value !== undefined && value !== '' && !/\uFFFD/.test(String(value)),
  );

// The library refuses a whole group or file for faults that touch nothing we read; the direct
// reader may then go on. It must never lose or change what the library gives.
it('gives of 100 damaged files all that the library gives, and else what stood there before', async () => {
  const whole = readFileSync(byH5py);
  const before = (await allOf(byH5py, true)).samples;
  const stream = new Stream(5, 'direct');
  let [more, differing] = [0, 0];
  for (let number = 0; number < 100; number++) {
    const bytes = Buffer.from(whole);
    for (let n = 0; n < HITS; n++) bytes[stream.index(bytes.length)] = stream.index(256);
    const path = join(folder, `damaged-${number}.h5`); // The library may keep the last one open.
    writeFileSync(path, bytes);
    const [found, expected] = [await allOf(path, false), await allOf(path, true)];
    const keys = new Set([...Object.keys(found.samples), ...Object.keys(expected.samples)]);
    for (const key of keys) {
      const given = Object.fromEntries(saidOf(found.samples[key]));
      const known = Object.fromEntries(saidOf(expected.samples[key]));
      for (const [name, value] of Object.entries(known)) {
        if (name !== 'formula' || name in given)
          expect([number, key, name, given[name]]).toEqual([number, key, name, value]);
      }
      const added = Object.entries(given).filter(([name]) => !(name in known));
      const original = Object.fromEntries(saidOf(before[key]));
      more += added.length;
      // A byte that was hit may itself be a value: no more values differ than bytes were hit.
      const changed = added.filter(([name, value]) => !isDeepStrictEqual(value, original[name]));
      expect([number, key, changed.length <= HITS]).toEqual([number, key, true]);
      differing += changed.length;
    }
  }
  expect(more).toBeGreaterThan(20);
  expect(differing).toBeLessThan(0.2 * more);
}, 120_000);
