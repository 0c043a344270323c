import { join } from 'node:path';
import { z } from 'zod';
import type { Classifier } from '../../classifier/classifier.ts';
import { loadClassifier } from '../../classifier/load.ts';
import { EPSILON_RANGE, searchSpaceOf } from '../../gan/boundary/search.ts';
import type { Generator } from '../../gan/generator.ts';
import { type GeneratorName, generatorKind, loadGenerator } from '../../gan/kinds.ts';
import type { Lineage } from '../../gan/lineage.ts';
import { CbedError, inputError, usageError } from '../../src/common/errors.ts';
import {
  defaultStorePath,
  type Run,
  readJson,
  requireRun,
  runsOf,
  storeOfRun,
  workspaceFolder,
} from '../../src/common/run.ts';
import { openStore, type Store } from '../../src/dataset/store/store.ts';
import { classifierMisfit, keptVerifiers, newestKept, newestOfReal } from '../checks/verifier.ts';
import { wantedClasses } from './wanted.ts';

/** Everything that samples are made with, opened. */
export interface Sampling {
  store: Store;
  generator: Generator;
  /** Space groups to make. */
  classes: readonly number[];
  /** The classifier that hesitates, and those of other seeds that must agree; near a boundary. */
  guide: Classifier | null;
  verifiers: readonly Classifier[];
  /** Folders of the verifiers where none was named. */
  chosenVerifiers?: readonly string[];
  close(): void;
}

export interface SamplingRequest {
  data: string;
  gan?: string;
  classes?: string;
  near: boolean;
  pair?: string;
  epsilon: number;
  guide?: string;
  verifier?: readonly string[];
}

const GENERATOR_FILE = 'model.safetensors';
/** What is used of the settings of a GAN run. */
const trainedSchema = z.object({ classes: z.string().optional() });
const CLASSIFIER_FILE = 'classifier.safetensors';
/** Verifiers taken from the workspace where none is named. */
const MOST_VERIFIERS = 2;

/**
 * The runs and the store that samples are made with: as named, else the newest GAN (of the store
 * where one is named), the store that it was trained on, and the newest classifier of that
 * store that learned from no mixture.
 *
 * @throws input error where there is no GAN.
 */
export function chooseMakers(named: {
  data?: string;
  gan?: string;
  guide?: string;
  near: boolean;
}): { data: string; gan: string; guide?: string } {
  const { near, guide } = named;
  const gan = ganRun(named.gan, named.data).folder;
  const data = named.data ?? storeOfRun(gan) ?? defaultStorePath();
  return { data, gan, ...(near && { guide: guide ?? newestGuide(data) }) };
}

/** The newest classifier (of the store where one is named) that learned from no mixture, else the newest verifier of a score. */
function newestGuide(data?: string): string | undefined {
  return (newestOfReal(data) ?? newestKept(data))?.folder;
}

const ganRun = (folder?: string, data?: string): Run =>
  requireRun('gan', folder, 'train one: npx gan train', GENERATOR_FILE, data);

/**
 * The generator of a GAN run, the newest where none is named, and the classes it was trained for.
 *
 * @throws input error where there is no run, or its file is no generator.
 */
export async function openGenerator(
  folder?: string,
): Promise<{ generator: Generator; trainedFor: string }> {
  const run = ganRun(folder);
  const { classes: trainedFor = 'rare' } = readJson(run.file('config.json'), trainedSchema);
  return { generator: await loadGenerator(run.file(GENERATOR_FILE)), trainedFor };
}

/** @throws input error where a generator was trained on another store. */
function checkStore(model: { lineage: Lineage }, store: Store): void {
  if (model.lineage.store === store.digest) return;
  throw inputError(
    `the GAN was trained on another store than ${store.path}`,
    'name its store with --data, or train a GAN on this one',
  );
}

/** Why a classifier cannot judge; null where it can. */
type Misfit = (classifier: Classifier) => string | null;

/** Guide and verifiers see the generator's size, know its classes, and learned from training materials. */
const misfitTo =
  (store: Store): Misfit =>
  (classifier) =>
    classifierMisfit(classifier, store);

async function openClassifier(folder: string, misfit: Misfit): Promise<Classifier> {
  const classifier = await loadClassifier(folder);
  try {
    const problem = misfit(classifier);
    if (problem) {
      throw inputError(
        `the classifier in ${folder} ${problem}`,
        'train one on real triplets: npx gan classify train',
      );
    }
    return classifier;
  } catch (error) {
    classifier.dispose();
    throw error;
  }
}

/**
 * The guide and the verifiers: as named, else the newest of the workspace that can be one.
 *
 * @throws input error where there is no guide, or it does not fit.
 */
export async function openJudges(
  request: Pick<SamplingRequest, 'guide' | 'verifier'>,
  misfit: Misfit,
) {
  const newest = [
    ...runsOf('classifier', CLASSIFIER_FILE).map(({ folder }) => folder),
    ...keptVerifiers(),
  ];
  const mend = 'train one: npx gan classify train';
  const chosen = request.guide ?? newestGuide();
  if (chosen === undefined) {
    const runs = join(workspaceFolder(), 'runs');
    throw inputError(`no classifier under ${runs} that learned from real triplets alone`, mend);
  }
  const guideFolder = requireRun('classifier', chosen, mend, CLASSIFIER_FILE).folder;
  const guide = await openClassifier(guideFolder, misfit);
  const verifiers: Classifier[] = [];
  const chosenVerifiers: string[] = [];
  const named = request.verifier !== undefined;
  for (const folder of request.verifier ?? newest) {
    if (!named && verifiers.length === MOST_VERIFIERS) break;
    try {
      const one = await openClassifier(folder, misfit);
      if (one.digest !== guide.digest) {
        verifiers.push(one);
        chosenVerifiers.push(folder);
      } else one.dispose();
    } catch (error) {
      if (named || !(error instanceof CbedError)) throw error;
    }
  }
  return { guide, verifiers, ...(!named && { chosenVerifiers }) };
}

/**
 * Opens store, generator and classifiers and checks that they belong together.
 *
 * @throws usage error for classes, pairs and epsilons that cannot be; input error for files that
 * are missing or do not fit.
 */
export async function openSampling(request: SamplingRequest): Promise<Sampling> {
  const [low, high] = EPSILON_RANGE;
  if (request.near && !(request.epsilon >= low && request.epsilon <= high)) {
    throw usageError(`--epsilon ${request.epsilon} is not between ${low} and ${high}`);
  }
  const opened = await openStore(request.data);
  let generator: Generator | null = null;
  try {
    const { generator: loaded, trainedFor } = await openGenerator(request.gan);
    generator = loaded;
    if (request.near) searchSpaceOf(loaded);
    checkStore(loaded, opened);
    // Some kinds draw at another size than their store has.
    const kind = await generatorKind(loaded.kind as GeneratorName);
    const store = loaded.size === opened.size ? opened : kind.storeFor(opened, loaded.size);
    const classes = wantedClasses(request, loaded, trainedFor);
    const judges = request.near
      ? await openJudges(request, misfitTo(store))
      : { guide: null, verifiers: [] as Classifier[] };
    const close = (): void => {
      for (const one of [loaded, judges.guide, ...judges.verifiers]) one?.dispose();
      opened.close();
    };
    return { store, generator: loaded, classes, ...judges, close };
  } catch (error) {
    generator?.dispose();
    opened.close();
    throw error;
  }
}
