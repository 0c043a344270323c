import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Classifier, TrainedClassifier } from '../../classifier/classifier.ts';
import { loadClassifier } from '../../classifier/load.ts';
import { classifierSpec } from '../../classifier/spec.ts';
import { trainClassifier } from '../../classifier/train.ts';
import { digestOf } from '../../src/common/digest.ts';
import { inputError } from '../../src/common/errors.ts';
import { writeJson } from '../../src/common/files.ts';
import type { ProgressFactory } from '../../src/common/progress.ts';
import { newestRun, type Run, readJson, runsOf } from '../../src/common/run.ts';
import type { Examples, RealExamples } from '../../src/dataset/examples.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { materialParts } from '../leak-guard.ts';

/** A sample at a boundary may be taken for its partner, but not for a third class. */
export const AMONG = 2;

/** What a classifier says of triplets. */
export interface Opinions {
  classes: readonly number[];
  /** (N, classes) probabilities. */
  probabilities: ArrayLike<number>;
  /** Space groups that it finds too seldom in real triplets to be heard about them. */
  unrecognised: readonly number[];
}

/** Share of the real triplets of a class that must have it among the likeliest. */
const RECOGNISED = 0.5;

/**
 * Space groups whose held-out real triplets a classifier mostly does not recognise: its "no" to a
 * synthetic triplet of them would mean nothing. One success and one failure are counted with each
 * class, so that one triplet does not decide, and a class without any is heard.
 */
function unrecognisedBy(probabilities: Float32Array, held: RealExamples): number[] {
  const { classes } = held;
  const count = classes.length;
  const found = new Float64Array(count).fill(1);
  const all = new Float64Array(count).fill(2);
  held.labels.forEach((label, i) => {
    const row = probabilities.subarray(i * count, (i + 1) * count);
    const before = row.filter((p) => p > row[label]!).length;
    all[label]!++;
    if (before < AMONG) found[label]!++;
  });
  return classes.filter((_, label) => found[label]! / all[label]! < RECOGNISED);
}

/** What a classifier says of synthetic triplets, (N, size, size, 3) stored pixels, and of held-out real ones. */
export function opinionsOf(
  classifier: Classifier,
  pixels: Uint8Array,
  held: RealExamples,
): { made: Opinions; held: Opinions } {
  const { classes } = classifier;
  const onHeld = classifier.predict(held);
  const unrecognised = unrecognisedBy(onHeld, held);
  return {
    made: { classes, probabilities: classifier.predict(pixels), unrecognised },
    held: { classes, probabilities: onHeld, unrecognised },
  };
}

/**
 * Loads a classifier that is to check synthetic triplets: of the store's classes and size, and one
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
  return classifierMisfit(classifier, store);
}

/**
 * Why a classifier can neither guide a search on a store nor check its samples, in words; null where
 * it can: it sees patterns of that size and of those classes, and learned from training materials.
 */
export function classifierMisfit(classifier: Classifier, store: Store): string | null {
  if (classifier.size !== store.size) {
    return `sees ${classifier.size} pixels a side, the store has ${store.size}`;
  }
  if (classifier.classes.join() !== store.classes.join()) return 'knows other classes';
  const parts = materialParts(store);
  const strange = classifier.seen.materials.find((material) => parts.get(material) !== 'train');
  if (strange === undefined) return null;
  if (strange.startsWith('synthetic:')) return 'learned from a mixture with synthetic triplets';
  return `learned from ${strange}, no training material of this store`;
}

export interface QuickTraining {
  updates: number;
  seed: number;
  progress?: ProgressFactory;
}

/** The baseline that is hardest to beat. */
const TECHNIQUES = ['logit-adjustment', 'flips', 'dilation'];

/**
 * Trains a verifier on the training part of a store.
 *
 * @example
 * const verifier = await trainVerifier(store, { updates: 600, seed: 1001 });
 * @category Archives and mixing
 */
export function trainVerifier(store: Store, training: QuickTraining): Promise<TrainedClassifier> {
  return trainClassifier({
    examples: store.examples('train'),
    validation: store.examples('validation'),
    spec: classifierSpec(store),
    techniques: TECHNIQUES,
    camera: store.camera,
    ...training,
  });
}

const CLASSIFIER_FILE = 'classifier.safetensors';

/** Whether a classifier learned from a mixture: what it thinks of synthetic triplets judges none. */
function learnedMixture({ file }: Run): boolean {
  const config = file('config.json');
  return existsSync(config) && Boolean(readJson<{ mixture?: unknown }>(config).mixture);
}

/** The newest run of `gan classify train`, of a store where it has some, that learned from real triplets alone. */
export const newestOfReal = (data?: string): Run | null =>
  newestRun('classifier', CLASSIFIER_FILE, data, (run) => !learnedMixture(run));

/** Folder inside a score run with the verifier that was trained for it. */
export const VERIFIER_FOLDER = 'verifier';
const KEPT_FILE = join(VERIFIER_FOLDER, CLASSIFIER_FILE);

/** Folders of the verifiers that the score runs of the workspace keep, the newest first. */
export const keptVerifiers = (): string[] =>
  runsOf('score', KEPT_FILE).map((run) => run.file(VERIFIER_FOLDER));

/** The newest of them, of a store where it has some. */
export function newestKept(data?: string): { folder: string } | null {
  const run = newestRun('score', KEPT_FILE, data);
  return run && { folder: run.file(VERIFIER_FOLDER) };
}

/** What a kept verifier was trained from; its digest says whether another training would give the same. */
const RECIPE_FILE = 'recipe.json';

/** Everything that `trainVerifier` depends on; the store's digest holds its division. */
const verifierRecipe = (store: Store, { updates, seed }: QuickTraining) => ({
  store: store.digest,
  ...{ updates, seed, techniques: TECHNIQUES, spec: classifierSpec(store) },
});

/** Keeps a verifier beside what was scored with it, for `keptVerifier` to find. */
export async function keepVerifier(
  verifier: TrainedClassifier,
  folder: string,
  made: { store: Store; training: QuickTraining },
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await verifier.save(folder);
  writeJson(join(folder, RECIPE_FILE), verifierRecipe(made.store, made.training));
}

/** The first of the folders that holds what `trainVerifier` would train on this store; null where none does. */
export function keptVerifier(
  folders: readonly string[],
  store: Store,
  training: QuickTraining,
): string | null {
  const wanted = digestOf(verifierRecipe(store, training));
  const same = (folder: string): boolean => {
    const recipe = join(folder, RECIPE_FILE);
    return existsSync(recipe) && digestOf(readJson(recipe)) === wanted;
  };
  return folders.find(same) ?? null;
}

/**
 * Trains a plain classifier on one set and gives its (count, classes) probabilities of another: what
 * the classification accuracy score and the network's two-sample test ask for.
 */
export const fitAndPredict =
  (training: QuickTraining) =>
  async (examples: Examples, others: Examples): Promise<Float32Array> => {
    const held: RealExamples = { ...others, synthetic: undefined };
    const spec = classifierSpec(examples);
    // One look, at the end: the held-out triplets do not choose the weights.
    const options = { examples, validation: held, spec, evaluations: 1, ...training };
    const classifier = await trainClassifier(options);
    const probabilities = classifier.predict(held);
    classifier.dispose();
    return probabilities;
  };
