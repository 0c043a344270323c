import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { inputError } from './errors.ts';
import { existingFile, writeJson } from './files.ts';
import { checkOutputFolder, claimFile, claimRunFolder, stopIfDry } from './outputs.ts';
import { isTable } from './table.ts';

/** What a run folder is about; the folder name ends in it. */
export type RunKind =
  | 'quickstart'
  | 'classifier'
  | 'gan'
  | 'sample'
  | 'probe'
  | 'score'
  | 'mix'
  | 'bench'
  | 'simulate'
  | 'prepare';

/** The folder that holds the prepared store and the runs; `CBED_WORKSPACE` or ./workspace. */
export const workspaceFolder = (): string => resolve(process.env.CBED_WORKSPACE ?? 'workspace');

const STORE = 'prepared.h5';

/**
 * The store that commands use when no --data is given: the workspace's own, or else that of the
 * newest quickstart, which keeps its store in its run folder.
 */
export function defaultStorePath(): string {
  const own = join(workspaceFolder(), STORE);
  if (existsSync(own)) return own;
  return newestRun('quickstart', STORE)?.file(STORE) ?? own;
}

/** Where data are prepared to when no --out is given. */
export const preparedStorePath = (): string => join(workspaceFolder(), STORE);

export interface Run {
  readonly folder: string;
  readonly kind: RunKind;
  /** A path inside the run folder. */
  file(...parts: string[]): string;
}

const runAt = (folder: string, kind: RunKind): Run => ({
  folder,
  kind,
  file: (...parts) => join(folder, ...parts),
});

const stamp = (): string =>
  new Date().toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '');

