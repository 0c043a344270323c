import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as H5wasm from 'h5wasm/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CbedError } from '../../src/common/errors.ts';
import { Stream } from '../../src/common/stream.ts';
import { hdf5 } from '../../src/dataset/hdf5/library.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { writeStore } from '../../src/dataset/store/store-write.ts';
import { sampleOf, temporaryFolder } from './fixture.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const SIZE = 16;
const COUNT = 40;
const path = join(folder, 'whole.h5');

beforeAll(async () => {
  const rows = Array.from({ length: COUNT }, (_row, i) => {
    const { key, camera: _, stack: __, ...facts } = sampleOf(i, { spaceGroup: 1 + (i % 5) });
    return { key, facts, split: (['train', 'validation', 'test'] as const)[i % 3]! };
  });
  const stream = new Stream(1, 'pixels');
  const images = Uint8Array.from({ length: COUNT * 3 * SIZE ** 2 }, () => stream.index(256));
  const camera = { size: SIZE, pixel: 0.3, centre: 8 };
  await writeStore(path, { camera, rows, images: [images], config: {}, sources: [] });
});

type Slice = (value: number, at?: number) => void;

/** A copy of the store, changed. */
async function changed(
  name: string,
  change: (file: H5wasm.File, set: (dataset: string) => Slice) => void,
): Promise<string> {
  const copy = join(folder, `${name.replace(/\W+/g, '-')}.h5`);
  copyFileSync(path, copy);
  const { File } = await hdf5();
  const file = new File(copy, 'a');
  const set = (dataset: string): Slice => {
    const there = file.get(dataset) as H5wasm.Dataset;
    const kind = (there.value as Float64Array).constructor as Float64ArrayConstructor;
    return (value, at = 0) => {
      const rest = there.shape!.slice(1).map((): [number, number] => [0, 1]);
      there.write_slice([[at, at + 1], ...rest], kind.from([value]));
    };
  };
  change(file, set);
  file.close();
  return copy;
}

const camera = (values: number[]) => (file: H5wasm.File) => {
  file.delete_attribute('camera');
  file.create_attribute('camera', values, [values.length], '<d');
};

describe('a store is refused in one line when it is opened', () => {
  it.each<[string, Parameters<typeof changed>[1], RegExp]>([
    ['a pixel is another', (_, set) => set('images')(7, 3), /another digest/],
    ['a row moved from test to train', (_, set) => set('rows/split')(0, 2), /another digest/],
    ['a label of no class', (_, set) => set('rows/label')(7, 4), /row 4 has label 7 of 5 classes/],
    ['a negative label', (_, set) => set('rows/label')(-1, 4), /label -1 of 5/],
    ['a label of another class', (_, set) => set('rows/label')(0, 4), /space group 5 under/],
    ['a space group of 231', (_, set) => set('classes')(231, 4), /its classes are/],
    ['classes out of order', (_, set) => set('classes')(4, 4), /its classes are/],
    ['a split of 3', (_, set) => set('rows/split')(3, 1), /the split 3/],
    ['a material of none', (_, set) => set('rows/material')(40, 1), /material 40 of 40/],
    ['another material', (_, set) => set('rows/material')(0, 3), /another digest/],
    [
      'a material of two parts',
      (_, set) => set('rows/material')(0, 1),
      /the material mp-0 stands in train and in validation/,
    ],
    ['an energy of 0', (_, set) => set('rows/energy_keV')(0, 1), /energy of 0 keV/],
    ['an endless cell', (_, set) => set('rows/cell')(1 / 0, 1), /cell holds infinity/],
    ['a camera of NaN', camera([SIZE, Number.NaN, 8]), /its camera is 16 pixels of NaN/],
    ['a camera of 0 pixels', camera([0, 0.3, 8]), /its camera is 0 pixels/],
    ['a camera of another size', camera([32, 0.3, 8]), /not rows of 32 pixels/],
    ['a camera far off', camera([SIZE, 0.3, 900]), /centre 900/],
    ['a camera of two numbers', camera([SIZE, 0.3]), /its camera is/],
    [
      'no digest',
      (file) => {
        file.delete_attribute('digest');
        file.create_attribute('digest', 'none');
      },
      /it has no digest/,
    ],
    [
      'a column too short',
      (file) => {
        (file.get('images') as H5wasm.Dataset).resize([COUNT - 1, SIZE, SIZE, 3]);
      },
      /has not 39 rows/,
    ],
  ])('%s', async (name, change, message) => {
    const damaged = await changed(name, change);
    const error = await openStore(damaged).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ fault: 'input', message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain('\n');
    // The library is as good as before.
    (await openStore(path)).close();
  });
});

it('refuses a store in which two spellings of a material stand in two parts', async () => {
  const whole = await openStore(path);
  const row = (material: string, split: 'train' | 'test') => ({
    ...{ key: material, facts: { ...whole.facts(0), material }, split },
  });
  const spelled = join(folder, 'spelled.h5');
  await writeStore(spelled, {
    ...{ camera: whole.camera, rows: [row('mp-17', 'train'), row('MP 17', 'test')] },
    ...{ images: [whole.images([0, 1])], config: {}, sources: [] },
  });
  whole.close();
  await expect(openStore(spelled)).rejects.toThrow(
    /the material mp-17 stands in train and as MP 17 in test \(prepare it again\)/,
  );
});

it.each([
  [null, []],
  [{}, 5],
  [{}, [null]],
])('refuses settings %j with sources %j', async (config, sources) => {
  const whole = await openStore(path);
  const odd = join(folder, 'odd.h5');
  const rows = [{ key: 'a', facts: whole.facts(0), split: 'train' as const }];
  const content = { camera: whole.camera, rows, images: [whole.images([0])], config, sources };
  await writeStore(odd, content as unknown as Parameters<typeof writeStore>[1]);
  whole.close();
  const message = expect.stringMatching(/settings or sources are none/);
  await expect(openStore(odd)).rejects.toMatchObject({ fault: 'input', message });
});

it('whatever byte is another, the content is what was written or it is refused', async () => {
  const bytes = readFileSync(path);
  const whole = await openStore(path);
  const stream = new Stream(5, 'bytes');
  const outcomes = { refused: 0, same: 0 };
  for (let i = 0; i < 60; i++) {
    const damaged = Uint8Array.from(bytes);
    damaged[stream.index(bytes.length)]! ^= 1 << stream.index(8);
    const copy = join(folder, `byte-${i}.h5`);
    writeFileSync(copy, damaged);
    try {
      const store = await openStore(copy);
      expect(store.digest).toBe(whole.digest);
      expect(store.images([0, COUNT - 1])).toEqual(whole.images([0, COUNT - 1]));
      store.close();
      outcomes.same++;
    } catch (error) {
      expect(error).toBeInstanceOf(CbedError);
      expect((error as CbedError).exitCode).toBe(3);
      outcomes.refused++;
    }
  }
  whole.close();
  expect(outcomes.refused).toBeGreaterThan(20);
});
