import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePart } from '../../src/dataset/prepare/part.ts';
import { runReadings } from '../../src/dataset/prepare/pool.ts';
import { prepareStore } from '../../src/dataset/prepare/prepare.ts';
import type { Catalogue } from '../../src/dataset/summit/catalogue.ts';
import { catalogueFrom, indexedFacts } from '../../src/dataset/summit/catalogue.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import { buildReaders } from './built.ts';
import { sampleOf, temporaryFolder } from './fixture.ts';
import { readers } from './processes.ts';

const { folder, remove } = temporaryFolder();
const source = join(folder, 'source.h5');
const samples = Array.from({ length: 150 }, (_, i) => sampleOf(i, { spaceGroup: 1 + (i % 5) }));

beforeAll(async () => {
  buildReaders();
  await writeSummit(source, samples);
}, 300_000);
afterAll(remove);

const options = { size: 16, split: 'material', seed: 0 } as const;

describe('a reader that hangs', () => {
  // One byte of the heap of this file's texts sends the HDF5 library into an endless loop.
  it('is ended, and the samples are read without what it hung at', async () => {
    const path = join(import.meta.dirname, 'golden', 'hangs.h5');
    const options = { workers: 1, patience: 3000 };
    let found: Catalogue | null = null;
    const readings = [{ kind: 'catalogue', path, index: join(folder, 'index.jsonl') }] as const;
    await runReadings(readings, options, (_, { result, anomalies }) => {
      expect(anomalies).toEqual([]);
      found = catalogueFrom(result!);
    });
    const { samples, anomalies } = found!;
    expect(samples.map((one) => one.key)).toEqual([0, 1, 2, 3, 4, 5].map((i) => `sample_${i}_0`));
    const facts = indexedFacts(found!).get('sample_0_0');
    expect(facts).toMatchObject({ spaceGroup: 220, material: 'mp-0', formula: '' });
    expect(new Set(anomalies.map((one) => one.kind))).toEqual(new Set(['attribute-unreadable']));
    expect(readers()).toEqual([]);
  });
});

describe('a reader that crashes', () => {
  it('twice at a sample costs that sample, and no other', async () => {
    const out = join(folder, 'crashed.h5');
    const worker = join(import.meta.dirname, 'crashing-worker.mjs');
    const prepared = await prepareStore([source], out, { ...options, workers: 2, worker });
    expect(prepared.samples).toBe(149);
    expect(prepared.anomalies).toMatchObject([
      { kind: 'reader-crashed', group: 'sample_2_0', file: source },
    ]);
  });

  it.runIf(process.platform === 'linux')('once, by another’s hand, costs nothing', async () => {
    const calm = await prepareStore([source], join(folder, 'calm.h5'), { ...options, workers: 2 });
    let killed = 0;
    const out = join(folder, 'killed.h5');
    const progress = () => ({
      advance: () => {
        for (const pid of killed < 2 ? readers() : []) {
          process.kill(pid, 'SIGKILL');
          killed++;
        }
      },
      done() {},
    });
    const prepared = await prepareStore([source], out, { ...options, workers: 2, progress });
    expect(killed).toBeGreaterThan(0);
    expect(prepared).toMatchObject({ digest: calm.digest, anomalies: [] });
  });
});

it('an index that is gone stops the putting together with an input error', async () => {
  const out = join(folder, 'one.part');
  await makePart({ path: source, from: 32, size: 16, keys: ['sample_0_0'], out });
  const plan = {
    path: join(folder, 'gone.h5'),
    sources: [
      {
        path: source,
        bytes: 1,
        digest: 'a',
        index: join(folder, 'gone'),
        split: null,
        parts: [{ out }],
      },
    ],
    split: { seed: 0 },
    camera: { size: 16, pixel: 0.32, centre: 7.75 },
    config: {},
  };
  const together = runReadings([{ kind: 'assembly', plan }], { workers: 1 }, () => {});
  await expect(together).rejects.toMatchObject({
    fault: 'input',
    message: expect.stringMatching(/source\.h5 was changed while it was read/),
  });
});

it('says what is missing where the readers are not built', async () => {
  const readings = [{ kind: 'catalogue' as const, path: source, index: join(folder, 'none') }];
  const absent = { workers: 1, worker: join(folder, 'absent.js') };
  await expect(runReadings(readings, absent, () => {})).rejects.toThrow(/source\.h5: /);
});
