import type { Classifier } from '../../classifier/classifier.ts';
import { loadClassifier } from '../../classifier/load.ts';
import { predictedLabels } from '../../classifier/metrics.ts';
import { classifierSpec } from '../../classifier/spec.ts';
import { trainClassifier } from '../../classifier/train.ts';
import { inputError } from '../../src/common/errors.ts';
import type { ProgressFactory } from '../../src/common/progress.ts';
import type { Examples, RealExamples } from '../../src/dataset/examples.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { materialParts } from '../leak-guard.ts';

/**
 * Loads a classifier to judge synthetic triplets with: of the store's classes and size, and one
 * that learned from training materials of the store only.
 *
 * @throws input error where it has seen anything else, or guided the generator.
 */
export async function loadVerifier(
  folder: string,
  store: Store,
  guide: string | null,
): Promise<Classifier> {
  const classifier = await loadClassifier(folder);
  const problem = problemOf(classifier, store, guide);
  if (problem) {
    classifier.dispose();
    throw inputError(`the classifier in ${folder} ${problem}`, 'train another: gan classify train');
  }
  return classifier;
}

function problemOf(classifier: Classifier, store: Store, guide: string | null): string | null {
  if (classifier.digest === guide) return 'guided the generator, so its opinion proves nothing';
  if (classifier.size !== store.size) return `sees ${classifier.size} pixels a side`;
  if (classifier.classes.join() !== store.classes.join()) return 'knows other classes';
  const parts = materialParts(store);
  const strange = classifier.seen.materials.find((material) => parts.get(material) !== 'train');
  if (strange === undefined) return null;
  return `learned from ${strange}, no training material of this store`;
}

export interface QuickTraining {
  updates: number;
  seed: number;
  progress: ProgressFactory;
}

/** The baseline that is hardest to beat. */
const TECHNIQUES = ['logit-adjustment', 'flips', 'dilation'];

/** Trains a verifier on the training part of a store. */
export function trainVerifier(store: Store, training: QuickTraining): Promise<Classifier> {
  return trainClassifier({
    examples: store.examples('train'),
    validation: store.examples('validation'),
    spec: classifierSpec(store),
    techniques: TECHNIQUES,
    camera: store.camera,
    ...training,
  });
}

/** Trains a plain classifier on one set and predicts labels of another: what the CAS asks for. */
export const fitAndPredict =
  (training: QuickTraining) =>
  async (examples: Examples, held: RealExamples): Promise<Int32Array> => {
    const spec = classifierSpec(examples);
    // One look, at the end: the held-out triplets do not choose the weights.
    const options = { examples, validation: held, spec, evaluations: 1, ...training };
    const classifier = await trainClassifier(options);
    const labels = predictedLabels(classifier.predict(held), held.classes.length);
    classifier.dispose();
    return labels;
  };
