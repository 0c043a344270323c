import { expect, it } from 'vitest';
import { runCell } from '../../src/benchmark/cells/cell.ts';
import { openStudyFolder } from '../../src/benchmark/study/folder.ts';
import { planCells, studySchema } from '../../src/benchmark/study/study.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toyStore } from '../synthetic/toy-store.ts';

it.each(['validation', 'test'] as const)(
  'a study judged on %s predicts these materials and no other',
  {
    timeout: 60_000,
  },
  async (comparedOn) => {
    const store = await toyStore([8, 5, 3], `judged-${comparedOn}`);
    const arms = [{ name: 'plain' }];
    const settings = { name: 'x', data: store.path, baseline: 'plain', seeds: 1, splits: 1 };
    const study = studySchema.parse({ ...settings, arms, comparedOn, updates: 4, batch: 8 });
    const folder = openStudyFolder(temporaryFolder('judged'), study);
    const { predictions } = await runCell({ folder, cell: planCells(study)[0]! });
    expect([...predictions.materials].sort()).toEqual(
      [...store.examples(comparedOn).materials].sort(),
    );
  },
);

const toyStudy = (path: string, settings: object) =>
  studySchema.parse({
    ...{ name: 'x', data: path, baseline: 'plain', seeds: 1, splits: 1, updates: 12, batch: 8 },
    ...settings,
  });

it('trains once for each candidate ratio and keeps what validation likes best', {
  timeout: 60_000,
}, async () => {
  const store = await toyStore([12, 4, 2], 'ratio');
  const plain = { name: 'plain' };
  const arm = { name: 'copies', synthetic: 'copies', fillTo: 20, techniques: ['logit-adjustment'] };
  const run = async (ratio: number | 'validation') => {
    const study = toyStudy(store.path, { arms: [plain, { ...arm, ratio }] });
    const folder = openStudyFolder(temporaryFolder('ratio'), study);
    return runCell({ folder, cell: planCells(study)[1]! });
  };
  const { tuning, chosen, predictions, digests, training } = await run('validation');
  expect(tuning).toMatchObject({ trainings: 3, candidates: 9 });
  const tried = tuning!.tried!;
  expect(tried.map(({ ratio }) => ratio)).toEqual([0.5, 1, 100]);
  const best = Math.max(...tried.map(({ macroF1 }) => macroF1));
  expect(chosen.ratio).toBe(tried.find(({ macroF1 }) => macroF1 === best)!.ratio);
  // The same arm with the chosen ratio written down is the same classifier.
  const fixed = await run(chosen.ratio as number);
  expect(fixed.tuning).toEqual({ trainings: 1, candidates: 3 });
  expect(digests.classifier).toBe(fixed.digests.classifier);
  expect(predictions).toEqual(fixed.predictions);
  expect(training.synthetic).toBe(fixed.training.synthetic);
});

it('trains on a budget of materials, and keeps the bands of the whole data', {
  timeout: 60_000,
}, async () => {
  const store = await toyStore([9, 5, 3], 'budget-cell');
  const study = toyStudy(store.path, { arms: [{ name: 'plain' }], budgets: [2, 4] });
  const folder = openStudyFolder(temporaryFolder('budget'), study);
  const outcomes = [];
  for (const cell of planCells(study)) outcomes.push(await runCell({ folder, cell }));
  expect(outcomes.map(({ budget }) => budget)).toEqual([2, 4]);
  expect(outcomes.map(({ training }) => training.real)).toEqual([6, 4 + 4 + 3]);
  for (const outcome of outcomes) {
    expect(outcome.trainCounts).toEqual([9, 5, 3]);
    expect(outcome.predictions.materials).toEqual(store.examples('test').materials);
  }
  expect(new Set(outcomes.map(({ digests }) => digests.store)).size).toBe(2);
});
