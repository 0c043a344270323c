import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inputError } from '../../common/errors.ts';
import { groupBy } from '../../common/group.ts';
import { PARENT } from '../../common/interruption.ts';
import { launcher } from '../../common/paths.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import { effortOf } from '../cells/candidates.ts';
import { standingsInWords } from '../comparison/summary.ts';
import { missingGroups, missingPools, poolCost, poolFile, poolsOf } from '../pools/pools.ts';
import { missingCells, readResults, type StudyFolder } from '../study/folder.ts';
import type { CellPlan } from '../study/study.ts';

/** Something to do once what it needs is there. */
interface Waiting {
  isReady(): boolean;
}

/** Work in order of preference, of which some needs what other work makes. */
export class WorkQueue<T extends Waiting> {
  /** What nobody has taken yet. */
  readonly left: T[];
  private taken = 0;
  private sleepers: (() => void)[] = [];

  constructor(work: readonly T[]) {
    this.left = [...work];
  }

  /**
   * Takes the first piece that is ready; waits where none is but others are at work, which may make
   * what is needed. Null where nothing is left that can become ready. Whoever takes a piece says
   * `ended` after it.
   */
  async next(): Promise<T | null> {
    while (this.left.length > 0) {
      const at = this.left.findIndex((piece) => piece.isReady());
      if (at >= 0) {
        this.taken++;
        return this.left.splice(at, 1)[0]!;
      }
      if (this.taken === 0) return null;
      await new Promise<void>((wake) => this.sleepers.push(wake));
    }
    return null;
  }

  /** A piece that was taken has ended, well or not. */
  ended(): void {
    this.taken--;
    const woken = this.sleepers;
    this.sleepers = [];
    for (const wake of woken) wake();
  }
}

/** Times a task that was killed or crashed is started again. */
const TRIES = 3;

/** Something that a process of its own does. */
interface Task {
  kind: 'pools' | 'cells';
  /** Name of its log. */
  id: string;
  /** What a progress bar says of it. */
  label: string;
  /** Arguments of `gan bench`. */
  arguments: string[];
  /** About how long it takes, in updates of a classifier: what the time left is reckoned by. */
  cost: number;
  /** Whether what it needs is there. */
  isReady(): boolean;
  /** Names of what it has not done yet. */
  left(): string[];
}

interface Workers {
  folder: StudyFolder;
  jobs: number;
  threads: number;
  progress: ProgressFactory;
  /** Tells the reader how the arms stand, whenever all of them have another seed. */
  say(line: string): void;
}

const logOf = (folder: StudyFolder, task: Task): string =>
  join(folder.path, 'logs', `${task.id}.log`);

/** How a process ended: its exit code or signal, and the line that says why, where there is one. */
interface ProcessEnd {
  code: number | string;
  reason: string | null;
}

/** Characters of the end of what a process says that are kept. */
const TAIL = 4000;

/** Runs one task in a process of its own. */
function runProcess(
  { folder, threads }: Workers,
  task: Task,
  live: Set<() => void>,
): Promise<ProcessEnd> {
  mkdirSync(join(folder.path, 'logs'), { recursive: true });
  const child = spawn(
    process.execPath,
    [launcher, 'bench', ...task.arguments, '--in', folder.path],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CBED_THREADS: String(threads), [PARENT]: String(process.pid) },
    },
  );
  const stop = () => child.kill('SIGTERM');
  live.add(stop);
  let said = '';
  const keep = (chunk: Buffer) => {
    said = (said + String(chunk)).slice(-TAIL);
    try {
      appendFileSync(logOf(folder, task), chunk);
    } catch {
      // The disk is full: that ends the task, not what watches it.
    }
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      live.delete(stop);
      const reason =
        said
          .match(/^gan: .*/gm)
          ?.at(-1)
          ?.slice(5) ?? null;
      resolve({ code: signal ?? code ?? 1, reason });
    });
  });
}

/** Runs a task until it is done; a line about it where it will not be. */
async function runTask(
  workers: Workers,
  task: Task,
  live: Set<() => void>,
): Promise<string | null> {
  let last: ProcessEnd | null = null;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    last = await runProcess(workers, task, live);
    if (task.left().length === 0) return null;
    const { code } = last;
    if (code === 2 || code === 3 || code === 130) break; // would fail alike, or was asked to stop
  }
  const { code, reason } = last!;
  return `${task.left()[0]} ended with ${code}: ${reason ?? `see ${logOf(workers.folder, task)}`}`;
}

