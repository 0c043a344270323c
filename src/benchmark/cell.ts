import type { Classifier } from '../../classifier/classifier.ts';
import { report } from '../../classifier/metrics.ts';
import { classifierSpec } from '../../classifier/spec.ts';
import { trainClassifier } from '../../classifier/train.ts';
import type { Examples, RealExamples } from '../dataset/examples.ts';
import type { Store } from '../dataset/store.ts';
import { digestOf } from '../ground/digest.ts';
import { usageError } from '../ground/errors.ts';
import { writeJson } from '../ground/files.ts';
import { type ProgressFactory, silentProgress } from '../ground/progress.ts';
import { didYouMean } from '../ground/suggest.ts';
import { choosePrior, type PriorChoice } from './choose.ts';
import { openDivided } from './divided.ts';
import type { StudyFolder } from './folder.ts';
import type { Outcome, Predictions } from './outcome.ts';
import { type CellPlan, planCells } from './study.ts';
import { trainingSet } from './training-set.ts';

const materialCounts = (examples: Examples): number[] => {
  const materials = examples.classes.map(() => new Set<string>());
  examples.labels.forEach((label, i) => {
    materials[label]!.add(examples.materials[i]!);
  });
  return materials.map((set) => set.size);
};

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

interface Trained {
  classifier: Classifier;
  choice: PriorChoice;
  seconds: number;
}

async function train(work: CellWork, store: Store, examples: Examples): Promise<Trained> {
  const { folder, cell, progress = silentProgress } = work;
  const { updates, batch } = folder.study;
  const started = performance.now();
  const classifier = await trainClassifier({
    examples,
    validation: store.examples('validation'),
    spec: classifierSpec(store, { multitask: cell.arm.multitask }),
    techniques: cell.arm.techniques,
    updates,
    batch,
    seed: cell.seed,
    camera: store.camera,
    progress,
  });
  const choice = choosePrior({
    arm: cell.arm,
    classifier,
    examples,
    validation: store.examples('validation'),
  });
  return { classifier, choice, seconds: (performance.now() - started) / 1000 };
}

/**
 * Runs one cell: the training set of its arm, a classifier with the study's updates, choices on
 * validation, and last the real materials that the study is judged on. The result is written atomically.
 */
export async function runCell(work: CellWork): Promise<Outcome> {
  const { folder, cell } = work;
  const store = await openDivided(folder.study, cell.split);
  try {
    const set = await trainingSet(folder, cell, store);
    const { classifier, choice, seconds } = await train(work, store, set.examples);
    const test = store.examples(folder.study.judgedOn);
    const probabilities = choice.apply(classifier.predict(test));
    const trainCounts = materialCounts(store.examples('train'));
    const synthetic = set.examples.synthetic?.reduce((a, b) => a + b, 0) ?? 0;
    const outcome: Outcome = {
      study: folder.study.name,
      cell: cell.id,
      arm: cell.arm.name,
      seed: cell.seed,
      split: cell.split,
      trainCounts,
      classes: store.classes,
      predictions: predictionsOf(probabilities, test),
      metrics: headline(probabilities, test, trainCounts),
      chosen: choice.chosen,
      training: {
        real: set.examples.count - synthetic,
        synthetic,
        updates: folder.study.updates,
        seconds: Math.round(seconds * 10) / 10,
      },
      digests: {
        store: store.digest,
        classifier: classifier.digest,
        study: digestOf(folder.study),
        ...set.digests,
      },
    };
    classifier.dispose();
    writeJson(folder.resultFile(cell), outcome);
    return outcome;
  } finally {
    store.close();
  }
}

/** Runs the cell of a study that has this name. */
export async function runCellById(folder: StudyFolder, id: string): Promise<Outcome> {
  const cells = planCells(folder.study);
  const cell = cells.find((plan) => plan.id === id);
  if (!cell)
    throw usageError(
      `no cell ${id} in ${folder.path}`,
      didYouMean(
        id,
        cells.map((plan) => plan.id),
      ),
    );
  return runCell({ folder, cell });
}
