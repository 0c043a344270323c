import { report } from '../../classifier/metrics.ts';
import { classifierSpec } from '../../classifier/spec.ts';
import { trainClassifier } from '../../classifier/train.ts';
import { progressiveUndersample, type ShrinkStep } from '../../src/balance/progressive.ts';
import { silentProgress } from '../../src/common/progress.ts';
import type { Stream } from '../../src/common/stream.ts';
import { selectExamples } from '../../src/dataset/examples.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import type { QuickTraining } from '../checks/verifier.ts';

export interface ProgressiveSearch {
  store: Store;
  /** How many of the largest classes shrink. */
  largest: number;
  /** How the classifier of each step is trained. */
  training: QuickTraining;
  stream: Stream;
}

/** Each step keeps this part of the largest classes, down to so many rows. */
const FACTOR = 0.7;
const FLOOR = 10;
/** A step is taken back where macro-F1, or the recall of a shrunk class, falls by more. */
const THRESHOLD = 0.03;
const RECALL_THRESHOLD = 0.25;

/**
 * Positions in the training part that stay when the largest classes shrink step by step until a
 * classifier trained on the rest does worse on validation, and the steps that were tried.
 */
export async function progressiveRows(
  search: ProgressiveSearch,
): Promise<{ rows: Int32Array; steps: ShrinkStep[] }> {
  const { store, largest, training, stream } = search;
  const train = store.examples('train');
  const validation = store.examples('validation');
  const steps: ShrinkStep[] = [];
  const bar = (training.progress ?? silentProgress)('progressive undersampling', 1);
  const rows = await progressiveUndersample({
    data: { labels: train.labels, classCount: train.classes.length },
    largest,
    factor: FACTOR,
    threshold: THRESHOLD,
    recallThreshold: RECALL_THRESHOLD,
    floor: FLOOR,
    stream,
    record: (step) => {
      steps.push(step);
      bar.advance(0, `cap ${step.cap}: F1 ${step.macroF1.toFixed(3)}`);
    },
    async score(kept) {
      const classifier = await trainClassifier({
        examples: selectExamples(train, kept),
        validation,
        spec: classifierSpec(store),
        ...training,
        progress: silentProgress,
      });
      const { classes } = store;
      const { macroF1, perClass } = report(classifier.predict(validation), validation.labels, {
        classes,
      });
      classifier.dispose();
      const recalls = perClass.map(({ recall, support }) => (support > 0 ? recall : Number.NaN));
      return { macroF1, recalls };
    },
  });
  bar.done(`${rows.length} of ${train.count} rows stay after ${steps.length} trials`);
  return { rows, steps };
}
