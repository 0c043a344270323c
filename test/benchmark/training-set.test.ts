import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { taskTable } from '../../classifier/multitask.ts';
import { settledCells } from '../../src/benchmark/cells/candidates.ts';
import { trainingSet } from '../../src/benchmark/cells/training-set.ts';
import { missingRows } from '../../src/benchmark/pools/pool.ts';
import { poolFile, poolsOf } from '../../src/benchmark/pools/pools.ts';
import { openStudyFolder, type StudyFolder } from '../../src/benchmark/study/folder.ts';
import {
  type CellPlan,
  planCells,
  SYNTHETIC_SOURCES,
  studySchema,
} from '../../src/benchmark/study/study.ts';
import { classCounts, type Examples } from '../../src/dataset/examples.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { writeArchive } from '../../synthetic/archive/archive.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toyArchive, toyStore } from '../synthetic/toy-store.ts';

/** Training rows of the classes, and more synthetic ones than any arm can ask for. */
const REAL = [24, 9, 4];
const MOST = 30;
let store: Store;
let plenty: string;

beforeAll(async () => {
  store = await toyStore(REAL);
  plenty = join(temporaryFolder('pools'), 'plenty.h5');
  await writeArchive(plenty, toyArchive(store, [MOST, MOST, MOST]));
});

/** A study with an arm for every source, all filled and undersampled alike. */
function studyOf(settings: { fillTo: number; undersample: number; ratio: number }) {
  const arms = SYNTHETIC_SOURCES.map((synthetic) => ({ name: synthetic, synthetic, ...settings }));
  const study = studySchema.parse({
    name: 'x',
    baseline: 'none',
    arms,
    seeds: 1,
    splits: 1,
    archive: plenty,
  });
  const folder = openStudyFolder(temporaryFolder('study'), study);
  return { folder, cells: planCells(study) };
}

/** The training set of a cell; its pool, where it has one, is the archive with plenty. */
async function examplesOf(folder: StudyFolder, cell: CellPlan): Promise<Examples> {
  for (const pool of poolsOf(cell)) {
    const file = poolFile(folder, cell, pool);
    mkdirSync(dirname(file), { recursive: true });
    copyFileSync(plenty, file);
  }
  return (await trainingSet(folder, settledCells(cell)[0]!, store)).examples;
}

const rowsMarked = ({ labels, synthetic, classes }: Examples, mark: 0 | 1): number[] => [
  ...classCounts({ classes, labels: labels.filter((_, i) => (synthetic?.[i] ?? 0) === mark) }),
];

it('adds as many rows to a class by copies as by any synthetic source', {
  timeout: 180_000,
}, async () => {
  const settings = fc.record({
    fillTo: fc.integer({ min: 1, max: MOST }),
    undersample: fc.integer({ min: 0, max: 26 }),
    ratio: fc.constantFrom(0, 0.5, 1.3, 100),
  });
  await fc.assert(
    fc.asyncProperty(settings, async (given) => {
      const { folder, cells } = studyOf(given);
      const missing = missingRows(store.examples('train'), { ...given, source: 'gan-random' });
      const added: number[][] = [];
      for (const cell of cells) {
        const examples = await examplesOf(folder, cell);
        const kept = given.undersample || Number.POSITIVE_INFINITY;
        expect(rowsMarked(examples, 0)).toEqual(REAL.map((count) => Math.min(count, kept)));
        const synthetic = rowsMarked(examples, 1);
        if (cell.arm.synthetic === 'none') expect(synthetic).toEqual([0, 0, 0]);
        else added.push(synthetic);
      }
      expect(new Set(added.map(String)).size).toBe(1);
      added[0]!.forEach((count, label) => {
        expect(count).toBeLessThanOrEqual(missing[label]!);
        expect(count).toBe(Math.min(missing[label]!, Math.floor(given.ratio * REAL[label]!)));
      });
    }),
    { numRuns: 12, examples: [[{ fillTo: 20, undersample: 3, ratio: 100 }]] },
  );
});

it('gives every arm as many rows of a class as the samples have that a study is made for', async () => {
  const [few, accepted] = [join(temporaryFolder('few'), 'few.h5'), [0, 7, 2]];
  const made = toyArchive(store, [5, 9, 2]);
  const left = new Map(store.classes.map((group, label) => [group, accepted[label]!]));
  made.passports = made.passports!.map((passport) => {
    const more = left.get(passport.class)!;
    left.set(passport.class, more - 1);
    return { ...passport, accepted: more > 0 };
  });
  await writeArchive(few, made);
  const { study } = studyOf({ fillTo: MOST, undersample: 0, ratio: 100 }).folder;
  const folder = openStudyFolder(temporaryFolder('given'), { ...study, archive: few });
  for (const cell of planCells(folder.study).filter(({ arm }) => arm.synthetic !== 'none')) {
    const examples = await examplesOf(folder, cell);
    expect(rowsMarked(examples, 1), cell.arm.name).toEqual(accepted);
  }
});

/** The toy store, every material with a cell and a formula of its own class. */
function withProperties(plain: Store): Store {
  const facts = (row: number) => ({
    ...plain.facts(row),
    cell: [4 + plain.rows.label[row]!, 5, 6, 90, 90, 90] as const,
    formula: ['Fe8 O12', 'Na4 Cl4', 'Si8'][plain.rows.label[row]!]!,
  });
  return Object.create(plain, { facts: { value: facts } }) as Store;
}

it.each(['none', 'copies', 'gan-random'] as const)(
  'a multitask arm with synthetic %s learns the cells and elements of its real rows',
  async (synthetic) => {
    const { folder, cells } = studyOf({ fillTo: 12, undersample: 10, ratio: 100 });
    const cell = cells.find(({ arm }) => arm.synthetic === synthetic)!;
    for (const pool of poolsOf(cell)) {
      const file = poolFile(folder, cell, pool);
      mkdirSync(dirname(file), { recursive: true });
      copyFileSync(plenty, file);
    }
    const { examples } = await trainingSet(
      folder,
      settledCells({ ...cell, arm: { ...cell.arm, multitask: true } })[0]!,
      withProperties(store),
    );
    const table = taskTable(examples);
    examples.labels.forEach((label, i) => {
      const made = synthetic === 'gan-random' && examples.synthetic![i] === 1;
      expect([table.cellKnown[i], table.elementsKnown[i]]).toEqual(made ? [0, 0] : [1, 1]);
      if (!made) expect(Math.exp(table.cell[i * 7]!)).toBeCloseTo(4 + label, 4);
    });
  },
);
