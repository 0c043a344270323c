import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellResult } from '../../src/benchmark/cells/result.ts';
import {
  openStudyFolder,
  readResults,
  readStudyFolder,
  resultNames,
  type StudyFolder,
} from '../../src/benchmark/study/folder.ts';
import { studySchema } from '../../src/benchmark/study/study.ts';
import { Stream } from '../../src/common/stream.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toyStore } from '../support/toy-store.ts';

const launcher = join(import.meta.dirname, '..', '..', 'src', 'launch.mjs');
const slurmScript = join(import.meta.dirname, '..', 'support', 'start-slurm.sh');
const folder = temporaryFolder('executors');

/** A study small enough to run in seconds, on toy triplets. */
function toyStudy(store: string) {
  return studySchema.parse({
    name: 'toy',
    data: store,
    baseline: 'plain',
    seeds: 2,
    splits: 1,
    gans: 1,
    updates: 8,
    batch: 8,
    arms: [{ name: 'plain' }, { name: 'copies', synthetic: 'copies', fillTo: 12 }],
  });
}

/** What a result says, without how long it took. */
const timeless = (outcomes: readonly CellResult[]) =>
  outcomes.map((outcome) => ({ ...outcome, training: { ...outcome.training, seconds: 0 } }));

const runArguments = (study: StudyFolder, ...flags: string[]) => [
  launcher,
  'bench',
  'run',
  '--study',
  join(study.path, 'study.json'),
  '--out',
  study.path,
  '--threads',
  '1',
  ...flags,
];

let store: string;
let undisturbed: CellResult[];

beforeAll(async () => {
  store = (await toyStore(folder, { counts: [12, 9, 6], size: 16 })).store;
  const study = openStudyFolder(join(folder, 'quiet'), toyStudy(store));
  execFileSync(process.execPath, runArguments(study, '--jobs', '2'), { stdio: 'pipe' });
  undisturbed = timeless(readResults(study).results);
}, 240_000);

it('runs every cell, writes the report, and does nothing twice', () => {
  const study = readStudyFolder(join(folder, 'quiet'));
  expect(undisturbed).toHaveLength(4);
  for (const { training } of undisturbed) {
    // As many as --threads says, though this process has set its own for TensorFlow.
    expect(training).toMatchObject({ threads: 1, processor: expect.stringMatching(/\w/) });
  }
  for (const name of [
    'report.html',
    'report.md',
    'arms.csv',
    'differences.csv',
    'comparison.json',
    'figures/arms-macro-f1.png',
  ]) {
    expect(existsSync(join(study.path, name)), name).toBe(true);
  }
  const again = spawnSync(process.execPath, runArguments(study), { encoding: 'utf8' });
  expect(again.status).toBe(0);
  expect(again.stdout).toContain('0 cells to run');
}, 120_000);

it('tests every arm on the same real triplets', () => {
  const seeds = undisturbed.filter(({ seed }) => seed === 0);
  expect(seeds[0]!.predictions.materials).toEqual(seeds[1]!.predictions.materials);
  expect(seeds[1]!.training.synthetic).toBeGreaterThan(0);
});

it('killed ten times at random moments, ends with the results of an undisturbed run', async () => {
  const stream = new Stream(3, 'kills');
  for (let kills = 0, attempt = 0; kills < 10; attempt++) {
    const study = openStudyFolder(join(folder, `killed-${attempt}`), toyStudy(store));
    for (let ended = false; !ended && kills < 10; ) {
      const child = spawn(process.execPath, runArguments(study), {
        stdio: 'ignore',
        detached: true,
      });
      // listened for before the wait: a run may end by itself within it
      const gone = new Promise((resolve) => child.once('close', resolve));
      await new Promise((resolve) => setTimeout(resolve, stream.between(300, 4000)));
      ended = child.exitCode !== null;
      if (!ended) {
        process.kill(-child.pid!, 'SIGKILL');
        kills++;
      }
      await gone;
      for (const name of resultNames(study)) {
        JSON.parse(readFileSync(join(study.path, 'cells', name), 'utf8'));
      }
    }
    execFileSync(process.execPath, runArguments(study), { stdio: 'pipe' });
    expect(timeless(readResults(study).results)).toEqual(undisturbed);
  }
}, 300_000);

it('names the cell that fails, after the others have run', () => {
  const path = join(folder, 'broken');
  const study = openStudyFolder(path, {
    ...toyStudy(store),
    arms: [
      toyStudy(store).arms[0]!,
      { ...toyStudy(store).arms[0]!, name: 'wrong', techniques: ['no-such-technique'] },
    ],
  });
  const ended = spawnSync(process.execPath, runArguments(study), { encoding: 'utf8' });
  expect(ended.status).toBe(3);
  expect(ended.stderr).toMatch(/2 cells failed; wrong-s\d ended with 2/);
  expect(resultNames(study)).toHaveLength(2);
}, 120_000);

const hasSlurm =
  process.getuid?.() === 0 &&
  ['sbatch', 'slurmctld', 'slurmd', 'munged'].every(
    (name) => spawnSync('which', [name]).status === 0,
  );

describe.skipIf(!hasSlurm)('on SLURM', () => {
  const cluster = temporaryFolder('slurm');
  let environment: NodeJS.ProcessEnv;

  beforeAll(() => {
    const config = execFileSync(slurmScript, [cluster], { encoding: 'utf8' }).trim();
    environment = { ...process.env, SLURM_CONF: config };
  }, 60_000);

  afterAll(() => {
    spawnSync(slurmScript, [cluster, 'stop']);
  });

  const submit = (study: StudyFolder) =>
    spawnSync(process.execPath, runArguments(study, '--executor', 'slurm', '--memory', '1'), {
      encoding: 'utf8',
      env: environment,
    });

  const queue = () =>
    execFileSync('squeue', ['-h', '-o', '%i'], { encoding: 'utf8', env: environment }).trim();

  async function untilQueueIsEmpty(): Promise<void> {
    while (queue() !== '') await new Promise((resolve) => setTimeout(resolve, 500));
  }

  it('submits, cancels cleanly, resubmits what is missing, and ends as the local run did', async () => {
    const study = openStudyFolder(join(folder, 'cluster'), toyStudy(store));
    const first = submit(study);
    expect(first.stderr + first.stdout).toMatch(
      /submitted 4 cells as job \d+, the report as job \d+/,
    );
    const cancelled = spawnSync(process.execPath, [launcher, 'bench', 'cancel', study.path], {
      encoding: 'utf8',
      env: environment,
    });
    expect(cancelled.status).toBe(0);
    await untilQueueIsEmpty();
    const done = resultNames(study).length;
    const second = submit(study);
    if (done < 4) expect(second.stdout).toContain(`submitted ${4 - done} cells`);
    await untilQueueIsEmpty();
    expect(timeless(readResults(study).results)).toEqual(undisturbed);
    expect(existsSync(join(study.path, 'report.html'))).toBe(true);
    expect(submit(study).stdout).toContain('every cell is done');
  }, 240_000);
});

it('says what to do where there is no SLURM', () => {
  const study = openStudyFolder(join(folder, 'nowhere'), toyStudy(store));
  const ended = spawnSync(process.execPath, runArguments(study, '--executor', 'slurm'), {
    encoding: 'utf8',
    env: { ...process.env, PATH: join(folder, 'empty') },
  });
  expect(ended.status).toBe(3);
  expect(ended.stderr).toMatch(
    /no sbatch on this machine \(run on a SLURM login node, or use --executor local\)/,
  );
}, 60_000);
