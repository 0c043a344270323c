import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { hdf5 } from '../../src/dataset/hdf5/library.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import {
  type ArchiveContents,
  openArchive,
  writeArchive,
} from '../../synthetic/archive/archive.ts';
import { passportOf, recordMaterials } from '../../synthetic/archive/passport.ts';
import { heldOutCopies, refuseLeaks } from '../../synthetic/leak-guard.ts';
import { discTriplet } from '../support/disc-triplet.ts';
import { toyArchive, toyStore } from './toy-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'leak-'));
let store: Store;
let honest: ArchiveContents;
let written = 0;

beforeAll(async () => {
  store = await toyStore([20, 12, 6]);
  honest = toyArchive(store, [4, 4, 4]);
});

async function refusal(contents: ArchiveContents, against = store): Promise<string> {
  const path = join(folder, `${written++}.h5`);
  await writeArchive(path, contents);
  const archive = await openArchive(path);
  try {
    refuseLeaks(archive, against);
    return 'let in';
  } catch (error) {
    return (error as Error).message;
  }
}

const origin = (changes: Partial<ArchiveContents['origin']>) => ({
  ...honest,
  origin: { ...honest.origin, ...changes },
});
const train = () => store.examples('train').materials;

it('lets an archive in whose makers saw training materials only', async () => {
  expect(await refusal(honest)).toBe('let in');
});

it('refuses a GAN that saw a test material', async () => {
  const leak = origin({ gan: recordMaterials('gan', [...train(), 'test-62-1']) });
  expect(await refusal(leak)).toMatch(/the GAN saw test-62-1, a test material/);
});

it('refuses a guide that saw a validation material', async () => {
  const leak = origin({ guide: recordMaterials('guide', [...train(), 'validation-14-0']) });
  expect(await refusal(leak)).toMatch(/the guide saw validation-14-0, a validation material/);
});

it('refuses scalers that were fitted on a test material', async () => {
  const leak = origin({ scalers: recordMaterials('scalers', [...train(), 'test-225-3']) });
  expect(await refusal(leak)).toMatch(/the scalers saw test-225-3/);
});

it('refuses a verifier that saw a test material, like a guide', async () => {
  const leak = origin({
    verifiers: [recordMaterials('one', train()), recordMaterials('two', [...train(), 'test-62-1'])],
  });
  expect(await refusal(leak)).toMatch(/the verifier saw test-62-1, a test material/);
});

it('refuses samples at a boundary where no guide is named', async () => {
  expect(await refusal(origin({ guide: null }))).toMatch(
    /sample 1 lies at a boundary with .* no guide/,
  );
});

it('refuses makers that saw nothing, and patterns of another camera', async () => {
  expect(await refusal(origin({ gan: recordMaterials('gan', []) }))).toMatch(
    /does not say what it saw/,
  );
  const camera = { ...honest.camera, pixel: 1.01 * honest.camera.pixel };
  expect(await refusal({ ...honest, camera })).toMatch(/drawn for another camera/);
});

it('refuses a list of materials that was shortened', async () => {
  const { materials, ...rest } = recordMaterials('gan', [...train(), 'test-62-1']);
  const leak = origin({ gan: { ...rest, materials: materials.filter((m) => m !== 'test-62-1') } });
  expect(await refusal(leak)).toMatch(/the list of materials that .*GAN saw was changed/);
});

it('refuses materials that go by names the store does not know', async () => {
  const leak = origin({ gan: recordMaterials('gan', [...train(), 'renamed']) });
  expect(await refusal(leak)).toMatch(/the GAN saw renamed, which this store does not know/);
});

it('refuses a sample derived from a test material, and one scored against a validation material', async () => {
  const passports = [...honest.passports];
  passports[5] = passportOf(62, { accepted: true, parents: ['test-62-0'] });
  expect(await refusal({ ...honest, passports })).toMatch(/the maker of sample 5 saw test-62-0/);
  const nearest = { material: 'validation-62-0', distance: 1 };
  passports[5] = passportOf(62, { accepted: true, nearest });
  expect(await refusal({ ...honest, passports })).toMatch(/score of sample 5 saw validation-62-0/);
});

