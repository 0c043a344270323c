import { logPrior } from '../../../classifier/class-weights.ts';
import type { Classifier } from '../../../classifier/classifier.ts';
import { trainInTurn } from '../../../classifier/fine-tune.ts';
import { report } from '../../../classifier/metrics.ts';
import type { TrainOptions } from '../../../classifier/options.ts';
import { classifierSpec } from '../../../classifier/spec.ts';
import { trainClassifier } from '../../../classifier/train.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import type { Examples, RealExamples } from '../../dataset/examples.ts';
import type { Store } from '../../dataset/store/store.ts';
import type { StudyFolder } from '../study/folder.ts';
import type { Arm, CellPlan } from '../study/study.ts';
import { type SettledCell, STRENGTHS, settledCells, usesPrior, WEIGHTS } from './candidates.ts';
import { type TrainingSet, trainingSet } from './training-set.ts';

/** What was chosen on validation, and how it changes probabilities. */
export interface PriorChoice {
  chosen: Record<string, number>;
  apply(probabilities: Float32Array): Float32Array;
  /** Macro-F1 on validation after it. */
  score(): number;
}

const countsWith = (examples: Examples, weight: number): Float64Array => {
  const counts = new Float64Array(examples.classes.length);
  examples.labels.forEach((label, i) => {
    counts[label]! += examples.synthetic?.[i] ? weight : 1;
  });
  return counts;
};

/** Probabilities after adding a shift to their logarithms. */
function shifted(probabilities: Float32Array, shift: Float32Array): Float32Array {
  const classes = shift.length;
  const out = new Float32Array(probabilities.length);
  for (let row = 0; row < probabilities.length; row += classes) {
    let total = 0;
    for (let c = 0; c < classes; c++) {
      out[row + c] = probabilities[row + c]! * Math.exp(shift[c]!);
      total += out[row + c]!;
    }
    for (let c = 0; c < classes; c++) out[row + c]! /= total;
  }
  return out;
}

/** One candidate: its name and value, and the shift it makes against the prior of the training. */
function candidates(
  arm: Arm,
  examples: Examples,
): { chosen: Record<string, number>; shift: Float32Array }[] {
  const trained = logPrior(countsWith(examples, 0), 1);
  const against = (other: Float32Array) => trained.map((value, c) => value - other[c]!);
  if (arm.synthetic === 'none') {
    return STRENGTHS.map((tau) => ({
      chosen: { tau },
      shift: against(trained.map((v) => v * tau)),
    }));
  }
  const weights = arm.weight === 'validation' ? WEIGHTS : [arm.weight];
  return weights.map((weight) => ({
    chosen: { weight },
    shift: against(logPrior(countsWith(examples, weight), 1)),
  }));
}

/**
 * Chooses the prior of a logit-adjusted arm on validation: the strength tau without synthetic
 * data, the weight of synthetic counts with them, three candidates each, so that no arm is tuned
 * more than another. Training uses the real counts; another prior is a shift of the logits.
 */
function choosePrior(options: {
  arm: Arm;
  classifier: Classifier;
  examples: Examples;
  validation: RealExamples;
}): PriorChoice {
  const { arm, classifier, examples, validation } = options;
  const macroF1 = (probabilities: Float32Array): number =>
    report(probabilities, validation.labels, { classes: validation.classes }).macroF1;
  if (!usesPrior(arm)) {
    return {
      chosen: {},
      apply: (values) => values,
      score: () => macroF1(classifier.predict(validation)),
    };
  }
  const probabilities = classifier.predict(validation);
  const scored = candidates(arm, examples).map((candidate) => ({
    ...candidate,
    macroF1: macroF1(shifted(probabilities, candidate.shift)),
  }));
  const best = scored.reduce((a, b) => (b.macroF1 > a.macroF1 ? b : a));
  return {
    chosen: best.chosen,
    apply: (values) => shifted(values, best.shift),
    score: () => best.macroF1,
  };
}

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
  const { updates, batch, rate, width } = folder.study;
  const set = await trainingSet(folder, cell, store);
  const { examples } = set;
  const validation = store.examples('validation');
  const options: TrainOptions = {
    examples,
    validation,
    spec: classifierSpec(store, {
      multitask: cell.arm.multitask,
      ...(width !== undefined && { width }),
    }),
    techniques: cell.arm.techniques,
    updates,
    rate,
    batch,
    seed: cell.seed,
    camera: store.camera,
    progress,
  };
  const share = cell.arm.pretrain;
  const classifier = await (share === undefined
    ? trainClassifier(options)
    : trainInTurn(options, share));
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
