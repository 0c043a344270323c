import { inputError } from '../src/common/errors.ts';
import { anomalyText, isFatal } from '../src/dataset/anomaly.ts';
import { readTriplets } from '../src/dataset/import/import.ts';
import { readImportManifest } from '../src/dataset/import/manifest.ts';
import { joinTriplets, resampledCamera, toPixels } from '../src/dataset/intensity/transform.ts';
import { isStore, openStore } from '../src/dataset/store/store.ts';
import { readSummit } from '../src/dataset/summit/summit.ts';
import type { Camera } from '../src/simulate/camera.ts';
import type { SampleFacts } from '../src/simulate/sample.ts';
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
  /** Reciprocal size of one of them, 1/angstrom. */
  pixel: number;
}

export interface PredictOptions {
  /** Guesses a triplet. */
  top?: number;
  /** Receives what is wrong with samples and files. */
  warn?: (message: string) => void;
  /** The camera the classifier was trained with; others are warned of. */
  camera?: Camera;
  /** What of a sample the classifier was not trained for, in words; warned of once a file. */
  misfit?: (facts: SampleFacts) => string | null;
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

type Read = Pick<Prediction, 'file' | 'key' | 'material' | 'spaceGroup' | 'pixels' | 'pixel'>;

function* predictBlock(classifier: Classifier, block: Read[], top: number): Generator<Prediction> {
  const { classes } = classifier;
  const pixels = joinTriplets(block.map((one) => one.pixels));
  const probabilities = classifier.predict(pixels);
  for (const [i, one] of block.entries()) {
    const row = probabilities.subarray(i * classes.length, (i + 1) * classes.length);
    yield { ...one, top: topGuesses(row, classes, top) };
  }
}

/** Says, once a file, what of its triplets the classifier was not trained for. */
function misfitWarnings(
  file: string,
  { warn = () => {}, camera, misfit = () => null }: PredictOptions,
): (seen: Camera, facts: SampleFacts) => void {
  const said = new Set<string>();
  const say = (line: string): void => {
    if (!said.has(line)) warn(line);
    said.add(line);
  };
  return (seen, facts) => {
    if (camera && differs(camera, seen)) {
      say(
        `${file} reaches ${reach(seen).toFixed(2)} 1/angstrom, the training data ${reach(camera).toFixed(2)}: probabilities may mean little`,
      );
    }
    const reason = misfit(facts);
    if (reason !== null) say(`${file}: the classifier was not trained for ${reason}`);
  };
}

/** The triplets of a prepared store, all parts of it. */
async function* readStore(
  classifier: Classifier,
  file: string,
  options: PredictOptions,
): AsyncGenerator<Read> {
  const store = await openStore(file);
  try {
    if (store.size !== classifier.size) {
      throw inputError(
        `${file} has patterns of ${store.size} pixels a side, the classifier takes ${classifier.size}`,
        `prepare it with --size ${classifier.size}`,
      );
    }
    const check = misfitWarnings(file, options);
    for (let row = 0; row < store.count; row++) {
      const facts = store.facts(row);
      check(store.camera, facts);
      const { material, spaceGroup } = facts;
      const pixels = store.images([row]);
      const { pixel } = store.camera;
      yield { file, key: store.rows.key[row]!, material, spaceGroup, pixels, pixel };
    }
  } finally {
    store.close();
  }
}

/** The readable triplets of a file in the Summit layout; others are warned of. */
async function* readSamples(
  classifier: Classifier,
  file: string,
  options: PredictOptions,
): AsyncGenerator<Read> {
  const check = misfitWarnings(file, options);
  for await (const found of readSummit([file])) {
    if ('anomaly' in found) {
      if (isFatal(found.anomaly)) options.warn?.(anomalyText(found.anomaly));
      continue;
    }
    const { key, material, spaceGroup, stack, camera } = found.ok;
    check(camera, found.ok);
    yield {
      file,
      key,
      material,
      spaceGroup,
      pixels: toPixels(stack, camera.size, classifier.size),
      pixel: resampledCamera(camera, classifier.size).pixel,
    };
  }
}

/**
 * Predictions for every readable triplet of prepared stores and files in the Summit layout, a few in
 * memory at a time.
 *
 * @throws an input error where a store has patterns of another size than the classifier takes.
 */
export async function* predictFiles(
  classifier: Classifier,
  paths: readonly string[],
  options: PredictOptions = {},
): AsyncGenerator<Prediction> {
  const { top = 5 } = options;
  for (const file of paths) {
    let block: Read[] = [];
    const read = (await isStore(file)) ? readStore : readSamples;
    for await (const one of read(classifier, file, options)) {
      block.push(one);
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
    const { pixel } = camera;
    const read = { file: manifest, key, material, spaceGroup, pixels, pixel };
    yield* predictBlock(classifier, [read], top);
  }
}
