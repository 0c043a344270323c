import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Dataset, File } from 'h5wasm/node';
import { hdf5 } from '../../src/dataset/hdf5/library.ts';
import { openStore, type Store } from '../../src/dataset/store/store.ts';
import { type ArchiveContents, writeArchive } from '../../synthetic/archive/archive.ts';
import {
  type ArchiveOrigin,
  type Passport,
  recordMaterials,
} from '../../synthetic/archive/passport.ts';
import { contentsOf, type Outcome, type World } from './world.ts';

/** Changes of an archive that is sealed again, as a maker that saw too much would write it. */
type Plant = (honest: ArchiveContents, store: Store) => Partial<ArchiveContents>;

const held = (store: Store, part: 'validation' | 'test'): string =>
  store.examples(part).materials[0]!;
const train = (store: Store): readonly string[] => store.examples('train').materials;

const maker =
  (key: 'gan' | 'guide' | 'scalers', part: 'validation' | 'test'): Plant =>
  ({ origin }, store) => ({
    origin: { ...origin, [key]: recordMaterials(key, [...train(store), held(store, part)]) },
  });
const origin =
  (change: (store: Store) => object): Plant =>
  (honest, store) => ({ origin: { ...honest.origin, ...change(store) } as ArchiveOrigin });
const passport =
  (change: (store: Store) => object): Plant =>
  ({ passports }, store) => ({
    passports: passports.map((one, row) =>
      row === 2 ? ({ ...one, ...change(store) } as Passport) : one,
    ),
  });
/** A held-out pattern in the place of sample 3; `from` says which value stands at (y, x, zone). */
const pixels =
  (
    part: 'validation' | 'test',
    from: (y: number, x: number, zone: number, side: number) => number,
    level = 1,
    noise = 0,
  ): Plant =>
  ({ images, size }, store) => {
    const source = store.examples(part).images([0]);
    const changed = images.slice();
    const row = size * size * 3;
    for (let i = 0; i < row; i++) {
      const [y, x, zone] = [Math.floor(i / (3 * size)), Math.floor(i / 3) % size, i % 3];
      const value = source[from(y, x, zone, size)] ?? 0;
      changed[3 * row + i] = Math.min(
        255,
        Math.round(level * value) + (noise && (i * 7919) % 3 === 0 ? noise : 0),
      );
    }
    return { images: changed };
  };
const pixelAt = (y: number, x: number, zone: number, side: number): number =>
  3 * (side * y + x) + zone;

const PLANTS: Record<string, Plant> = {
  'GAN saw test': maker('gan', 'test'),
  'GAN saw validation': maker('gan', 'validation'),
  'guide saw test': maker('guide', 'test'),
  'guide saw validation': maker('guide', 'validation'),
  'scalers saw test': maker('scalers', 'test'),
  'scalers saw validation': maker('scalers', 'validation'),
  'verifier saw test': origin((s) => ({
    verifiers: [recordMaterials('v', [...train(s), held(s, 'test')])],
  })),
  'second verifier saw validation': origin((s) => ({
    verifiers: [recordMaterials('v', train(s)), recordMaterials('w', [held(s, 'validation')])],
  })),
  'GAN saw everything': origin((s) => ({ gan: recordMaterials('gan', s.materials) })),
  'GAN saw nothing': origin(() => ({ gan: recordMaterials('gan', []) })),
  'GAN saw a name with a blank': origin((s) => ({
    gan: recordMaterials('gan', [...train(s), `${held(s, 'test')} `]),
  })),
  'GAN saw unknown names': origin((s) => ({
    gan: recordMaterials('gan', [...train(s), 'unknown']),
  })),
  'no GAN': origin(() => ({ gan: null })),
  'empty origin': () => ({ origin: {} as ArchiveOrigin }),
  'no guide at a boundary': (honest, store) => ({
    ...origin(() => ({ guide: null }))(honest, store),
    ...passport(() => ({ partner: 62 }))(honest, store),
  }),
  'parent of test': passport((s) => ({ parents: [held(s, 'test')] })),
  'scored against validation': passport((s) => ({
    nearest: { material: held(s, 'validation'), distance: 1 },
  })),
  'class other than label': passport(() => ({ class: 225 })),
  'accepted is a text': passport(() => ({ accepted: 'yes' })),
  'other camera': ({ camera }) => ({ camera: { ...camera, pixel: 1.01 * camera.pixel } }),
  'pixels of test': pixels('test', pixelAt),
  'pixels of test, turned and darker': pixels(
    'test',
    (y, x, z, n) => pixelAt(x, n - 1 - y, z, n),
    0.9,
  ),
  'pixels of test, zones exchanged': pixels('test', (y, x, z, n) => pixelAt(y, x, (z + 1) % 3, n)),
  'pixels of validation, shifted, with noise': pixels(
    'validation',
    (y, x, z, n) => pixelAt(y, x + 1, z, n),
    1,
    2,
  ),
};

/** Changes of the file behind the seal's back. */
const EDITS: Record<string, (file: File, store: Store) => void> = {
  'format gone': (file) => file.delete_attribute('format'),
  'list shortened, with a fresh digest of the list': (file, store) => {
    const text = file.get('origin') as Dataset;
    const stated = JSON.parse(new TextDecoder().decode(text.value as Uint8Array)) as ArchiveOrigin;
    const gan = recordMaterials(stated.gan.digest, train(store).slice(1));
    const bytes = new TextEncoder().encode(
      JSON.stringify({ ...stated, gan }).padEnd(text.shape![0]!),
    );
    text.write_slice([[0, text.shape![0]!]], bytes.slice(0, text.shape![0]!));
  },
  'pixels changed': (file, store) => {
    (file.get('images') as Dataset).write_slice([[0, 1]], store.examples('test').images([0]));
  },
};

/** Plants leaks in a scored archive and mixes it: each has to be refused, the honest one taken. */
export async function attackByLeaks(world: World): Promise<Outcome> {
  const store = await openStore(world.at('store.h5'));
  const made = world.at('accepted.h5');
  const honest = await contentsOf(made);
  const folder = world.at('leaks');
  mkdirSync(folder, { recursive: true });
  const failures: string[] = [];
  const refusals: Record<string, string> = {};
  const mixed = (name: string, path: string, wanted: number): void => {
    const { status, stderr } = world.run(`mix ${path} --data store.h5 --out leaks/mixed`);
    const said = stderr.split('\n').find((line) => line.startsWith('gan: ')) ?? '';
    if (status !== wanted) failures.push(`${name}: exit ${status} ${said}`);
    else if (wanted !== 0) refusals[name] = said.replaceAll(`${folder}/`, '');
    rmSync(join(folder, 'mixed'), { recursive: true, force: true });
  };
  const path = join(folder, 'archive.h5');
  await writeArchive(path, honest);
  mixed('honest', path, 0);
  for (const [name, plant] of Object.entries(PLANTS)) {
    await writeArchive(path, { ...honest, ...plant(honest, store) });
    mixed(name, path, 3);
  }
  const { File } = await hdf5();
  for (const [name, edit] of Object.entries(EDITS)) {
    copyFileSync(made, path);
    const file = new File(path, 'a');
    edit(file, store);
    file.close();
    mixed(name, path, 3);
  }
  store.close();
  rmSync(folder, { recursive: true, force: true });
  return {
    counts: { planted: Object.keys(PLANTS).length + Object.keys(EDITS).length, refusals },
    failures,
  };
}
