import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inputError } from '../src/ground/errors.ts';
import { readTensorFile } from '../src/ground/tensorfile.ts';
import { CLASSIFIER_FILE, type ClassifierData, SingleClassifier } from './single.ts';

/**
 * Reads a classifier that `save` wrote into a folder.
 *
 * @throws input error when there is none, or its file is damaged.
 */
export async function loadClassifier(folder: string): Promise<SingleClassifier> {
  const path = join(folder, CLASSIFIER_FILE);
  if (!existsSync(path)) {
    throw inputError(`no classifier in ${folder}`, 'train one: npx gan classify train');
  }
  const { arrays, description } = readTensorFile(path);
  const { parameters, statistics } = arrays;
  const complete = parameters instanceof Float32Array && statistics instanceof Float32Array;
  if (description.kind !== 'classifier' || !complete) {
    throw inputError(`${path} does not hold a classifier`);
  }
  const { kind: _, ...rest } = description;
  return new SingleClassifier({ ...rest, parameters, statistics } as unknown as ClassifierData);
}
