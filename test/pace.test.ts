import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { launcher, packageRoot } from '../src/common/paths.ts';

/** Processes of a group that measure. */
const measuring = (group: number): number =>
  spawnSync('pgrep', ['-g', String(group), '-f', 'await measureForParent'])
    .stdout.toString()
    .split('\n').length - 1;

it('measuring the pace of a machine ends with the process that asked for it', async () => {
  spawnSync(process.execPath, [launcher, '--version']); // compiles what changed
  const module = join(packageRoot, 'dist', 'src', 'quickstart', 'pace.js');
  const program = `const { measureShared } = await import('${module}'); await measureShared(32, 1);`;
  const flags = ['--input-type=module', '--eval', program];
  const child = spawn(process.execPath, flags, { detached: true, stdio: 'ignore' });
  const until = async (count: number): Promise<void> => {
    for (let looks = 0; looks < 200 && measuring(child.pid!) !== count; looks++) await wait(100);
  };
  await until(1);
  expect(measuring(child.pid!)).toBe(1);
  await wait(3000); // TensorFlow is loaded, the watch runs
  child.kill('SIGKILL');
  await until(0);
  expect(measuring(child.pid!)).toBe(0);
}, 60_000);
