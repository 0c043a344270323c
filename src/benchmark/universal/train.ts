import { join } from 'node:path';
import type { TrainedClassifier } from '../../../classifier/classifier.ts';
import { UNIVERSAL_CARD } from '../../../classifier/universal.ts';
import { writeAtomic, writeJson } from '../../common/files.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import { processorName } from '../../common/run.ts';
import { materialCounts } from '../../dataset/examples.ts';
import { simulationOf } from '../../dataset/store/simulation.ts';
import { openStore } from '../../dataset/store/store.ts';
import { engine } from '../../engine/tf.ts';
import { trainArm } from '../cells/training.ts';
import { makePools } from '../pools/pools.ts';
import { checkBasis, type StudyFolder } from '../study/folder.ts';
import { divideStore, studyStore } from '../study/store.ts';
import { planCells } from '../study/study.ts';
import { type UniversalCard, universalCardText } from './card.ts';
import { chooseThreshold, universalFigures } from './figures.ts';

/** Everything that a universal training wrote down. */
export interface UniversalRun {
  card: UniversalCard;
  files: string[];
}

/**
 * Trains the classifier of a study with one cell for all its classes, made crystals among them, chooses
 * the threshold of `I do not know` on validation, judges it on the test minerals and writes classifier,
 * card.json and README.md into the study's folder. The same settings, processor and threads give the
 * same files, but for the time in the card.
 */
export async function trainUniversal(
  folder: StudyFolder,
  progress: ProgressFactory = silentProgress,
): Promise<UniversalRun> {
  const { study } = folder;
  const cell = planCells(study)[0]!;
  const before = process.cpuUsage();
  const opened = await openStore(await studyStore(study, progress));
  let classifier: TrainedClassifier | undefined;
  try {
    checkBasis(folder, { data: opened.digest, threads: engine.threads });
    await makePools(folder, progress);
    const { store } = divideStore(opened, cell, study);
    const trained = await trainArm({ folder, cell, store, progress });
    classifier = trained.classifier as TrainedClassifier;
    const { examples, digests } = trained.set;
    const judged = (part: 'validation' | 'test') => {
      const real = store.examples(part);
      const { labels, classes } = real;
      return { probabilities: trained.choice.apply(classifier!.predict(real)), labels, classes };
    };
    const materials = materialCounts(store.examples('train'));
    const threshold = chooseThreshold(judged('validation'));
    const test = universalFigures(judged('test'), { materials, threshold });
    const synthetic = examples.synthetic?.reduce((a, b) => a + b, 0) ?? 0;
    const used = process.cpuUsage(before);
    const card: UniversalCard = {
      threshold,
      simulation: simulationOf(store),
      study,
      data: {
        store: opened.digest,
        materials: materials.reduce((a, b) => a + b, 0),
        groups: materials.filter((count) => count > 0).length,
        real: examples.count - synthetic,
        synthetic,
      },
      digests: { classifier: classifier.digest, ...digests },
      machine: { processor: processorName(), threads: engine.threads },
      cpuSeconds: Math.round((used.user + used.system) / 1e6),
      test,
    };
    await classifier.save(folder.path);
    const at = (name: string) => join(folder.path, name);
    writeJson(at(UNIVERSAL_CARD), card);
    writeAtomic(at('README.md'), universalCardText(card));
    return { card, files: ['classifier.safetensors', UNIVERSAL_CARD, 'README.md'].map(at) };
  } finally {
    classifier?.dispose();
    opened.close();
  }
}
