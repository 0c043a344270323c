import type { Classifier } from '../../../classifier/classifier.ts';
import { classifierSpec } from '../../../classifier/spec.ts';
import { trainClassifier } from '../../../classifier/train.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import type { Store } from '../../dataset/store/store.ts';
import type { StudyFolder } from '../study/folder.ts';
import type { CellPlan } from '../study/study.ts';
import { type SettledCell, settledCells } from './candidates.ts';
import { choosePrior, type PriorChoice } from './choose.ts';
import { type TrainingSet, trainingSet } from './training-set.ts';

export interface ArmWork {
  folder: StudyFolder;
  cell: CellPlan;
  store: Store;
  progress?: ProgressFactory;
}

/** One training of a cell. */
interface Trained {
  ratio: number;
  set: TrainingSet;
  classifier: Classifier;
  choice: PriorChoice;
}

/** The training that validation keeps, and what was tried. */
export interface ChosenTraining extends Trained {
  /** Macro-F1 on validation for each ratio; empty where one training was all. */
  tried: { ratio: number; macroF1: number }[];
  /** Seconds of all trainings together. */
  seconds: number;
}

async function trainOnce(work: ArmWork, cell: SettledCell): Promise<Trained> {
  const { folder, store, progress = silentProgress } = work;
  const { updates, batch, rate } = folder.study;
  const set = await trainingSet(folder, cell, store);
  const { examples } = set;
  const validation = store.examples('validation');
  const classifier = await trainClassifier({
    examples,
    validation,
    spec: classifierSpec(store, { multitask: cell.arm.multitask }),
    techniques: cell.arm.techniques,
    updates,
    batch,
    rate,
    seed: cell.seed,
    camera: store.camera,
    progress,
  });
  const choice = choosePrior({ arm: cell.arm, classifier, examples, validation });
  return { ratio: cell.arm.ratio, set, classifier, choice };
}

/**
 * Trains the classifier of a cell with the study's updates: once, or once for each candidate of the
 * ratio, of which the one with the best macro-F1 on validation is kept (the first of equals).
 */
export async function trainArm(work: ArmWork): Promise<ChosenTraining> {
  const started = performance.now();
  const cells = settledCells(work.cell);
  let best = await trainOnce(work, cells[0]!);
  const tried: ChosenTraining['tried'] = [];
  if (cells.length > 1) {
    tried.push({ ratio: best.ratio, macroF1: best.choice.score() });
    for (const cell of cells.slice(1)) {
      const next = await trainOnce(work, cell);
      tried.push({ ratio: next.ratio, macroF1: next.choice.score() });
      const better = tried.slice(0, -1).every(({ macroF1 }) => macroF1 < tried.at(-1)!.macroF1);
      (better ? best : next).classifier.dispose();
      if (better) best = next;
    }
  }
  return { ...best, tried, seconds: (performance.now() - started) / 1000 };
}
