import { inputError } from '../src/common/errors.ts';
import { type Anomaly, anomalyText, isFatal } from '../src/dataset/anomaly.ts';
import { readTriplets } from '../src/dataset/import/import.ts';
import { readImportManifest } from '../src/dataset/import/manifest.ts';
import { joinTriplets, toPixels } from '../src/dataset/intensity/transform.ts';
import { readSummit } from '../src/dataset/summit/summit.ts';
import type { Camera } from '../src/simulate/camera.ts';
import type { Sample } from '../src/simulate/sample.ts';
import type { Classifier, TrainedClassifier } from './classifier.ts';

/** A space group and its probability. */
export interface Guess {
  spaceGroup: number;
  probability: number;
}

/** What a classifier says of one triplet of a file. */
export interface Prediction {
  file: string;
  key: string;
  material: string;
  /** What the file says, the truth where it is one; 0 where it says nothing. */
  spaceGroup: number;
  /** Likeliest first. */
  top: Guess[];
  /** (size, size, 3) stored values that the classifier saw. */
  pixels: Uint8Array;
}

export interface PredictOptions {
  /** Guesses a triplet. */
  top?: number;
  /** Receives what is wrong with samples and files. */
  warn?: (message: string) => void;
  /** The camera the classifier was trained with; others are warned of. */
  camera?: Camera;
  /** What of a sample the classifier was not trained for, in words; warned of once a file. */
  misfit?: (sample: Sample) => string | null;
}

const BLOCK = 32;

/** The `count` likeliest classes of a row of probabilities. */
export const topGuesses = (row: Float32Array, classes: readonly number[], count: number): Guess[] =>
  Array.from(row, (probability, label) => ({ spaceGroup: classes[label]!, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count);

/** Scattering vector at the edge of a pattern, 1/angstrom. */
const reach = ({ size, pixel }: Camera): number => (size * pixel) / 2;

const differs = (a: Camera, b: Camera): boolean => Math.abs(reach(a) / reach(b) - 1) > 0.02;

type Read = Pick<Prediction, 'file' | 'key' | 'material' | 'spaceGroup' | 'pixels'>;

function* predictBlock(classifier: Classifier, block: Read[], top: number): Generator<Prediction> {
  const { classes } = classifier;
  const pixels = joinTriplets(block.map((one) => one.pixels));
  const probabilities = classifier.predict(pixels);
  for (const [i, one] of block.entries()) {
    const row = probabilities.subarray(i * classes.length, (i + 1) * classes.length);
    yield { ...one, top: topGuesses(row, classes, top) };
  }
}

/** Predictions for every readable triplet of files in the Summit layout, a few in memory at a time. */
export async function* predictFiles(
  classifier: Classifier,
  paths: readonly string[],
  options: PredictOptions = {},
): AsyncGenerator<Prediction> {
  const { top = 5, warn = () => {}, camera, misfit = () => null } = options;
  const complain = (anomaly: Anomaly) => isFatal(anomaly) && warn(anomalyText(anomaly));
  for (const file of paths) {
    let block: Read[] = [];
    let warned = false;
    const misfits = new Set<string>();
    for await (const found of readSummit([file])) {
      if ('anomaly' in found) {
        complain(found.anomaly);
        continue;
      }
      if (camera && !warned && differs(camera, found.ok.camera)) {
        warned = true;
        warn(
          `${file} reaches ${reach(found.ok.camera).toFixed(2)} 1/angstrom, the training data ${reach(camera).toFixed(2)}: probabilities may mean little`,
        );
      }
      const reason = misfit(found.ok);
      if (reason !== null && !misfits.has(reason)) {
        misfits.add(reason);
        warn(`${file}: the classifier was not trained for ${reason}`);
      }
      const { key, material, spaceGroup, stack, camera: seen } = found.ok;
      const pixels = toPixels(stack, seen.size, classifier.size);
      block.push({ file, key, material, spaceGroup, pixels });
      if (block.length === BLOCK) {
        yield* predictBlock(classifier, block, top);
        block = [];
      }
    }
    if (block.length > 0) yield* predictBlock(classifier, block, top);
  }
}

/**
 * Predictions for measured triplets: a manifest of `gan data import`, whose space groups and materials
 * may be empty.
 *
 * @throws an input error that names the line and the file at the first that cannot be read, or
 *   where the classifier does not say how its patterns were sampled.
 * @example
 * for await (const { key, top } of predictManifest(classifier, 'scans.csv')) {
 *   console.log(key, top[0]);
 * }
 * @category Classifiers
 */
export async function* predictManifest(
  classifier: TrainedClassifier,
  manifest: string,
  { top = 5 }: Pick<PredictOptions, 'top'> = {},
): AsyncGenerator<Prediction> {
  const { camera } = classifier;
  if (!camera) throw inputError('the classifier does not know its camera', 'train it on a store');
  const rows = readImportManifest(manifest, { labelled: false });
  for await (const triplet of readTriplets(manifest, rows, { camera })) {
    const { key, material, spaceGroup, pixels } = triplet;
    yield* predictBlock(classifier, [{ file: manifest, key, material, spaceGroup, pixels }], top);
  }
}