it('refuses pixels of a test pattern under any name, also slightly changed', async () => {
  const images = honest.images.slice();
  const row = images.length / 12;
  const copy = store
    .examples('test')
    .images([2])
    .map((v, i) => (i % 7 ? v : Math.min(255, v + 1)));
  images.set(copy, 3 * row);
  expect(await refusal({ ...honest, images })).toMatch(/sample 3 is a copy of test-14-2, a test/);
});

it.each<[string, (side: number) => (at: number) => number]>([
  ['turned by a quarter', (n) => (at) => (at % n) * n + (n - 1 - Math.floor(at / n))],
  ['mirrored', (n) => (at) => Math.floor(at / n) * n + (n - 1 - (at % n))],
  ['shifted by a pixel', () => (at) => at + 1],
])('knows a test pattern that was %s, zones exchanged and levels lowered', async (_, move) => {
  const other = await toyStore([6, 6, 6], 'discs', (_label, stream) => discTriplet(32, stream));
  const [size, test] = [other.size, other.examples('test').images([9])];
  const from = move(size);
  const copy = Uint8Array.from(test, (_v, at) => {
    const pixel = from(Math.floor(at / 3));
    return Math.round(0.9 * (test[3 * pixel + (((at % 3) + 1) % 3)] ?? 0));
  });
  const stream = new Stream(5, 'new discs');
  const triplets = [discTriplet(32, stream), copy, discTriplet(32, stream)];
  const images = (rows: ArrayLike<number>) =>
    Uint8Array.from(Array.from(rows, (at) => [...triplets[at]!]).flat());
  expect(heldOutCopies({ count: 3, size, images }, other)).toEqual([
    { row: 1, material: 'test-225-1', part: 'test' },
  ]);
});

it('names every held-out pattern among samples, and no training pattern', () => {
  const held = store.examples('test').images([2, 9]);
  const own = store.examples('train').images([0, 25]);
  const row = held.length / 2;
  const parts = [honest.images.slice(0, row), held.slice(0, row), own, held.slice(row)];
  const all = Uint8Array.from(parts.flatMap((part) => [...part]));
  const images = (rows: ArrayLike<number>) =>
    Uint8Array.from(Array.from(rows, (at) => [...all.slice(at * row, (at + 1) * row)]).flat());
  const made = { count: 5, size: store.size, images };
  expect(heldOutCopies(made, store)).toEqual([
    { row: 1, material: 'test-14-2', part: 'test' },
    { row: 4, material: 'test-225-1', part: 'test' },
  ]);
  expect(heldOutCopies({ ...made, count: 0 }, store)).toEqual([]);
});

it('refuses an archive of another split of the same materials', async () => {
  const other = await toyStore([20, 12, 8]);
  const leak = toyArchive(other, [1, 1, 1]);
  expect(await refusal(leak)).toMatch(/saw train-225-6, which this store does not know/);
});

it('refuses pixels that were changed after the archive was written', async () => {
  const path = join(folder, 'changed.h5');
  await writeArchive(path, honest);
  const { File } = await hdf5();
  const file = new File(path, 'a');
  const images = file.get('images') as import('h5wasm/node').Dataset;
  images.write_slice([[0, 1]], store.examples('test').images([0]));
  file.close();
  await expect(openArchive(path)).rejects.toThrow(/changed after it was written/);
});

it('refuses an archive that does not say what its generator saw, and one of another size', async () => {
  const path = join(folder, 'foreign.h5');
  const { File } = await hdf5();
  const file = new File(path, 'w');
  file.create_dataset({
    name: 'images',
    data: new Uint8Array(2 * 32 * 32 * 3),
    shape: [2, 32, 32, 3],
  });
  file.create_dataset({ name: 'labels', data: [62, 14], dtype: '<q' });
  file.close();
  const foreign = await openArchive(path);
  expect([...foreign.labels]).toEqual([62, 14]);
  expect(foreign.passports).toBeNull();
  expect(() => refuseLeaks(foreign, store)).toThrow(/does not say what its generator saw/);
  expect(() => refuseLeaks({ ...foreign, size: 64 }, store)).toThrow(
    /64 pixels a side, the store of 32/,
  );
});
