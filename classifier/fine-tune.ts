import { usageError } from '../src/common/errors.ts';
import { selectExamples } from '../src/dataset/examples.ts';
import type { TrainedClassifier } from './classifier.ts';
import { TRAINING_DEFAULTS, type TrainOptions } from './options.ts';
import { SingleClassifier } from './single.ts';
import { trainClassifier } from './train.ts';

/** Fine-tuning goes at this share of the peak rate: it must not undo what was learned. */
const FINE = 1 / 3;

/**
 * Trains on synthetic rows alone, then on real ones alone from those weights. With the technique
 * `logit-adjustment` the real prior, of which groups without a real row have next to nothing, stays
 * out of the logits.
 *
 * @param share of the updates that see synthetic rows, 0 to 1.
 * @throws usage error where several networks are trained (`ensemble`, `experts`).
 */
export async function trainInTurn(
  options: TrainOptions,
  share: number,
): Promise<TrainedClassifier> {
  const { examples, updates, rate = TRAINING_DEFAULTS.rate } = options;
  const rowsOf = (mark: 0 | 1) =>
    Array.from({ length: examples.count }, (_, row) => row).filter(
      (row) => (examples.synthetic?.[row] ?? 0) === mark,
    );
  const first = Math.min(updates - 1, Math.max(1, Math.round(share * updates)));
  const before = await trainClassifier({
    ...options,
    examples: selectExamples(examples, rowsOf(1)),
    updates: first,
  });
  const start = before instanceof SingleClassifier ? before.data : null;
  before.dispose();
  if (!start) throw usageError('pretrain needs one network', 'leave out ensemble and experts');
  return trainClassifier({
    ...options,
    examples: selectExamples(examples, rowsOf(0)),
    updates: updates - first,
    rate: FINE * rate,
    start,
  });
}
