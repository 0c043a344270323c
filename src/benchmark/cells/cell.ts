import { existsSync } from 'node:fs';
import { report } from '../../../classifier/metrics.ts';
import { digestOf } from '../../common/digest.ts';
import { usageError } from '../../common/errors.ts';
import { writeAtomic } from '../../common/files.ts';
import { withOutputLock } from '../../common/lock.ts';
import type { ProgressFactory } from '../../common/progress.ts';
import { processorName, readJson } from '../../common/run.ts';
import { didYouMean } from '../../common/suggest.ts';
import { materialCounts, type RealExamples } from '../../dataset/examples.ts';
import { openStore, type Store } from '../../dataset/store/store.ts';
import { engine } from '../../engine/tf.ts';
import { checkBasis, type StudyFolder } from '../study/folder.ts';
import { divideStore, studyStore } from '../study/store.ts';
import { type CellPlan, planCells } from '../study/study.ts';
import { effortOf } from './candidates.ts';
import type { CellResult, Predictions } from './result.ts';
import { type ChosenTraining, trainArm } from './training.ts';

function predictionsOf(probabilities: Float32Array, test: RealExamples): Predictions {
  const classes = test.classes.length;
  const rows = Array.from(test.labels, (label, i) => {
    const row = probabilities.subarray(i * classes, (i + 1) * classes);
    const order = [...row.keys()].sort((a, b) => row[b]! - row[a]!);
    return { top: order[0]!, inTop5: order.slice(0, 5).includes(label), p: row[order[0]!]! };
  });
  return {
    labels: [...test.labels],
    materials: [...test.materials],
    top1: rows.map(({ top }) => top),
    inTop5: rows.map(({ inTop5 }) => inTop5),
    confidence: rows.map(({ p }) => Number(p.toFixed(4))),
  };
}

/** Headline figures of a classifier's report, as they go into the result. */
function headline(
  probabilities: Float32Array,
  test: RealExamples,
  trainCounts: number[],
): Record<string, number> {
  const full = report(probabilities, test.labels, { classes: test.classes, trainCounts });
  const kept = [
    'macroF1',
    'macroPrecision',
    'macroRecall',
    'weightedF1',
    'balancedAccuracy',
    'gMean',
    'top1',
    'top3',
    'top5',
    'many',
    'medium',
    'few',
    'ece',
  ] as const;
  return Object.fromEntries(kept.map((name) => [name, full[name] ?? Number.NaN]));
}

export interface CellWork {
  folder: StudyFolder;
  cell: CellPlan;
  progress?: ProgressFactory;
}

interface Ended {
  trained: ChosenTraining;
  /** The whole store, and as the cell sees it. */
  data: Store;
  store: Store;
  withheld: number[];
  test: RealExamples;
  trainCounts: number[];
  probabilities: Float32Array;
}

/** What a cell writes down. */
function outcomeOf({ folder, cell }: CellWork, ended: Ended): CellResult {
  const { trained, data, store, withheld, test, trainCounts, probabilities } = ended;
  const { study } = folder;
  const { examples, digests } = trained.set;
  const synthetic = examples.synthetic?.reduce((a, b) => a + b, 0) ?? 0;
  const { tried } = trained;
  return {
    study: study.name,
    cell: cell.id,
    arm: cell.arm.name,
    seed: cell.seed,
    split: cell.split,
    ...(cell.budget !== null && { budget: cell.budget }),
    ...(withheld.length > 0 && { withheld }),
    trainCounts,
    classes: store.classes,
    predictions: predictionsOf(probabilities, test),
    metrics: headline(probabilities, test, trainCounts),
    chosen: { ...trained.choice.chosen, ...(tried.length > 0 && { ratio: trained.ratio }) },
    tuning: { ...effortOf(cell.arm), ...(tried.length > 0 && { tried }) },
    training: {
      real: examples.count - synthetic,
      synthetic,
      updates: study.updates,
      seconds: Math.round(trained.seconds * 10) / 10,
      threads: engine.threads,
      processor: processorName(),
    },
    digests: {
      data: data.digest,
      store: store.digest,
      classifier: trained.classifier.digest,
      study: digestOf(study),
      ...digests,
    },
  };
}

/**
 * Runs one cell: the training set of its arm, a classifier with the study's updates, choices on
 * validation, and last the real materials that the study is judged on. The result is written atomically.
 */
export function runCell(work: CellWork): Promise<CellResult> {
  const result = work.folder.resultFile(work.cell);
  // Another process that runs the same study may be at this very cell.
  return withOutputLock(result, async () =>
    existsSync(result) ? readJson<CellResult>(result) : makeCell(work),
  );
}

async function makeCell(work: CellWork): Promise<CellResult> {
  const { folder, cell } = work;
  const whole = await openStore(await studyStore(folder.study));
  checkBasis(folder, { data: whole.digest, threads: engine.threads });
  const { store, whole: unlimited, withheld } = divideStore(whole, cell, folder.study);
  // Bands tell how rare a class is in the data, so that budgets are compared on the same classes.
  const trainCounts = materialCounts(unlimited.examples('train'));
  try {
    const trained = await trainArm({ ...work, store });
    const test = store.examples(folder.study.comparedOn);
    const probabilities = trained.choice.apply(trained.classifier.predict(test));
    const outcome = outcomeOf(work, {
      trained,
      data: whole,
      store,
      withheld,
      test,
      trainCounts,
      probabilities,
    });
    trained.classifier.dispose();
    // On one line: thousands of predictions, which studies keep in a repository.
    writeAtomic(folder.resultFile(cell), `${JSON.stringify(outcome)}\n`);
    return outcome;
  } finally {
    whole.close();
  }
}

/**
 * Runs the cells of a study that have these names, all of them also where one fails.
 *
 * @throws what the first of them threw that failed.
 */
export async function runCells(folder: StudyFolder, ids: readonly string[]): Promise<void> {
  const cells = planCells(folder.study);
  const failures: unknown[] = [];
  for (const id of ids) {
    const cell = cells.find((plan) => plan.id === id);
    if (!cell) {
      const names = cells.map((plan) => plan.id);
      throw usageError(`no cell ${id} in ${folder.path}`, didYouMean(id, names));
    }
    await runCell({ folder, cell }).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}
