import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inputError } from '../ground/errors.ts';
import { packageRoot } from '../ground/paths.ts';
import { type ProgressFactory, silentProgress } from '../ground/progress.ts';
import { missingCells, type StudyFolder } from './folder.ts';
import type { CellPlan } from './study.ts';

/** Times a cell that was killed or crashed is started again. */
const TRIES = 3;

/** Runs one cell in a process of its own; resolves to its exit code or signal. */
function runProcess(
  folder: StudyFolder,
  cell: CellPlan,
  threads: number,
  live: Set<() => void>,
): Promise<number | string> {
  const log = join(folder.path, 'logs', `${cell.id}.log`);
  mkdirSync(join(folder.path, 'logs'), { recursive: true });
  const child = spawn(
    process.execPath,
    [join(packageRoot, 'dist', 'src', 'cli.js'), 'bench', 'cell', cell.id, '--in', folder.path],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CBED_THREADS: String(threads) },
    },
  );
  const stop = () => child.kill('SIGTERM');
  live.add(stop);
  const keep = (chunk: Buffer) => appendFileSync(log, chunk);
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      live.delete(stop);
      resolve(signal ?? code ?? 1);
    });
  });
}

async function runCell(
  folder: StudyFolder,
  cell: CellPlan,
  threads: number,
  live: Set<() => void>,
): Promise<string | null> {
  let last: number | string = 0;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    last = await runProcess(folder, cell, threads, live);
    if (existsSync(folder.resultFile(cell))) return null;
    if (last === 2 || last === 3 || last === 130) break; // would fail alike, or was asked to stop
  }
  return `${cell.id} ended with ${last}: see ${join(folder.path, 'logs', `${cell.id}.log`)}`;
}

/**
 * Runs the missing cells of a study on this machine, `jobs` at a time, each in a process of its
 * own. What is done is skipped; a killed cell is tried again.
 *
 * @throws input error naming the first cell that failed, after all others have run.
 */
export async function runLocally(options: {
  folder: StudyFolder;
  jobs: number;
  threads: number;
  progress?: ProgressFactory;
}): Promise<void> {
  const { folder, jobs, threads, progress = silentProgress } = options;
  const queue = missingCells(folder);
  const bar = progress(`study ${folder.study.name}`, queue.length);
  const live = new Set<() => void>();
  const stopAll = () => {
    for (const stop of live) stop();
  };
  process.once('exit', stopAll);
  const failures: string[] = [];
  const worker = async () => {
    for (let cell = queue.shift(); cell; cell = queue.shift()) {
      const failure = await runCell(folder, cell, threads, live);
      if (failure) failures.push(failure);
      bar.advance(1, cell.id);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, worker));
  process.off('exit', stopAll);
  bar.done();
  if (failures.length > 0) {
    throw inputError(
      `${failures.length} cells failed; ${failures[0]}`,
      'gan bench run again does only what is missing',
    );
  }
}
