import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inputError } from '../ground/errors.ts';
import { launcher } from '../ground/paths.ts';
import { type ProgressFactory, silentProgress } from '../ground/progress.ts';
import { missingCells, type StudyFolder } from './folder.ts';
import { missingGroups, missingPools } from './pools.ts';

/** Times a task that was killed or crashed is started again. */
const TRIES = 3;

/** Something that a process of its own does. */
interface Task {
  id: string;
  /** Arguments of `gan bench`. */
  arguments: string[];
  isDone(): boolean;
}

interface Workers {
  folder: StudyFolder;
  jobs: number;
  threads: number;
  progress: ProgressFactory;
}

const logOf = (folder: StudyFolder, task: Task): string =>
  join(folder.path, 'logs', `${task.id}.log`);

/** Runs one task in a process of its own; resolves to its exit code or signal. */
function runProcess(
  { folder, threads }: Workers,
  task: Task,
  live: Set<() => void>,
): Promise<number | string> {
  mkdirSync(join(folder.path, 'logs'), { recursive: true });
  const child = spawn(
    process.execPath,
    [launcher, 'bench', ...task.arguments, '--in', folder.path],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CBED_THREADS: String(threads) },
    },
  );
  const stop = () => child.kill('SIGTERM');
  live.add(stop);
  const keep = (chunk: Buffer) => appendFileSync(logOf(folder, task), chunk);
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      live.delete(stop);
      resolve(signal ?? code ?? 1);
    });
  });
}

/** Runs a task until it is done; a line about it where it will not be. */
async function runTask(
  workers: Workers,
  task: Task,
  live: Set<() => void>,
): Promise<string | null> {
  let last: number | string = 0;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    last = await runProcess(workers, task, live);
    if (task.isDone()) return null;
    if (last === 2 || last === 3 || last === 130) break; // would fail alike, or was asked to stop
  }
  return `${task.id} ended with ${last}: see ${logOf(workers.folder, task)}`;
}

async function runTasks(workers: Workers, stage: string, queue: Task[]): Promise<void> {
  const { jobs, progress } = workers;
  const bar = progress(stage, queue.length);
  const live = new Set<() => void>();
  const stopAll = () => {
    for (const stop of live) stop();
  };
  process.once('exit', stopAll);
  const failures: string[] = [];
  const work = async () => {
    for (let task = queue.shift(); task; task = queue.shift()) {
      const failure = await runTask(workers, task, live);
      if (failure) failures.push(failure);
      bar.advance(1, task.id);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, work));
  process.off('exit', stopAll);
  bar.done();
  if (failures.length > 0) {
    throw inputError(
      `${failures.length} ${stage} failed; ${failures[0]}`,
      'gan bench run again does only what is missing',
    );
  }
}

/**
 * Runs what is missing of a study on this machine, `jobs` processes at a time: first the pools
 * that cells share, then the cells. What is done is skipped; what is killed is tried again.
 *
 * @throws input error naming the first task that failed, after all others have run.
 */
export async function runLocally(options: {
  folder: StudyFolder;
  jobs: number;
  threads: number;
  progress?: ProgressFactory;
}): Promise<void> {
  const { folder } = options;
  const workers: Workers = { progress: silentProgress, ...options };
  const pools = missingGroups(folder).map((group) => ({
    id: `pools-${group}`,
    arguments: ['pools', group],
    isDone: () => missingPools(folder, group).length === 0,
  }));
  if (pools.length > 0) await runTasks(workers, 'pools', pools);
  const cells = missingCells(folder).map((cell) => ({
    id: cell.id,
    arguments: ['cell', cell.id],
    isDone: () => existsSync(folder.resultFile(cell)),
  }));
  await runTasks(workers, 'cells', cells);
}
