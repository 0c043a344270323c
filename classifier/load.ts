import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inputError } from '../src/common/errors.ts';
import { readTensorFile, type TensorFile } from '../src/common/tensorfile.ts';
import type { TrainedClassifier, TrainingRecord } from './classifier.ts';
import { EnsembleClassifier } from './ensemble.ts';
import { CLASSIFIER_FILE, type ClassifierData, SingleClassifier } from './single.ts';

type Described = Omit<ClassifierData, 'parameters' | 'statistics'>;

/** One network from the arrays whose names begin with `prefix`; null when they are not there. */
function single(
  { arrays }: TensorFile,
  prefix: string,
  description: Described,
): SingleClassifier | null {
  const parameters = arrays[`${prefix}parameters`];
  const statistics = arrays[`${prefix}statistics`];
  if (!(parameters instanceof Float32Array && statistics instanceof Float32Array)) return null;
  return new SingleClassifier({ ...description, parameters, statistics });
}

interface EnsembleDescription {
  members: Described[];
  temperature: number;
  training?: TrainingRecord;
}

function ensemble(file: TensorFile): EnsembleClassifier | null {
  const { members, ...rest } = file.description as unknown as EnsembleDescription;
  const built = members.map((description, i) => single(file, `${i}/`, description));
  if (built.includes(null)) return null;
  return new EnsembleClassifier(built as SingleClassifier[], rest);
}

/**
 * Reads a classifier, single or ensemble, that `save` wrote into a folder.
 *
 * @throws input error when there is none, or its file is damaged.
 * @example
 * const classifier = await loadClassifier('workspace/runs/my-classifier');
 * const probabilities = classifier.predict(store.examples('test')); // (N, K), columns as classifier.classes
 * @category Classifiers
 */
export async function loadClassifier(folder: string): Promise<TrainedClassifier> {
  const path = join(folder, CLASSIFIER_FILE);
  if (!existsSync(path)) {
    throw inputError(`no classifier in ${folder}`, 'train one: npx gan classify train');
  }
  const file = readTensorFile(path);
  const { kind, ...description } = file.description;
  const built =
    kind === 'classifier'
      ? single(file, '', description as unknown as Described)
      : kind === 'ensemble'
        ? ensemble(file)
        : null;
  if (!built) throw inputError(`${path} does not hold a classifier`);
  return built;
}
