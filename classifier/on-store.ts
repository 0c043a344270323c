import { inputError } from '../src/common/errors.ts';
import type { ProgressFactory } from '../src/common/progress.ts';
import { type Examples, materialCounts } from '../src/dataset/examples.ts';
import { SPLITS, type Split } from '../src/dataset/split.ts';
import type { Store } from '../src/dataset/store/store.ts';
import type { Classifier } from './classifier.ts';
import { type Report, report } from './metrics.ts';
import { type TaskReport, taskReport, taskTable } from './multitask.ts';
import type { TrainSettings } from './options.ts';
import { SingleClassifier } from './single.ts';
import { classifierSpec } from './spec.ts';
import { predictViews } from './test-time.ts';
import { type TrainedClassifier, trainClassifier } from './train.ts';

/** @throws input error when the store lacks a split that is needed. */
export function checkSplits(
  store: Store,
  needed: readonly Split[] = ['train', 'validation'],
): void {
  for (const split of needed) {
    if (store.indices(split).length === 0) {
      const present = SPLITS.filter((other) => store.indices(other).length > 0);
      throw inputError(
        `${store.path} has no ${split} split, only ${present.join(', ') || 'nothing'}`,
        'prepare it with gan data prepare',
      );
    }
  }
}

export interface StoreTraining {
  /** Rows to train on instead of the training split, such as a mixture of this store. */
  examples?: Examples;
  checkpoint?: { file: string; every: number };
  progress?: ProgressFactory;
}

/** Trains on the training split of a store, or on given rows, and reports on its validation split. */
export async function trainOnStore(
  store: Store,
  settings: TrainSettings,
  { examples = store.examples('train'), checkpoint, progress }: StoreTraining,
): Promise<{ classifier: TrainedClassifier; validation: Report; tasks: TaskReport | null }> {
  checkSplits(store);
  const {
    network,
    width,
    multitask,
    consistency,
    technique,
    updates,
    batch,
    rate,
    patience,
    seed,
  } = settings;
  const validation = store.examples('validation');
  const spec = classifierSpec(store, { network, width, multitask, consistency });
  const classifier = await trainClassifier({
    examples,
    validation,
    spec,
    techniques: technique,
    camera: store.camera,
    ...{ updates, batch, rate, patience, seed, checkpoint, progress },
  });
  const outcome = evaluateOn(store, 'validation', classifier);
  return { classifier, validation: outcome.report, tasks: outcome.tasks };
}

/** What an evaluation gives. */
export interface Evaluation {
  report: Report;
  /** (N, K). */
  probabilities: Float32Array;
  labels: Int32Array;
  /** How the other heads do; null for a network that has none. */
  tasks: TaskReport | null;
}

/**
 * Metrics of a classifier on a split of a store.
 *
 * @param views average the probabilities over four mirrored and turned views of each triplet.
 * @throws input error when sizes or classes do not fit, or a test material was trained on.
 */
export function evaluateOn(
  store: Store,
  split: Split,
  classifier: Classifier,
  { views = false } = {},
): Evaluation {
  checkSplits(store, [split]);
  checkFit(store, classifier);
  const examples = store.examples(split);
  if (split !== 'train') refuseSeen(classifier, examples.materials, `${store.path} (${split})`);
  const probabilities = views ? predictViews(classifier, examples) : classifier.predict(examples);
  const trainCounts = materialCounts(store.examples('train'));
  const outcome = report(probabilities, examples.labels, { classes: store.classes, trainCounts });
  const said = classifier instanceof SingleClassifier ? classifier.properties(examples) : null;
  const tasks = said && taskReport(said, taskTable(examples));
  return { report: outcome, probabilities, labels: examples.labels, tasks };
}

function checkFit(store: Store, { classes, size }: Classifier): void {
  if (store.size !== size) {
    throw inputError(
      `${store.path} has patterns of ${store.size} pixels, the classifier wants ${size}`,
    );
  }
  if (store.classes.join() !== classes.join()) {
    throw inputError(
      `${store.path} has other space groups than the classifier`,
      'evaluate on the store it was trained on, or use gan classify predict',
    );
  }
}

/** @throws input error when a material to be tested is one the classifier was trained on. */
export function refuseSeen(
  { seen }: Pick<Classifier, 'seen'>,
  materials: readonly string[],
  what: string,
): void {
  const known = new Set(seen.materials);
  const leaked = materials.find((material) => known.has(material));
  if (leaked !== undefined) {
    throw inputError(`${what} holds material ${leaked}, which the classifier was trained on`);
  }
}
