import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { z } from 'zod';
import { newestRun, openRun, readJson } from '../../src/common/run.ts';
import { temporaryFolder } from '../support/folder.ts';

const file = join(temporaryFolder('json'), 'basis.json');

it.each([
  ['{"data": "a", "threads"', /is not valid JSON/],
  ['null', /holds no table/],
  ['[1]', /holds no table/],
  ['-1', /holds no table/],
  ['{"data": -1}', /is damaged: data: .*string/],
])('a file of a run that holds %s is refused in one line that names it', (text, message) => {
  writeFileSync(file, text);
  const read = () => readJson(file, z.object({ data: z.string() }));
  expect(read).toThrow(message);
  expect(read).toThrow(file);
  writeFileSync(file, '{"data": "a", "more": 1}');
  expect(read()).toEqual({ data: 'a', more: 1 });
});

it('finds the newest run while another trains, whose lock lies between the runs', () => {
  const workspace = temporaryFolder('beside-locks');
  vi.stubEnv('CBED_WORKSPACE', workspace);
  try {
    const run = openRun('gan', { steps: 1 });
    const training = openRun('gan', { steps: 2 });
    for (const path of [`${training.folder}.lock`, join(workspace, 'runs', 'notes.txt')]) {
      writeFileSync(path, 'no folder');
    }
    mkdirSync(join(workspace, 'runs', 'empty-gan'));
    writeFileSync(run.file('model.safetensors'), '');
    expect(newestRun('gan', 'model.safetensors')?.folder).toBe(run.folder);
    expect(newestRun('quickstart')).toBeNull();
  } finally {
    vi.unstubAllEnvs();
  }
});
