import { copyFileSync, cpSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProgressFactory } from '../../src/common/progress.ts';
import { type PrepareOptions, prepareStore } from '../../src/dataset/prepare/prepare.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import { buildReaders } from './built.ts';
import { sampleOf, temporaryFolder } from './fixture.ts';
import { readers } from './processes.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const data = join(folder, 'data');
const FILES = 10;
const EACH = 6;
const options: PrepareOptions = { size: 16, split: 'material', seed: 0, workers: 2 };

beforeAll(async () => {
  buildReaders();
  for (let file = 0; file < FILES; file++) {
    const samples = Array.from({ length: EACH }, (_, i) =>
      sampleOf(EACH * file + i, { spaceGroup: 1 + (i % 3), energyIndex: i % 2 }),
    );
    await writeSummit(join(data, `part_${file}.h5`), samples);
  }
}, 300_000);

const forgetIndex = () => rmSync(join(folder, 'workspace'), { recursive: true, force: true });
beforeEach(forgetIndex);

/** What each stage was asked to read, and whether it came to its end. */
function watched(): { stages: Map<string, { total: number; at: number }>; of: ProgressFactory } {
  const stages = new Map<string, { total: number; at: number }>();
  const of: ProgressFactory = (stage, total) => {
    const seen = { total, at: 0 };
    stages.set(stage, seen);
    return {
      advance: (steps = 1) => {
        seen.at += steps;
      },
      done() {},
    };
  };
  return { stages, of };
}

async function prepared(changes: Partial<PrepareOptions> = {}, inputs = [data]) {
  const { stages, of } = watched();
  const path = join(folder, 'store.h5');
  const made = await prepareStore(inputs, path, { ...options, ...changes, progress: of });
  return { ...made, stages };
}

describe('patterns read ahead', () => {
  it('are all that is to be read of many files without an index, and the store is the same', async () => {
    const first = await prepared();
    expect(first.stages.get('reading files')).toEqual({ total: FILES, at: FILES });
    expect(first.stages.get('reading patterns')!.total).toBe(0);
    const fromIndex = await prepared();
    expect(fromIndex.stages.get('reading files')).toBeUndefined();
    expect(fromIndex.stages.get('reading patterns')!.total).toBe(FILES * EACH);
    expect(fromIndex.digest).toBe(first.digest);
    forgetIndex();
    const alone = await prepared({ workers: 0 });
    expect(alone.stages.get('reading patterns')!.total).toBe(0);
    expect(alone.digest).toBe(first.digest);
  });

  it('give way where another file has the same samples, and only there', async () => {
    const plain = await prepared();
    forgetIndex();
    const copy = join(folder, 'part_copy.h5');
    copyFileSync(join(data, 'part_3.h5'), copy);
    const { samples, anomalies, stages } = await prepared({}, [data, copy]);
    expect(samples).toBe(plain.samples);
    expect(anomalies.map(({ kind }) => kind)).toEqual(Array(EACH).fill('duplicate-sample'));
    expect(stages.get('reading patterns')!.total).toBe(0);
    expect(readdirSync(folder)).not.toContain('store.h5.parts');
  });

  it('of damaged files tell and keep what reading them after the attributes does', async () => {
    const bad = join(folder, 'bad');
    cpSync(data, bad, { recursive: true });
    const poisoned = sampleOf(100, { spaceGroup: 3 });
    poisoned.stack.fill(Number.NaN);
    const dark = { ...sampleOf(101), stack: new Float32Array(poisoned.stack.length) };
    await writeSummit(join(bad, 'part_poisoned.h5'), [
      sampleOf(102),
      poisoned,
      dark,
      sampleOf(103),
    ]);
    const cut = join(bad, 'part_4.h5');
    truncateSync(cut, Math.floor(0.6 * statSync(cut).size));
    const inPassing = await prepared({}, [bad]);
    expect(inPassing.stages.get('reading patterns')!.total).toBe(0);
    const after = await prepared({}, [bad]);
    expect(after.stages.get('reading patterns')!.total).toBe(inPassing.samples + 2);
    expect(after.digest).toBe(inPassing.digest);
    const told = ({ anomalies }: typeof after) =>
      anomalies.map(({ kind, file, group, reason }) => [file, group, kind, reason].join()).sort();
    expect(told(inPassing)).toEqual(told(after));
    expect(new Set(after.anomalies.map(({ group }) => group))).toContain(poisoned.key);
  });

  it('cost one sample of each file where a reader crashes at it, and leave the others whole', async () => {
    const worker = join(import.meta.dirname, 'crashing-worker.mjs');
    const { samples, anomalies } = await prepared({ worker });
    expect(samples).toBe(FILES * EACH - 1);
    expect(anomalies).toMatchObject([{ kind: 'reader-crashed', group: 'sample_2_0' }]);
    const again = await prepared();
    expect(again.samples).toBe(FILES * EACH);
    expect(again.anomalies).toEqual([]);
  });

  it.runIf(process.platform === 'linux')(
    'cost nothing where readers are killed by another’s hand',
    async () => {
      const calm = await prepared();
      for (const moment of [1, 2, 3]) {
        forgetIndex();
        const killing: ProgressFactory = () => {
          let at = 0;
          return {
            advance: () => {
              if (++at === moment) for (const pid of readers()) process.kill(pid, 'SIGKILL');
            },
            done() {},
          };
        };
        const path = join(folder, 'killed.h5');
        const made = await prepareStore([data], path, { ...options, progress: killing });
        expect(made).toMatchObject({ digest: calm.digest, anomalies: [] });
        // Nor does an index of a reading with care stand in the way of the next one.
        expect(await prepared()).toMatchObject({ digest: calm.digest, anomalies: [] });
      }
    },
  );

  it('are those of the energies asked for', async () => {
    const store = await openStore((await prepared()).path);
    const energy = store.rows.energy[0]!;
    store.close();
    forgetIndex();
    const { samples, stages } = await prepared({ energies: [energy] });
    expect(samples).toBe((FILES * EACH) / 2);
    expect(stages.get('reading patterns')!.total).toBe(0);
  });

  it.each([
    ['at most so many of a material', { maxPerMaterial: 1 }],
    ['large classes only', { minMaterials: 2 }],
    ['a stop at the first fault', { strict: true }],
  ])('wait where %s', async (_, changes) => {
    const { stages } = await prepared(changes);
    expect(stages.get('reading files')).toBeUndefined();
    expect(stages.get('reading attributes')!.total).toBe(FILES);
    expect(stages.get('reading patterns')!.total).toBeGreaterThan(0);
  });

  it('wait where files are few', async () => {
    const few = [0, 1, 2].map((file) => join(data, `part_${file}.h5`));
    const { stages } = await prepared({}, few);
    expect(stages.get('reading attributes')!.total).toBe(3);
    expect(stages.get('reading patterns')!.total).toBe(3 * EACH);
  });

  it('are not begun at a size that the patterns do not have', async () => {
    await expect(prepared({ size: 64 })).rejects.toThrow('--size 64: the patterns have 32 pixels');
    expect(readdirSync(folder)).not.toContain('store.h5.parts');
  });
});
