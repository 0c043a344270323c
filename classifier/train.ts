import { silentProgress } from '../src/ground/progress.ts';
import { Stream } from '../src/ground/stream.ts';
import { fitTemperature } from './calibration.ts';
import { TrainingLoop } from './loop.ts';
import { resolveOptions, type TrainOptions } from './options.ts';
import { SingleClassifier } from './single.ts';
import { chooseTechniques, recipeOf } from './techniques.ts';

export type { TrainOptions } from './options.ts';

export type TrainedClassifier = SingleClassifier;

/**
 * Trains a classifier: AdamW under a one-cycle learning rate, the weights of the best validation
 * macro-F1 kept, probabilities calibrated on validation. The same options give the same weights,
 * also when the run was interrupted and goes on from its checkpoint.
 *
 * @throws usage error on techniques that do not exist or do not go together; input error on
 *   examples without a training or validation part or of a single class.
 */
export async function trainClassifier(given: TrainOptions): Promise<TrainedClassifier> {
  const options = resolveOptions(given);
  const recipe = recipeOf(chooseTechniques(options.techniques ?? []));
  const stream = new Stream(options.seed, 'classifier');
  const progress = (options.progress ?? silentProgress)('training', options.updates);
  const loop = new TrainingLoop(options, recipe, stream);
  try {
    await loop.run(progress);
    const { best, history } = loop.state;
    progress.done(`best F1 ${best!.score.toFixed(3)} at update ${best!.update}`);
    const raw = loop.classifierOf(best!.weights);
    const logits = raw.logits(options.validation);
    raw.dispose();
    return new SingleClassifier({
      ...raw.data,
      temperature: fitTemperature(logits, options.validation.labels),
      training: {
        techniques: options.techniques ?? [],
        updates: options.updates,
        seed: options.seed,
        bestUpdate: best!.update,
        history,
      },
    });
  } finally {
    loop.state.dispose();
  }
}
