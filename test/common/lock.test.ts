import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasEnded, sweep, temporaryName, withLock } from '../../src/common/lock.ts';

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gan-lock-'));
  lock = join(folder, 'a.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The id of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await new Promise((resolve) => child.on('close', resolve));
  return child.pid!;
}

describe('lock', () => {
  it('lets one in at a time and tells the others whom they wait for', async () => {
    let inside = 0;
    let most = 0;
    const told: string[] = [];
    const work = async () => {
      inside++;
      most = Math.max(most, inside);
      await sleep(30);
      inside--;
    };
    const options = { pollMs: 5, onWait: (holder: string) => told.push(holder) };
    await Promise.all(Array.from({ length: 5 }, () => withLock(lock, work, options)));
    expect(most).toBe(1);
    expect(told.length).toBe(4);
    expect(told[0]).toBe(`process ${process.pid} on ${hostname()}`);
    expect(existsSync(lock)).toBe(false);
  });

  it('is given back when the work throws', async () => {
    await expect(withLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(lock, async () => 'yes')).toBe('yes');
  });

  it('of a killed process is taken over at once, by one of many', async () => {
    const dead = { token: 'old', pid: await endedProcess(), host: hostname() };
    writeFileSync(lock, JSON.stringify(dead));
    let inside = 0;
    const work = async () => {
      expect(++inside).toBe(1);
      await sleep(10);
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(lock, work, { pollMs: 1 })));
  });

  it('of another host is taken over only when its heartbeat has stopped', async () => {
    writeFileSync(lock, JSON.stringify({ token: 'far', pid: 1, host: 'elsewhere' }));
    let entered = false;
    const waiting = withLock(
      lock,
      async () => {
        entered = true;
      },
      { pollMs: 5 },
    );
    await sleep(60);
    expect(entered).toBe(false);
    const longAgo = new Date(Date.now() - 120_000);
    utimesSync(lock, longAgo, longAgo);
    await waiting;
    expect(entered).toBe(true);
  });

  it('keeps a heartbeat', async () => {
    const options = { pollMs: 5, staleMs: 80 };
    let inside = 0;
    const work = async () => {
      expect(++inside).toBe(1);
      await sleep(250);
      inside--;
    };
    await Promise.all([withLock(lock, work, options), withLock(lock, work, options)]);
  });
});

describe('leftovers', () => {
  it('of ended processes are swept, others stay', async () => {
    const pid = await endedProcess();
    const names = [
      `tensorflow.tmp@${hostname()}@${pid}`,
      `wheel.tmp@elsewhere@${pid}`,
      temporaryName('mine'),
      'tensorflow',
    ];
    for (const name of names) mkdirSync(join(folder, name));
    sweep(folder);
    expect(readdirSync(folder).sort()).toEqual(names.slice(1).sort());
    sweep(join(folder, 'absent'));
    expect(hasEnded({ host: 'elsewhere', pid })).toBe(false);
  });
});