/** What became of the tasks of a study: a line about each that failed, and those never ready. */
interface Ended {
  failures: { task: Task; line: string }[];
  blocked: readonly Task[];
}

async function runTasks(workers: Workers, tasks: readonly Task[]): Promise<Ended> {
  const { folder, jobs, progress, say } = workers;
  const queue = new WorkQueue(tasks);
  const stages = [...new Set(tasks.map(({ kind }) => kind))].join(' and ');
  const total = tasks.reduce((sum, { cost }) => sum + cost, 0);
  const bar = progress(stages, total);
  let ended = 0;
  let standings = '';
  const live = new Set<() => void>();
  const stopAll = () => {
    for (const stop of live) stop();
  };
  process.once('exit', stopAll);
  const failures: Ended['failures'] = [];
  const work = async () => {
    for (let task = await queue.next(); task; task = await queue.next()) {
      const line = await runTask(workers, task, live);
      if (line) failures.push({ task, line });
      ended++;
      bar.advance(task.cost, `${ended} of ${tasks.length}: ${task.label}`);
      if (task.kind === 'cells') {
        const now = standingsInWords(folder.study, readResults(folder).results);
        if (now !== standings) say(now);
        standings = now;
      }
      queue.ended();
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, work));
  process.off('exit', stopAll);
  bar.done();
  return { failures, blocked: queue.left };
}

function poolTasks(folder: StudyFolder): Task[] {
  return missingGroups(folder).map((group) => ({
    kind: 'pools',
    id: `pools-${group}`,
    label: `pools-${group}`,
    arguments: ['pools', group],
    cost: poolCost(folder, group),
    isReady: () => true,
    left: () => (missingPools(folder, group).length === 0 ? [] : [`pools-${group}`]),
  }));
}

/** Updates of a process at least: to start one takes as long as some hundred. */
const LEAST_UPDATES = 1000;

/** Cells that need the same pools, as many to a process as make starting one worth while. */
function cellTasks(folder: StudyFolder): Task[] {
  const poolsNeeded = (cell: CellPlan): string[] =>
    poolsOf(cell).map((pool) => poolFile(folder, cell, pool));
  const costOf = ({ arm }: CellPlan): number => folder.study.updates * effortOf(arm).trainings;
  const alike = groupBy(missingCells(folder), (cell) => poolsNeeded(cell).join('\n'));
  return [...alike.values()].flatMap((cells) => {
    const tasks: Task[] = [];
    while (cells.length > 0) {
      const some: CellPlan[] = [];
      let cost = 0;
      while (cells.length > 0 && cost < LEAST_UPDATES) {
        cost += costOf(cells[0]!);
        some.push(cells.shift()!);
      }
      const names = some.map(({ id }) => id);
      tasks.push({
        kind: 'cells',
        id: names[0]!,
        label: names.length === 1 ? names[0]! : `${names[0]} and ${names.length - 1} more`,
        arguments: ['cell', ...names],
        cost,
        isReady: () => poolsNeeded(some[0]!).every((file) => existsSync(file)),
        left: () => some.filter((cell) => !existsSync(folder.resultFile(cell))).map(({ id }) => id),
      });
    }
    return tasks;
  });
}

function refuseFailures({ failures, blocked }: Ended): void {
  if (failures.length + blocked.length === 0) return;
  const leftOf = (tasks: readonly Task[]): number =>
    tasks.reduce((sum, task) => sum + task.left().length, 0);
  const counted = (kind: Task['kind']): number =>
    leftOf(failures.flatMap(({ task }) => (task.kind === kind ? [task] : [])));
  const parts = [
    [counted('pools'), 'pools failed'],
    [counted('cells'), 'cells failed'],
    [leftOf(blocked), 'cells lack their pools'],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  throw inputError(
    `${parts.join(', ')}; ${failures[0]!.line}`,
    'gan bench run again does only what is missing',
  );
}

/**
 * Runs what is missing of a study on this machine, `jobs` processes at a time: pools that cells
 * share first, and cells as soon as their own pools are there. What is done is skipped; what is
 * killed is tried again.
 *
 * @throws input error naming the first task that failed, after all others have run.
 */
export async function runLocally(options: {
  folder: StudyFolder;
  jobs: number;
  threads: number;
  progress?: ProgressFactory;
  say?(line: string): void;
}): Promise<void> {
  const { folder } = options;
  const workers: Workers = { progress: silentProgress, say: () => {}, ...options };
  refuseFailures(await runTasks(workers, [...poolTasks(folder), ...cellTasks(folder)]));
}
