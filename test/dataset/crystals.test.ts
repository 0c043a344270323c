import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import { exportSummit } from '../../src/dataset/export/summit.ts';
import { hdf5 } from '../../src/dataset/hdf5/library.ts';
import { prepareStore } from '../../src/dataset/prepare/prepare.ts';
import type { RowInput } from '../../src/dataset/store/rows.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { writeStore } from '../../src/dataset/store/store-write.ts';
import { withSplit } from '../../src/dataset/store/view.ts';
import { makeTask } from '../../src/dataset/tasks/make-task.ts';
import { builtInTask } from '../../src/dataset/tasks/tasks.ts';
import { sampleOf, temporaryFolder } from './fixture.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

const SIZE = 8;
const camera = { size: SIZE, pixel: 0.64, centre: 4 };

const crystalOf = (number: number, uIso?: number): Crystal => {
  const made = generateCrystal({
    spaceGroup: [2, 14, 62, 225][number % 4]!,
    stream: new Stream(number, 'test'),
    id: `generated:${number}`,
  });
  const atoms = made.atoms.map((atom, i) => (uIso && i % 2 === 0 ? { ...atom, uIso } : atom));
  return { ...made, atoms };
};

const rowOf = (number: number, crystal?: Crystal): RowInput => {
  const { key, camera: _, stack: __, ...facts } = sampleOf(number);
  return {
    key,
    split: 'train',
    facts: { ...facts, material: crystal?.material ?? facts.material, ...(crystal && { crystal }) },
  };
};

const write = (path: string, rows: RowInput[]): Promise<string> =>
  writeStore(path, {
    camera,
    rows,
    images: [new Uint8Array(rows.length * 3 * SIZE ** 2)],
    config: {},
    sources: [],
  });

it('a store keeps crystals exactly, and its digest is that of its patterns', async () => {
  const path = join(folder, 'crystals.h5');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.option(fc.nat(6), { nil: null }), { minLength: 1, maxLength: 6 }),
      fc.option(fc.double({ min: 1e-4, max: 0.5, noNaN: true }), { nil: undefined }),
      async (numbers, uIso) => {
        const known = numbers.map((number) =>
          number === null ? undefined : crystalOf(number, uIso),
        );
        const rows = known.map((crystal, i) => rowOf(i, crystal));
        const digest = await write(path, rows);
        const store = await openStore(path);
        try {
          expect(rows.map((_, row) => store.crystal(row))).toEqual(known.map((one) => one ?? null));
          const expected = new Map(known.flatMap((one) => (one ? [[one.material, one]] : [])));
          expect(store.crystals()).toEqual(expected.size > 0 ? expected : null);
        } finally {
          store.close();
        }
        const without = rows.map((row) => ({
          ...row,
          facts: { ...row.facts, crystal: undefined },
        }));
        expect(await write(path, without)).toBe(digest);
      },
    ),
    { numRuns: 8 },
  );
});

it('keeps every crystal of a material and shows the first; a view shows the same', async () => {
  const path = join(folder, 'two.h5');
  const [one, other] = [crystalOf(1), { ...crystalOf(5), material: crystalOf(1).material }];
  await write(path, [rowOf(0, one), rowOf(1, other), rowOf(2, one)]);
  const store = await openStore(path);
  const view = withSplit(store, Uint8Array.from([0, 1, 2]));
  for (const shown of [store, view]) {
    expect([0, 1, 2].map((row) => shown.crystal(row))).toEqual([one, other, one]);
    expect(shown.crystals()).toEqual(new Map([[one.material, one]]));
  }
  store.close();
});

it.each([
  ['element', Int32Array.from([1])],
  ['of_row', Int32Array.from([1])],
  ['position', Float64Array.from([0.123])],
] as const)('a changed %s of a crystal is refused', async (name, value) => {
  const path = join(folder, `whole-${name}.h5`);
  await write(path, [rowOf(0, crystalOf(2)), rowOf(1, crystalOf(3))]);
  const damaged = join(folder, `damaged-${name}.h5`);
  copyFileSync(path, damaged);
  const { File } = await hdf5();
  const file = new File(damaged, 'a');
  const dataset = file.get(`crystals/${name}`) as unknown as {
    shape: number[];
    write_slice(ranges: number[][], data: unknown): void;
  };
  dataset.write_slice([[0, 1], ...dataset.shape.slice(1).map(() => [0, 1])], value);
  file.close();
  const store = await openStore(damaged);
  expect(() => store.crystals()).toThrow(/damaged-\w+\.h5 is damaged: its crystals/);
  store.close();
});

it('crystals go through the Summit layout, and a task is the store of its exported samples', async () => {
  const direct = join(folder, 'direct.h5');
  const made = await makeTask('ladder', direct, { seed: 3, limit: 1 });
  const { crystals, rule } = builtInTask('ladder', { seed: 3, limit: 1 });
  const a = await openStore(direct);
  const rows = [...a.rows.key].map((key, row) => {
    const crystal = a.crystal(row)!;
    return { key, facts: { ...a.facts(row), crystal }, pixels: a.images([row]) };
  });
  const { camera: sampled, count: perFile } = a;
  const files = await exportSummit(folder, 'task', rows, { camera: sampled, perFile });
  const detour = join(folder, 'detour.h5');
  const prepared = await prepareStore(files, detour, {
    size: 64,
    split: 'material',
    rule,
    seed: 3,
    workers: 0,
  });
  // Two generated crystals of a cubic group may look alike: that is said, and no fault of the way.
  expect(prepared.anomalies.filter(({ kind }) => kind !== 'near-duplicate')).toEqual([]);
  expect(made.digest).toBe(prepared.digest);
  expect(made.failed).toEqual([]);
  const b = await openStore(detour);
  expect(a.crystals()).toEqual(new Map(crystals.map((one) => [one.material, one])));
  expect(b.crystals()).toEqual(a.crystals());
  a.close();
  b.close();
}, 120_000);
