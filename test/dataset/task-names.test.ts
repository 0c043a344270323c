import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openStore } from '../../src/dataset/store/store.ts';
import { isTask, storeFile, TASKS, taskStorePath } from '../../src/dataset/tasks/task-names.ts';
import { temporaryFolder } from '../support/folder.ts';

beforeEach(() => vi.stubEnv('CBED_WORKSPACE', temporaryFolder('tasks')));
afterEach(() => vi.unstubAllEnvs());

it('knows its tasks, and no word that objects have by themselves', () => {
  expect(Object.keys(TASKS)).toEqual(['minerals', 'universal', 'ladder', 'balanced']);
  expect(['ladder', 'toString', 'constructor', 'Ladder', ''].map(isTask)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

it('keeps versions apart, so that a task made otherwise is not taken for this one', () => {
  for (const name of ['minerals', 'ladder', 'balanced'] as const) {
    expect(taskStorePath(name)).toContain(`${name}-v${TASKS[name].version}.h5`);
  }
});

it('says how a task is made that is not there', async () => {
  expect(existsSync(taskStorePath('ladder'))).toBe(false);
  await expect(openStore('ladder')).rejects.toThrow(/not made yet.*npx gan data task ladder/s);
});

it('takes a path as it is, also that of a file with the name of a task', () => {
  expect(storeFile('some/store.h5')).toBe('some/store.h5');
  const here = join(temporaryFolder('named'), 'ladder');
  writeFileSync(here, '');
  expect(storeFile(here)).toBe(here);
});
