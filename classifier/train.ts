import { usageError } from '../src/common/errors.ts';
import { silentProgress } from '../src/common/progress.ts';
import { Stream } from '../src/common/stream.ts';
import type { Trace, TrainedClassifier, TrainingRecord } from './classifier.ts';
import { EnsembleClassifier } from './ensemble.ts';
import { TrainingLoop } from './loop.ts';
import { fitTemperature, report } from './metrics.ts';
import {
  type ResolvedOptions,
  resolveOptions,
  type TrainOptions,
  techniqueNames,
} from './options.ts';
import type { Recipe, ResampleContext } from './recipe.ts';
import { SingleClassifier } from './single.ts';
import { applyFinish } from './techniques/heads.ts';
import { chooseTechniques, PLAIN, recipeOf } from './techniques.ts';

export type { TrainedClassifier } from './classifier.ts';
export type { TrainOptions } from './options.ts';

/** Trials of techniques that search get this share of the run's updates. */
const TRIAL_SHARE = 0.25;

/** A training under way: what to train, how, and with which draws. */
interface Job {
  options: ResolvedOptions;
  recipe: Recipe;
  stream: Stream;
  /** Shown with the progress. */
  stage: string;
}

/** A short plain training on some of the examples, for techniques that search. */
async function trial(job: Job, examples: ResolvedOptions['examples'], stream: Stream) {
  const { options } = job;
  const updates = Math.max(1, Math.round(options.updates * TRIAL_SHARE));
  const short = { ...options, examples, updates, checkpoint: undefined, progress: silentProgress };
  const progress = options.progress?.('trial', updates) ?? silentProgress('', 0);
  const loop = new TrainingLoop(short, PLAIN, stream);
  try {
    await loop.run(progress);
    progress.done(`${examples.count} rows`);
    return loop.classifierOf(loop.state.best!.weights);
  } finally {
    loop.state.dispose();
  }
}

/** The training examples after every sampler of the recipe, and what the samplers recorded. */
async function resampled(job: Job) {
  const { options, recipe, stream } = job;
  const traces: Trace[] = [];
  let examples = options.examples;
  for (const [i, resample] of recipe.resample.entries()) {
    const context: ResampleContext = {
      stream: stream.split(`resample ${i}`),
      trial: (some, draws) => trial(job, some, draws),
      score: (classifier) =>
        report(classifier.predict(options.validation), options.validation.labels, {
          classes: options.validation.classes,
        }),
      record: (point) => traces.push(point),
    };
    examples = await resample(examples, context);
  }
  return { examples, traces };
}

/** Trains one network. */
async function trainSingle(job: Job): Promise<SingleClassifier> {
  const { options, recipe, stream } = job;
  const { examples, traces } = await resampled(job);
  const progress = (options.progress ?? silentProgress)(job.stage, options.updates);
  const loop = new TrainingLoop({ ...options, examples }, recipe, stream);
  try {
    await loop.run(progress);
    const { best, history } = loop.state;
    progress.done(`kept update ${best!.update}, validation F1 ${best!.score.toFixed(3)}`);
    const raw = loop.classifierOf(best!.weights);
    raw.dispose();
    const context = { examples, validation: options.validation, stream: stream.split('finish') };
    const data = recipe.finish.reduce((now, finish) => applyFinish(now, finish, context), raw.data);
    const record = { ...recordOf(options), bestUpdate: best!.update, history, traces };
    const materials = [...new Set(options.examples.materials)].sort();
    return calibrated(new SingleClassifier({ ...data, materials, training: record }), options);
  } finally {
    loop.state.dispose();
  }
}

const recordOf = ({ techniques, updates, seed }: ResolvedOptions) => ({
  techniques: techniqueNames(techniques),
  updates,
  seed,
});

/** The same classifier with the temperature that fits the validation examples. */
function calibrated(raw: SingleClassifier, { validation }: ResolvedOptions): SingleClassifier {
  const temperature = fitTemperature(raw.logits(validation), validation.labels);
  raw.dispose();
  return new SingleClassifier({ ...raw.data, temperature });
}

/** Trains the members one after the other; each keeps a checkpoint of its own. */
async function trainEnsemble(job: Job): Promise<EnsembleClassifier> {
  const { options, recipe, stream } = job;
  const { members: changes, budget } = recipe.ensemble!;
  const updates = Math.max(1, Math.round(options.updates * budget));
  const members: SingleClassifier[] = [];
  for (const [i, change] of changes.entries()) {
    const checkpoint = options.checkpoint && {
      ...options.checkpoint,
      file: `${options.checkpoint.file}.member-${i}`,
    };
    const member: Job = {
      options: { ...options, updates, checkpoint },
      recipe: change({ ...recipe, ensemble: null }),
      stream: stream.split(`member ${i}`),
      stage: `${job.stage} ${i + 1}/${changes.length}`,
    };
    members.push(await trainSingle(member));
  }
  const raw = new EnsembleClassifier(members, { temperature: 1 });
  const { validation } = options;
  const temperature = fitTemperature(raw.logits(validation), validation.labels);
  const first = members[0]!.training!;
  const training: TrainingRecord = { ...first, ...recordOf(options), updates };
  return new EnsembleClassifier(members, { temperature, training });
}

/**
 * Trains a classifier: AdamW under a one-cycle learning rate, the latest weights within one
 * standard error of the best validation macro-F1 kept, probabilities calibrated on validation. The same options and number of threads give the same weights,
 * also when the run was interrupted and goes on from its checkpoint.
 *
 * @throws usage error on techniques that do not exist or do not go together; input error on
 *   examples without a training or validation part or of a single class.
 * @example
 * const classifier = await trainClassifier({
 *   examples: store.examples('train'),
 *   validation: store.examples('validation'),
 *   spec: classifierSpec(store),
 *   techniques: ['logit-adjustment:tau=1', 'flips', 'dilation'],
 *   updates: 600,
 *   seed: 1,
 * });
 * await classifier.save('workspace/my-classifier');
 * @category Classifiers
 */
export async function trainClassifier(given: TrainOptions): Promise<TrainedClassifier> {
  const options = resolveOptions(given);
  const recipe = recipeOf(chooseTechniques(options.techniques ?? []));
  if (options.spec.multitask && recipe.mixup) {
    throw usageError('mixup mixes the labels of space groups only', 'leave out multitask or mixup');
  }
  const stream = new Stream(options.seed, 'classifier');
  const job: Job = { options, recipe, stream, stage: 'training' };
  return recipe.ensemble ? trainEnsemble(job) : trainSingle(job);
}
