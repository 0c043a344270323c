import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { atomically, checkOutput, fileFault, writeAtomic } from '../../src/common/files.ts';
import { withOutputLock } from '../../src/common/lock.ts';
import { openRun } from '../../src/common/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'gan-output-'));
beforeAll(() => {
  mkdirSync(join(folder, 'folder.h5'));
  writeFileSync(join(folder, 'file'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ['a folder', 'folder.h5', /folder\.h5 is a folder/],
  ['below a file', 'file/out.h5', /file is a file, so .*out\.h5 cannot be written/],
  ['a name of 255 characters', `${'n'.repeat(252)}.h5`, /the name is too long/],
  ['a name of 300 characters', `${'n'.repeat(300)}.h5`, /the name is too long/],
])('an output that is %s is found before the work, in one line', (_, name, message) => {
  const fault = (): unknown => {
    try {
      checkOutput(join(folder, name));
    } catch (error) {
      return error;
    }
  };
  expect(fault()).toMatchObject({ fault: 'input', message: expect.stringMatching(message) });
  expect(String(fault())).not.toContain('\n');
});

it.runIf(process.platform === 'linux').each([
  ['/proc/out.h5', /no such file or folder|may not write/],
  ['/dev/full/out.h5', /is a file, so .* cannot be written/],
])('nor where the system takes no file: %s', (path, message) => {
  expect(() => checkOutput(path)).toThrow(message);
});

it('more room than is free is found before the work', () => {
  expect(() => checkOutput(join(folder, 'x.h5'), 1e18)).toThrow(/the disk is full/);
});

it('faults of the system while writing are one line, others stay what they are', async () => {
  expect(() => writeAtomic(join(folder, 'file', 'x'), '')).toThrow(
    /a file, not a folder|a file stands/,
  );
  await expect(
    atomically(join(folder, 'x'), () => {
      throw Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' });
    }),
  ).rejects.toMatchObject({ fault: 'input', message: expect.stringMatching(/the disk is full/) });
  const other = new TypeError('mine');
  expect(fileFault(other)).toBe(other);
});

it('what killed processes left is swept, what others write is not', () => {
  const left = [
    `.a.h5.tmp@${hostname()}@4194305@0a1b2c3d`,
    `.b.h5.tmp@${hostname()}@${process.pid}@0a1b2c3d`,
    '.c.h5.tmp@elsewhere@1@0a1b2c3d',
  ];
  for (const name of left) writeFileSync(join(folder, name), '');
  checkOutput(join(folder, 'swept.h5'));
  expect(readdirSync(folder).filter((name) => name.includes('.tmp@'))).toEqual(left.slice(1));
});

it('one output is written by one process; who would not wait is told who writes', async () => {
  const output = join(folder, 'run');
  await withOutputLock(output, async () => {
    const second = withOutputLock(output, async () => {}, { refuse: output });
    await expect(second).rejects.toThrow(
      new RegExp(`run is being written by process ${process.pid}`),
    );
  });
  expect(await withOutputLock(output, async () => 'free')).toBe('free');
});

it('runs that start in one second have folders of their own', () => {
  process.env.CBED_WORKSPACE = join(folder, 'workspace');
  const runs = Array.from({ length: 12 }, () => openRun('gan', {}).folder);
  expect(new Set(runs).size).toBe(12);
});
