import type { Classifier } from '../../classifier/classifier.ts';
import { inputError } from '../../src/common/errors.ts';
import type { ProgressFactory } from '../../src/common/progress.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import type { SyntheticArchive } from '../archive/archive.ts';
import { verdictsOf } from '../archive/verdicts.ts';
import { archiveExamples, type ClassificationScore, classificationScore } from '../metrics/cas.ts';
import {
  classifierSpace,
  convolutionSpace,
  physicsSpace,
  type Space,
} from '../metrics/spaces/space.ts';
import { type Score, score } from './score.ts';
import { fitAndPredict } from './verifier.ts';

export interface Audit {
  archive: SyntheticArchive;
  store: Store;
  /** A classifier that did not guide the generator; without one, two feature spaces remain. */
  verifier: Classifier | null;
  perClass: boolean;
  /** Updates of the two classifiers of the CAS; 0 leaves it out. */
  casUpdates: number;
  seed: number;
  progress: ProgressFactory;
}

function spacesOf({ store, verifier }: Audit, stream: Stream): Space[] {
  const train = store.examples('train');
  const pixels = train.images(train.labels.map((_, i) => i));
  const { size, camera } = store;
  return [
    ...(verifier ? [classifierSpace(verifier)] : []),
    convolutionSpace(stream.split('convolutions')),
    physicsSpace({ pixels, count: train.count, size, centre: camera.centre }),
  ];
}

async function casOf(audit: Audit, stream: Stream): Promise<ClassificationScore | null> {
  const { archive, store, casUpdates: updates, seed, progress } = audit;
  if (updates === 0) return null;
  return classificationScore({
    synthetic: archiveExamples(archive, store.classes),
    train: store.examples('train'),
    held: store.examples('validation'),
    fit: fitAndPredict({ updates, seed, progress }),
    stream,
  });
}

/**
 * Scores an archive against the training part of a store: samples, sets and the classification
 * accuracy score. The validation part serves as held-out real data; the test part is not touched.
 */
export async function audit(options: Audit): Promise<Score> {
  const { archive, store, verifier, perClass, seed, progress } = options;
  if (archive.size !== store.size) {
    throw inputError(
      `${archive.path} has patterns of ${archive.size} pixels a side, ${store.path} of ${store.size}`,
    );
  }
  if (archive.count === 0) throw inputError(`${archive.path} holds no sample`, 'run: gan sample');
  const stream = new Stream(seed, 'score');
  const held = store.examples('validation');
  const pixels = archive.images([...archive.labels.keys()]);
  const scored = score({
    archive,
    train: store.examples('train'),
    held: held.count ? held : null,
    spaces: spacesOf(options, stream),
    ...(verifier && { verdicts: verdictsOf(verifier, pixels, held) }),
    centre: store.camera.centre,
    perClass,
    stream,
    progress,
  });
  return { ...scored, store: store.digest, cas: await casOf(options, stream.split('cas')) };
}
