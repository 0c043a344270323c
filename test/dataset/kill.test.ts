import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../src/common/paths.ts';
import type { ProgressFactory } from '../../src/common/progress.ts';
import { Stream } from '../../src/common/stream.ts';
import { prepareStore } from '../../src/dataset/prepare/prepare.ts';
import { verifyStore } from '../../src/dataset/store/store.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import { buildReaders } from './built.ts';
import { sampleOf, temporaryFolder } from './fixture.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const out = join(folder, 'killed.h5');
const options = { size: 16, split: 'material', seed: 0, workers: 2 } as const;
const KILLS = 20;
// More by hand: RACES=60 npx vitest run test/dataset/kill.test.ts
const RACES = Number(process.env.RACES ?? 4);

beforeAll(async () => {
  buildReaders();
  for (let file = 0; file < 12; file++) {
    const samples = Array.from({ length: 50 }, (_, i) => sampleOf(50 * file + i, { size: 64 }));
    await writeSummit(join(folder, 'data', `part_${file}.h5`), samples);
  }
}, 300_000);

/** Prepares in a process group of its own; answers when it has ended. */
function start() {
  const entry = pathToFileURL(
    join(packageRoot, 'dist', 'src', 'dataset', 'prepare', 'prepare.js'),
  ).href;
  const call = `prepareStore(${JSON.stringify([join(folder, 'data')])}, ${JSON.stringify(out)}, ${JSON.stringify(options)})`;
  const script = `const { prepareStore } = await import(${JSON.stringify(entry)}); await ${call};`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    detached: true,
    stdio: 'ignore',
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { child, ended };
}

/** What stands in the folder once all is done: nothing half-written. */
const LEFT = ['calm.card.md', 'calm.h5', 'data', 'killed.card.md', 'killed.h5', 'workspace'];

it(`resumes to the same digest after ${KILLS} kills at random moments`, async () => {
  const stream = new Stream(2, 'kills');
  let finished = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    // Every other time without an index too.
    if (kill % 2 === 1) rmSync(join(folder, 'workspace'), { recursive: true, force: true });
    const { child, ended } = start();
    await Promise.race([ended, wait(stream.between(100, 1500))]);
    if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL');
    await ended;
    // A store stands under its name only when it is whole.
    if (existsSync(out)) {
      finished++;
      await verifyStore(out);
    }
  }
  expect(finished).toBeLessThan(KILLS);
  expect(await start().ended).toBe(0);
  const digest = await verifyStore(out);
  const calm = await prepareStore([join(folder, 'data')], join(folder, 'calm.h5'), options);
  expect(digest).toBe(calm.digest);
  expect(calm.samples).toBe(600);
  expect(readdirSync(folder).sort()).toEqual(LEFT);
}, 300_000);

it('two at once, begun at any distance, lose no sample: one waits for the other', async () => {
  const stream = new Stream(3, 'races');
  const calm = await prepareStore([join(folder, 'data')], join(folder, 'calm.h5'), options);
  for (let race = 0; race < RACES; race++) {
    rmSync(out, { force: true });
    if (race % 2 === 1) rmSync(join(folder, 'workspace'), { recursive: true, force: true });
    const first = start();
    await wait(stream.between(0, 1500));
    const second = start();
    expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
    expect(await verifyStore(out)).toBe(calm.digest);
  }
  expect(readdirSync(folder).sort()).toEqual(LEFT);
}, 600_000);

it('a planned part that is gone is an error, and no smaller store', async () => {
  const progress: ProgressFactory = (stage) => ({
    advance: () => {},
    done: () => {
      if (stage !== 'reading patterns') return;
      const parts = `${out}.parts`;
      const [part] = readdirSync(parts).filter((name) => name.endsWith('.part'));
      rmSync(join(parts, part!));
    },
  });
  rmSync(out, { force: true });
  await expect(
    prepareStore([join(folder, 'data')], out, { ...options, progress }),
  ).rejects.toMatchObject({ fault: 'input', message: expect.stringMatching(/\.part is gone/) });
  expect(existsSync(out)).toBe(false);
  rmSync(`${out}.parts`, { recursive: true });
});
