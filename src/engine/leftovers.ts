import { existsSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** A process, named so that others can tell whether it still runs. */
export interface Owner {
  host: string;
  pid: number;
}

export const ownProcess = (): Owner => ({ host: hostname(), pid: process.pid });

/** Whether a process of this host has ended; of other hosts nobody here can tell. */
export function hasEnded({ host, pid }: Owner): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** A name beside `path` that says whose temporary it is. */
export function temporaryName(path: string): string {
  const { host, pid } = ownProcess();
  return `${path}.tmp@${host}@${pid}`;
}

/** Removes what killed processes left below a folder under temporary names. */
export function sweep(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const [, host, pid] = /\.tmp@([^@]+)@(\d+)$/.exec(name) ?? [];
    if (host && hasEnded({ host, pid: Number(pid) })) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}
