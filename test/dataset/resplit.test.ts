import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DEFAULT_SPLIT_RULE, SPLITS } from '../../src/dataset/split.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { resplit } from '../../src/dataset/store/view.ts';
import { toyStore } from '../support/toy-store.ts';

it('divides the materials anew and is otherwise the same store', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'resplit-'));
  const store = await openStore((await toyStore(folder, { counts: [12, 8] })).store);
  const divide = (seed: number) => resplit(store, { seed, rule: DEFAULT_SPLIT_RULE });
  const divided = divide(3);
  expect([divided.count, divided.size, divided.camera]).toEqual([20, 16, store.camera]);
  const rows = SPLITS.flatMap((split) => [...divided.indices(split)]);
  expect(rows.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  const examples = divided.examples('test');
  expect(examples.size).toBe(16);
  expect(examples.images([0])).toEqual(store.images([divided.indices('test')[0]!]));
  expect(divide(3).digest).toBe(divided.digest);
  expect(divide(4).digest).not.toBe(divided.digest);
  divided.close();
  rmSync(folder, { recursive: true });
});
