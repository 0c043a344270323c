import { expect, it } from 'vitest';
import { runCell } from '../../src/benchmark/cell.ts';
import { openStudyFolder } from '../../src/benchmark/folder.ts';
import { planCells, studySchema } from '../../src/benchmark/study.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toyStore } from '../synthetic/toy-store.ts';

it.each(['validation', 'test'] as const)(
  'a study judged on %s predicts these materials and no other',
  {
    timeout: 60_000,
  },
  async (judgedOn) => {
    const store = await toyStore([8, 5, 3], `judged-${judgedOn}`);
    const arms = [{ name: 'plain' }];
    const settings = { name: 'x', data: store.path, baseline: 'plain', seeds: 1, splits: 1 };
    const study = studySchema.parse({ ...settings, arms, judgedOn, updates: 4, batch: 8 });
    const folder = openStudyFolder(temporaryFolder('judged'), study);
    const { predictions } = await runCell({ folder, cell: planCells(study)[0]! });
    expect([...predictions.materials].sort()).toEqual(
      [...store.examples(judgedOn).materials].sort(),
    );
  },
);
