import { randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inputError } from './errors.ts';

/** A process, named so that others can tell whether it still runs. */
interface Owner {
  host: string;
  pid: number;
  /** When it started, in the clock of its host: numbers of processes are used again. */
  started?: string;
}

/** The 22nd field of /proc/PID/stat; undefined where there is none. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

const ownProcess = (): Owner => ({
  host: hostname(),
  pid: process.pid,
  started: startOf(process.pid),
});

/** Whether a process of this host has ended; of other hosts nobody here can tell. */
export function hasEnded({ host, pid, started }: Owner): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  const now = started === undefined ? undefined : startOf(pid);
  return now !== undefined && now !== started;
}

/** A name beside `path` that says whose temporary it is. */
export function temporaryName(path: string): string {
  const { host, pid } = ownProcess();
  return `${path}.tmp@${host}@${pid}`;
}

/** Removes what killed processes left in a folder under temporary names. */
export function sweep(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const [, host, pid] = /\.tmp@([^@]+)@(\d+)(?:@[0-9a-f]+)?$/.exec(name) ?? [];
    if (host && hasEnded({ host, pid: Number(pid) })) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}

interface Holder extends Owner {
  token: string;
}

export interface LockOptions {
  /** Called once when another process holds the lock. */
  onWait?: (holder: string) => void;
  /** Milliseconds between looks at a lock that is held. */
  pollMs?: number;
  /** A lock of another host whose holder has not touched it for so long is taken over. */
  staleMs?: number;
  /** What is locked, for the input error that is then thrown instead of waiting. */
  refuse?: string;
}

const readHolder = (path: string): Holder | null => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return null;
  }
};

/**
 * A holder that was killed is gone at once on this host, and one that runs may compute for as long
 * as it likes without touching its lock; elsewhere its heartbeat tells.
 */
function isStale(path: string, staleMs: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return false;
  const holder = readHolder(path);
  if (holder?.host === hostname()) return hasEnded(holder);
  return Date.now() - stat.mtimeMs > staleMs;
}

function tryTake(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(holder), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    rmSync(path, { force: true }); // Made, but there was no room for what stands in it.
    throw Object.assign(error as Error, { path });
  }
}

/**
 * Takes a stale lock away. Of several who try, one may carry off the fresh lock of another who
 * was quicker: the token shows it, and the lock is put back.
 */
function breakLock(path: string, stale: Holder | null): void {
  const away = `${temporaryName(path)}@${randomBytes(4).toString('hex')}`;
  try {
    renameSync(path, away);
    if (readHolder(away)?.token !== stale?.token) linkSync(away, path);
  } catch {
    // Another was quicker.
  }
  rmSync(away, { force: true });
}

async function take(path: string, mine: Holder, options: LockOptions): Promise<void> {
  const { onWait, pollMs = 250, staleMs = 60_000, refuse } = options;
  for (let told = false; !tryTake(path, mine); ) {
    const holder = readHolder(path);
    if (isStale(path, staleMs)) {
      breakLock(path, holder);
      continue;
    }
    const who = holder && `process ${holder.pid} on ${holder.host}`;
    if (refuse && who) throw inputError(`${refuse} is being written by ${who}`, 'wait for it');
    if (!told && who) onWait?.(who);
    told ||= who !== null;
    await sleep(pollMs);
  }
}

/**
 * Runs `action` while holding a lock file, so that no two processes write one output, or do the
 * same long work, at once. A holder that was killed, also after a restart of the machine, holds
 * nothing.
 *
 * @throws an input error where `refuse` says what is locked and another process holds the lock.
 */
export async function withLock<T>(
  path: string,
  action: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const { staleMs = 60_000 } = options;
  const mine = { token: randomBytes(8).toString('hex'), ...ownProcess() };
  mkdirSync(dirname(path), { recursive: true });
  await take(path, mine, options);
  const beat = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // Taken over: the new holder keeps it fresh.
    }
  }, staleMs / 4);
  beat.unref();
  try {
    return await action();
  } finally {
    clearInterval(beat);
    if (readHolder(path)?.token === mine.token) rmSync(path, { force: true });
  }
}

/**
 * Holds the lock of an output that is written in parts, beside it; waits for another process that
 * writes the same.
 */
export const withOutputLock = <T>(
  output: string,
  action: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> =>
  withLock(`${output}.lock`, action, {
    onWait: (holder) => console.error(`waiting for ${holder}, which writes ${output}`),
    ...options,
  });
