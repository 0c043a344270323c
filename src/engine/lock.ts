import { randomBytes } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded, type Owner, ownProcess, temporaryName } from './leftovers.ts';

interface Holder extends Owner {
  token: string;
}

export interface LockOptions {
  /** Called once when another process holds the lock. */
  onWait?: (holder: string) => void;
  /** Milliseconds between looks at a lock that is held. */
  pollMs?: number;
  /** A lock whose holder has not touched it for so long is taken over. */
  staleMs?: number;
}

const readHolder = (path: string): Holder | null => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return null;
  }
};

/** A holder that was killed is gone at once on this host; elsewhere its heartbeat tells. */
function isStale(path: string, staleMs: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return false;
  const holder = readHolder(path);
  if (holder && hasEnded(holder)) return true;
  return Date.now() - stat.mtimeMs > staleMs;
}

function tryTake(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(holder), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Takes a stale lock away. Of several who try, one may carry off the fresh lock of another who
 * was quicker: the token shows it, and the lock is put back.
 */
function breakLock(path: string, stale: Holder | null): void {
  const away = temporaryName(path);
  try {
    renameSync(path, away);
    if (readHolder(away)?.token !== stale?.token) linkSync(away, path);
  } catch {
    // Another was quicker.
  }
  rmSync(away, { force: true });
}

/**
 * Runs `action` while holding a lock file, so that processes do not do the same long work at
 * once. It saves work and does not guard correctness: what is made under it is renamed into
 * place, so even two holders at once would do no harm.
 */
export async function withLock<T>(
  path: string,
  action: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const { onWait, pollMs = 250, staleMs = 60_000 } = options;
  const mine = { token: randomBytes(8).toString('hex'), ...ownProcess() };
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; !tryTake(path, mine); ) {
    const holder = readHolder(path);
    if (isStale(path, staleMs)) {
      breakLock(path, holder);
      continue;
    }
    if (!told && holder) onWait?.(`process ${holder.pid} on ${holder.host}`);
    told ||= holder !== null;
    await sleep(pollMs);
  }
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
