import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import type { Stream } from '../../src/common/stream.ts';
import type { CheckpointFacts, Checkpoints, HistoryRow, PendingLosses } from './checkpoint.ts';
import type { StepLosses, Trainee } from './trainer.ts';
import { type Looking, type Setback, type SetDistance, Watchdog } from './watchdog.ts';

const noLosses = (): PendingLosses => ({
  sums: { discriminator: 0, generator: 0, real: 0, fake: 0 },
  count: 0,
});

/** Losses averaged between two rows of the history. */
class LossMean {
  pending: PendingLosses;

  constructor(pending = noLosses()) {
    this.pending = pending;
  }

  add(losses: StepLosses): void {
    const { sums, count } = this.pending;
    this.pending = {
      sums: {
        discriminator: sums.discriminator + losses.discriminator,
        generator: sums.generator + losses.generator,
        real: sums.real + losses.real,
        fake: sums.fake + losses.fake,
      },
      count: count + 1,
    };
  }

  take(step: number): HistoryRow {
    const { sums, count } = this.pending;
    const of = Math.max(1, count);
    this.pending = noLosses();
    return {
      step,
      discriminator: sums.discriminator / of,
      generator: sums.generator / of,
      real: sums.real / of,
      fake: sums.fake / of,
    };
  }
}

/** The losses of a row in a few words. */
const lossNote = (row?: HistoryRow): string =>
  row ? `D ${row.discriminator.toFixed(2)}, G ${row.generator.toFixed(2)}` : '';

/** How a training runs, whatever it trains; `Model` is what it makes. */
export interface LoopOptions<Model> {
  progress?: ProgressFactory;
  /** Where checkpoints are kept; none by default. */
  checkpoints?: Checkpoints;
  /** Stop after this many minutes even when steps are left. */
  minutes?: number;
  /** Asked after every step; the training stops there, with a checkpoint, where it says so. */
  stopped?: () => boolean;
  /** Distance (KID) by which a watchdog looks after the training; no watchdog if absent. */
  watch?: SetDistance;
  /** Steps between two checks of the watchdog. */
  watchEvery?: number;
  /** Called at every setback. */
  onSetback?: (setback: Setback) => void;
  /** Called with the history that the training goes on from: at its start, and after a setback. */
  onHistory?: (history: readonly HistoryRow[], step: number) => void;
  /** Called every `reportEvery` steps with the losses and the model of the moment. */
  onReport?: (row: HistoryRow, model: () => Model) => void | Promise<void>;
  reportEvery?: number;
}

/** Why a training ended: all steps done, time used up, stopped by its watchdog, or from outside. */
export type TrainingEnd = 'steps' | 'minutes' | 'watchdog' | 'stopped';

/** What a training came to. */
export interface Trained<Model> {
  model: Model;
  /** The same generator before its first step: the floor of every comparison. */
  untrained: Model;
  history: HistoryRow[];
  steps: number;
  end: TrainingEnd;
  /** Where the watchdog set the training back; the last one stopped it where its noise is null. */
  setbacks: readonly Setback[];
}

export interface Training<Model> {
  trainer: Trainee;
  /** Updates at most. */
  steps: number;
  /** What the watchdog measures. */
  looking: Omit<Looking, 'distance' | 'stream'>;
  /** Stream of the watchdog. */
  stream: Stream;
  facts: CheckpointFacts;
  modelNow: () => Model;
}

interface Running<Model> extends Training<Model> {
  watchdog: Watchdog | undefined;
  history: HistoryRow[];
  mean: LossMean;
  save: () => void;
}

/**
 * Trains until the steps or the time are used up, the watchdog stops it, or it is stopped from
 * outside. With checkpoints, an interrupted training goes on exactly where it stood; with a
 * watchdog, one that goes wrong is set back or stopped. Disposes of the trainer.
 *
 * @throws Error where a loss stops being a number: what was saved before stands.
 */
