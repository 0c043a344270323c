import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { missingRows } from '../../src/benchmark/pools/pool.ts';
import { makePools, poolFile, poolsOf } from '../../src/benchmark/pools/pools.ts';
import { openStudyFolder } from '../../src/benchmark/study/folder.ts';
import { openDivision } from '../../src/benchmark/study/store.ts';
import { planCells, studySchema } from '../../src/benchmark/study/study.ts';
import { tally } from '../../src/common/group.ts';
import { silentProgress } from '../../src/common/progress.ts';
import { openArchive, type SyntheticArchive } from '../../synthetic/archive/archive.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toyStore } from '../support/toy-store.ts';

const folder = temporaryFolder('transfer');
const FILL = 9;
let data: string;
let archives: Map<string, SyntheticArchive>;

/** Pools of random samples with and without transfer, nothing refused. */
async function poolsIn(name: string): Promise<Map<string, SyntheticArchive>> {
  const gates = { applyChecks: false, fillTo: FILL };
  const study = studySchema.parse({
    ...{ name, data, baseline: 'plain', seeds: 1, splits: 1, gans: 1 },
    ...{ updates: 2, batch: 8, ganSteps: 2 },
    arms: [
      { name: 'plain' },
      { name: 'random', synthetic: 'gan-random', ...gates },
      { name: 'transfer', synthetic: 'gan-transfer', ...gates },
    ],
  });
  const opened = openStudyFolder(join(folder, name), study);
  await makePools(opened, silentProgress);
  const found = new Map<string, SyntheticArchive>();
  for (const cell of planCells(study)) {
    for (const pool of poolsOf(cell)) {
      found.set(pool.source, await openArchive(poolFile(opened, cell, pool)));
    }
  }
  return found;
}

beforeAll(async () => {
  ({ store: data } = await toyStore(folder, { counts: [14, 10, 8], size: 32 }));
  archives = await poolsIn('first');
}, 120_000);

const rowsOf = ({ labels }: SyntheticArchive) => [...labels.keys()];

it('fills the rare classes from the GAN, on lattices of training materials', async () => {
  const transfer = archives.get('gan-transfer')!;
  const study = studySchema.parse({ name: 'x', data, baseline: 'a', arms: [{ name: 'a' }] });
  const store = await openDivision(study, planCells(study)[0]!);
  const train = store.examples('train');
  const counts = tally([...transfer.labels]);
  missingRows(train, FILL).forEach((missing, label) => {
    expect(counts.get(store.classes[label]!) ?? 0).toBeGreaterThanOrEqual(missing);
  });
  const seen = new Set(train.materials);
  expect(transfer.passports!.flatMap(({ parents }) => parents).every((m) => seen.has(m))).toBe(
    true,
  );
  expect(new Set(transfer.origin!.gan.materials)).toEqual(seen);
});

it('gives other triplets than the GAN alone, none of them twice', () => {
  const images = (archive: SyntheticArchive): string[] =>
    rowsOf(archive).map((row) => Buffer.from(archive.images([row])).toString('base64'));
  const own = images(archives.get('gan-transfer')!);
  expect(new Set(own).size).toBe(own.length);
  const random = new Set(images(archives.get('gan-random')!));
  expect(own.some((image) => random.has(image))).toBe(false);
});

it('is the same for the same seed', async () => {
  const again = (await poolsIn('second')).get('gan-transfer')!;
  const first = archives.get('gan-transfer')!;
  expect(again.images(rowsOf(again))).toEqual(first.images(rowsOf(first)));
}, 120_000);
