import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { prepareStore } from '../../src/dataset/prepare/prepare.ts';
import { DEFAULT_SPLIT_RULE, SPLITS } from '../../src/dataset/split.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { resplit } from '../../src/dataset/store/view.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import { toySamples, toyStore } from '../support/toy-store.ts';

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

it('keeps materials that show one pattern in one part, at every division', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'resplit-'));
  const samples = toySamples({ counts: [12, 12] });
  samples.slice(0, 12).forEach((sample, i) => {
    if (i % 2 === 1) sample.stack = samples[i - 1]!.stack;
  });
  const summit = join(folder, 'toy.h5');
  await writeSummit(summit, samples);
  const path = join(folder, 'prepared.h5');
  await prepareStore([summit], path, { size: 16, split: 'material', seed: 1, workers: 0 });
  const store = await openStore(path);
  for (let seed = 1; seed <= 6; seed++) {
    const { rows, materials } = resplit(store, { seed, rule: DEFAULT_SPLIT_RULE });
    const part = new Map(
      Array.from(rows.material, (material, row) => [materials[material]!, rows.split[row]!]),
    );
    for (let i = 0; i < 12; i += 2) {
      const [one, other] = [samples[i]!.material, samples[i + 1]!.material];
      expect([other, part.get(other)]).toEqual([other, part.get(one)]);
    }
  }
  store.close();
  rmSync(folder, { recursive: true });
});
