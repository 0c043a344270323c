import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { readJson } from '../../src/common/run.ts';
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
