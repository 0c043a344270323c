import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inputError } from './errors.ts';
import { writeJson } from './files.ts';

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

/** The store that commands use when no --data is given. */
export const defaultStorePath = (): string => join(workspaceFolder(), 'prepared.h5');

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

/** Makes a folder; false where it is there already. */
function isMade(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Makes a run folder `workspace/runs/<UTC time>-<kind>` (or `folder`) and saves the resolved
 * config in it as config.json.
 */
export function openRun(kind: RunKind, config: unknown, folder?: string): Run {
  const runs = join(workspaceFolder(), 'runs');
  let path = folder ? resolve(folder) : join(runs, `${stamp()}-${kind}`);
  if (folder) mkdirSync(path, { recursive: true });
  else {
    // Two runs may start in one second: whoever makes the folder has it.
    mkdirSync(runs, { recursive: true });
    for (let n = 2; !isMade(path); n++) path = join(runs, `${stamp()}-${n}-${kind}`);
  }
  const run = runAt(path, kind);
  writeJson(run.file('config.json'), config);
  return run;
}

/**
 * The runs of a kind that hold `needed`, newest first: folders of their own, and the stages of that
 * name inside quickstart runs. Names begin with the time, so they sort.
 */
export function runsOf(kind: RunKind, needed = 'config.json'): Run[] {
  const runs = join(workspaceFolder(), 'runs');
  if (!existsSync(runs)) return [];
  return readdirSync(runs)
    .sort()
    .reverse()
    .map((name) => join(runs, name, name.endsWith(`-${kind}`) ? '' : kind))
    .filter((folder) => existsSync(join(folder, needed)))
    .map((folder) => runAt(folder, kind));
}

/** The newest run of a kind that holds `needed`, or null. */
export const newestRun = (kind: RunKind, needed = 'config.json'): Run | null =>
  runsOf(kind, needed)[0] ?? null;

/** An existing run: the folder given, or the newest of the kind; an input error says how to make one. */
export function requireRun(
  kind: RunKind,
  folder: string | undefined,
  mend: string,
  needed = 'config.json',
): Run {
  if (folder) {
    if (!existsSync(join(folder, needed))) {
      throw inputError(`${folder} is no ${kind} run: it has no ${needed}`, mend);
    }
    return runAt(resolve(folder), kind);
  }
  const run = newestRun(kind, needed);
  if (!run) throw inputError(`no ${kind} run under ${join(workspaceFolder(), 'runs')}`, mend);
  return run;
}

/** Reads a JSON file of a run. */
export function readJson<T>(path: string): T {
  if (!existsSync(path)) throw inputError(`no file at ${path}`);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    throw inputError(`${path} is not valid JSON`);
  }
}
