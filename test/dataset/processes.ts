import { readdirSync, readFileSync } from 'node:fs';

/** Reading processes of this process. */
export function readers(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const parent = / \(.*\) \S+ (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
        return Number(parent) === process.pid && command.includes('worker.js');
      } catch {
        return false; // It has ended meanwhile.
      }
    })
    .map(Number);
}