export async function runTraining<Model>(
  training: Training<Model>,
  options: LoopOptions<Model>,
): Promise<Trained<Model>> {
  const { trainer, steps, looking, stream, facts, modelNow } = training;
  const { checkpoints, watch: distance } = options;
  const watchdog = distance && new Watchdog({ ...looking, distance, stream });
  try {
    const untrained = modelNow();
    const saved = checkpoints?.newest(facts);
    if (saved) trainer.restore(saved.state);
    if (saved?.watch) watchdog?.restore(saved.watch);
    const history = [...(saved?.history ?? [])];
    const mean = new LossMean(saved?.pending);
    options.onHistory?.(history, trainer.step);
    const save = () => {
      const watch = watchdog?.state ?? null;
      checkpoints?.write({ state: trainer.state(), history, pending: mean.pending, watch }, facts);
    };
    const end = await updates(options, {
      trainer,
      steps,
      looking,
      stream,
      facts,
      modelNow,
      watchdog,
      history,
      mean,
      save,
    });
    save();
    const setbacks = watchdog?.state.setbacks ?? [];
    return { model: modelNow(), untrained, history, steps: trainer.step, end, setbacks };
  } finally {
    trainer.dispose();
  }
}

async function updates<Model>(
  options: LoopOptions<Model>,
  running: Running<Model>,
): Promise<TrainingEnd> {
  const { checkpoints, minutes = Infinity, reportEvery = 50, watchEvery = 250 } = options;
  const { trainer, steps, watchdog, history, mean, save, modelNow } = running;
  const bar = (options.progress ?? silentProgress)('training the GAN', steps, 60_000 * minutes);
  bar.advance(trainer.step);
  const until = performance.now() + minutes * 60_000;
  const ended = (): TrainingEnd | null => {
    if (watchdog?.state.setbacks.at(-1)?.noise === null) return 'watchdog';
    if (trainer.step >= steps) return 'steps';
    if (options.stopped?.()) return 'stopped';
    return performance.now() >= until ? 'minutes' : null;
  };
  let end = ended();
  for (let first = true; end === null; first = false) {
    mean.add(checked(trainer.update(), trainer.step));
    const setback = trainer.step % watchEvery === 0 ? watchdog?.check(trainer) : null;
    if (setback) {
      options.onSetback?.(setback);
      bar.advance(setback.back - setback.step, setback.trouble);
      mean.take(trainer.step);
      history.splice(history.findLastIndex(({ step }) => step <= trainer.step) + 1);
      options.onHistory?.(history, trainer.step);
      save();
    } else {
      if (trainer.step % reportEvery === 0 || trainer.step === steps) {
        const health = watchdog?.news();
        const row = { ...mean.take(trainer.step), ...(health && { health }) };
        history.push(row);
        await options.onReport?.(row, modelNow);
      }
      if (checkpoints?.isDue(trainer.step)) save();
      bar.advance(1, lossNote(history.at(-1)));
      if (first) bar.warmed?.();
    }
    await new Promise(setImmediate); // lets Ctrl-C and the display through
    end = ended();
  }
  bar.done([lossNote(history.at(-1)), endText(end, trainer.step)].filter(Boolean).join(', '));
  return end;
}

/** Where a training stopped before its last step, in words. */
const endText = (end: TrainingEnd, step: number): string => {
  if (end === 'steps') return '';
  const why = { minutes: 'the time is used up', watchdog: 'the watchdog', stopped: 'a signal' };
  return `stopped at step ${step} (${why[end]})`;
};

function checked(losses: StepLosses, step: number): StepLosses {
  const broken = Object.entries(losses).find(([, value]) => !Number.isFinite(value));
  if (broken) {
    throw new Error(
      `GAN training: the ${broken[0]} loss is ${broken[1]} at step ${step}; lower the learning rates or raise the penalty`,
    );
  }
  return losses;
}