/** A new folder of this second; another number where a second run starts in it. */
function freshFolder(kind: RunKind): string {
  const runs = join(workspaceFolder(), 'runs');
  checkOutputFolder(runs);
  mkdirSync(runs, { recursive: true });
  for (let n = 1; ; n++) {
    const path = join(runs, n === 1 ? `${stamp()}-${kind}` : `${stamp()}-${n}-${kind}`);
    try {
      mkdirSync(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** When a run began and on what, as it recorded; the folder's name may be anything. */
const RECORD = 'run.json';

/** The processor's own name: figures can depend on it beside settings and seeds. */
export const processorName = (): string => cpus()[0]?.model.trim() ?? 'unknown';

/** What figures can depend on beside settings and seeds: the processor, and the threads asked for. */
const machineRecord = (): { processor: string; threads: number } => ({
  processor: processorName(),
  threads: Number(process.env.CBED_THREADS) || availableParallelism(),
});

/** Runs whose work in a folder goes on by a flag of its own, never by starting again there. */
const GOES_ON: Partial<Record<RunKind, string>> = { gan: '--resume' };

/** Refuses, before the work for it, a `folder` that holds a run of other settings. */
export function claimRun(kind: RunKind, config: unknown, folder: string | undefined): void {
  if (folder) claimRunFolder(resolve(folder), config, GOES_ON[kind]);
  stopIfDry(folder ? resolve(folder) : join(workspaceFolder(), 'runs', `…-${kind}`), config);
}

/**
 * Makes a run folder `workspace/runs/<UTC time>-<kind>` (or `folder`) and saves the resolved
 * config in it as config.json, with what was `chosen` by itself where nothing was named. Refuses
 * a `folder` that holds a run of other settings.
 */
export function openRun(
  kind: RunKind,
  config: object,
  folder?: string,
  chosen?: Record<string, unknown>,
): Run {
  claimRun(kind, config, folder);
  const path = folder ? resolve(folder) : freshFolder(kind);
  mkdirSync(path, { recursive: true });
  const run = runAt(path, kind);
  writeJson(run.file('config.json'), chosen ? { ...config, chosen } : config);
  recordStart(path, kind);
  return run;
}

/** Writes down in its folder when a run or study began, and on what machine. */
export function recordStart(folder: string, kind: RunKind): void {
  writeJson(join(folder, RECORD), { kind, started: new Date().toISOString(), ...machineRecord() });
}

/** How far a clock may be ahead of this one, milliseconds. */
const CLOCK_SLACK = 3_600_000;

/** When the run or study in a folder began, ms: as it recorded, else when its settings were written. */
export function statedStart(folder: string, settings = 'config.json'): number {
  try {
    const started = Date.parse(JSON.parse(readFileSync(join(folder, RECORD), 'utf8')).started);
    if (Number.isFinite(started)) return started;
  } catch {
    // Made by an earlier version.
  }
  return statSync(join(folder, settings), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** A time to order runs by: one in the future (a wrong clock) counts as long ago. */
export const orderTime = (started: number): number =>
  started > Date.now() + CLOCK_SLACK ? 0 : started;

/**
 * The runs of a kind that hold `needed`, newest first by their recorded time: folders of their
 * own, and the stages of that name inside quickstart runs.
 */
export function runsOf(kind: RunKind, needed = 'config.json'): Run[] {
  const runs = join(workspaceFolder(), 'runs');
  if (!existsSync(runs)) return [];
  // The lock of a training lies here too: only a folder that holds what is needed is looked into.
  return readdirSync(runs)
    .sort()
    .reverse()
    .map((name) => ({ outer: join(runs, name), own: name.endsWith(`-${kind}`) }))
    .map(({ outer, own }) => ({ outer, folder: own ? outer : join(outer, kind) }))
    .filter(({ folder }) => existsSync(join(folder, needed)))
    .map(({ outer, folder }) => ({ folder, started: orderTime(statedStart(outer)) }))
    .sort((a, b) => b.started - a.started)
    .map(({ folder }) => runAt(folder, kind));
}

/** What a run of another day says that it wrote; undefined where its settings cannot be read. */
function statedOut(file: string): unknown {
  try {
    return readJson<{ out?: unknown }>(file).out;
  } catch {
    return undefined;
  }
}

/**
 * Refuses an output file that was made with other settings than a run of this kind would save
 * (its config.json has the file as `out`).
 */
export function claimOutput(kind: RunKind, path: string, config: { out: string }): void {
  const recipes = runsOf(kind)
    .map((run) => run.file('config.json'))
    .filter((file) => statedOut(file) === config.out);
  claimFile(path, config, recipes);
}

/** The store that a run worked on, as its settings name it; undefined where they name none. */
export function storeOfRun(folder: string): string | undefined {
  const config = join(folder, 'config.json');
  return existsSync(config) ? readJson<{ data?: string }>(config).data : undefined;
}

/**
 * The newest run of a kind that holds `needed` and `suits`, or null: of the store `data` where one is
 * named and has some.
 */
export function newestRun(
  kind: RunKind,
  needed = 'config.json',
  data?: string,
  suits: (run: Run) => boolean = () => true,
): Run | null {
  const runs = runsOf(kind, needed).filter(suits);
  const own = ({ folder }: Run): boolean => resolve(storeOfRun(folder) ?? '') === resolve(data!);
  return (data === undefined ? undefined : runs.find(own)) ?? runs[0] ?? null;
}

/**
 * An existing run: the folder given, or the newest of the kind, of the store `data` where it has
 * some. An input error says how to make one.
 */
export function requireRun(
  kind: RunKind,
  folder: string | undefined,
  mend: string,
  needed = 'config.json',
  data?: string,
): Run {
  if (folder) {
    if (!existsSync(join(folder, needed))) {
      throw inputError(`${folder} is no ${kind} run: it has no ${needed}`, mend);
    }
    return runAt(resolve(folder), kind);
  }
  const run = newestRun(kind, needed, data);
  if (!run) throw inputError(`no ${kind} run under ${join(workspaceFolder(), 'runs')}`, mend);
  return run;
}

/**
 * Reads a table from a JSON file of a run; `schema` says what of it is used.
 *
 * @throws input error that names the file, where it is missing, no JSON, no table, or says something else.
 */
export function readJson<T>(path: string, schema?: z.ZodType<T>): T {
  existingFile(path);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw inputError(`${path} is not valid JSON`);
  }
  if (!isTable(value)) {
    throw inputError(`${path} is damaged: it holds no table`);
  }
  const fault = schema?.safeParse(value).error?.issues[0];
  if (fault) throw inputError(`${path} is damaged: ${fault.path.join('.')}: ${fault.message}`);
  return value as T;
}
