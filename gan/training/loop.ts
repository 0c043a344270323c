import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import type { Stream } from '../../src/common/stream.ts';
import type { CheckpointFacts, Checkpoints } from './checkpoint.ts';
import type { Looking, SetDistance } from './health.ts';
import { type HistoryRow, LossMean, lossNote } from './history.ts';
import type { StepLosses, Trainee } from './trainee.ts';
import { type Setback, Watchdog } from './watchdog.ts';

/** How a training runs, whatever it trains; `Model` is what it makes. */
export interface LoopOptions<Model> {
  progress?: ProgressFactory;
  /** Where checkpoints are kept; none by default. */
  checkpoints?: Checkpoints;
  /** Stop after this many minutes even when steps are left. */
  minutes?: number;
  /** Distance (KID) by which a watchdog looks after the training; nobody does without one. */
  watch?: SetDistance;
  /** Steps between two looks. */
  watchEvery?: number;
  /** Told of every setback, when it happens. */
  onSetback?: (setback: Setback) => void;
  /** Called every `reportEvery` steps with the losses and the model of the moment. */
  onReport?: (row: HistoryRow, model: () => Model) => void | Promise<void>;
  reportEvery?: number;
}

/** What a training came to. */
export interface Trained<Model> {
  model: Model;
  /** The same generator before its first step: the floor of every comparison. */
  untrained: Model;
  history: HistoryRow[];
  steps: number;
  /** Where the watchdog set the training back; the last one stopped it where its noise is null. */
  setbacks: readonly Setback[];
}

export interface Training<Model> {
  trainer: Trainee;
  /** Updates at most. */
  steps: number;
  /** What the watchdog looks at. */
  looking: Omit<Looking, 'distance' | 'stream'>;
  /** Stream of the watchdog. */
  stream: Stream;
  facts: CheckpointFacts;
  modelNow: () => Model;
}

interface Running<Model> extends Training<Model> {
  watchdog: Watchdog | undefined;
  history: HistoryRow[];
  save: () => void;
}

/**
 * Trains until the steps or the time are used up, or the watchdog stops it. With checkpoints, an
 * interrupted training goes on exactly where it stood; with a watchdog, one that goes wrong is set
 * back or stopped. Disposes of the trainer.
 *
 * @throws Error where a loss stops being a number: what was saved before stands.
 */
export async function runTraining<Model>(
  training: Training<Model>,
  options: LoopOptions<Model>,
): Promise<Trained<Model>> {
  const { trainer, looking, stream, facts, modelNow } = training;
  const { checkpoints, watch: distance } = options;
  const watchdog = distance && new Watchdog({ ...looking, distance, stream });
  try {
    const untrained = modelNow();
    const saved = checkpoints?.newest(facts);
    if (saved) trainer.restore(saved.state);
    if (saved?.watch) watchdog?.restore(saved.watch);
    const history = [...(saved?.history ?? [])];
    const save = () => {
      const watch = watchdog?.state ?? null;
      checkpoints?.write({ state: trainer.state(), history, watch }, facts);
    };
    await updates(options, { ...training, watchdog, history, save });
    save();
    const setbacks = watchdog?.state.setbacks ?? [];
    return { model: modelNow(), untrained, history, steps: trainer.step, setbacks };
  } finally {
    trainer.dispose();
  }
}

async function updates<Model>(options: LoopOptions<Model>, running: Running<Model>): Promise<void> {
  const { checkpoints, minutes = Infinity, reportEvery = 50, watchEvery = 250 } = options;
  const { trainer, steps, watchdog, history, save, modelNow } = running;
  const bar = (options.progress ?? silentProgress)('training the GAN', steps);
  bar.advance(trainer.step);
  const until = performance.now() + minutes * 60_000;
  const mean = new LossMean();
  let stopped = watchdog?.state.setbacks.at(-1)?.noise === null;
  while (!stopped && trainer.step < steps && performance.now() < until) {
    mean.add(checked(trainer.update(), trainer.step));
    const setback = trainer.step % watchEvery === 0 ? watchdog?.look(trainer) : null;
    if (setback) {
      options.onSetback?.(setback);
      bar.advance(setback.back - setback.step, setback.trouble);
      mean.take(trainer.step);
      history.splice(history.findLastIndex(({ step }) => step <= trainer.step) + 1);
      stopped = setback.noise === null;
      continue;
    }
    if (trainer.step % reportEvery === 0 || trainer.step === steps) {
      const health = watchdog?.news();
      const row = { ...mean.take(trainer.step), ...(health && { health }) };
      history.push(row);
      await options.onReport?.(row, modelNow);
      await new Promise(setImmediate); // lets Ctrl-C and the display through
    }
    if (checkpoints?.isDue(trainer.step)) save();
    bar.advance(1, lossNote(history.at(-1)));
  }
  bar.done(lossNote(history.at(-1)));
}

function checked(losses: StepLosses, step: number): StepLosses {
  const broken = Object.entries(losses).find(([, value]) => !Number.isFinite(value));
  if (broken) {
    throw new Error(
      `GAN training: the ${broken[0]} loss is ${broken[1]} at step ${step}; lower the learning rates or raise the penalty`,
    );
  }
  return losses;
}
