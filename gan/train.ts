import type { EncodedTriplet } from '../src/codec/encode.ts';
import { type ProgressFactory, silentProgress } from '../src/ground/progress.ts';
import { Stream } from '../src/ground/stream.ts';
import type { TrainingVectors } from './batches.ts';
import { type Checkpoints, checkpointFacts } from './checkpoint.ts';
import { classCodes } from './codes.ts';
import type { GanConfig } from './config.ts';
import type { GanData } from './data.ts';
import type { SetDistance } from './health.ts';
import { heldOut } from './held-out.ts';
import { type HistoryRow, LossMean, lossNote } from './history.ts';
import { GanModel, type Lineage } from './model.ts';
import { type CodecSpace, fitSpace, vectorWidth } from './space.ts';
import { GanTrainer, type StepLosses } from './trainer.ts';
import { labelledRows } from './vectors.ts';
import { type Setback, Watchdog } from './watchdog.ts';

export interface TrainGanOptions {
  data: GanData;
  config: GanConfig;
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
  onReport?: (row: HistoryRow, model: () => GanModel) => void | Promise<void>;
  reportEvery?: number;
}

export interface TrainedGan {
  model: GanModel;
  /** A generator of the same space that has learned nothing: the floor of every comparison. */
  untrained: GanModel;
  history: HistoryRow[];
  steps: number;
  /** Where the watchdog set the training back; the last one stopped it where its noise is null. */
  setbacks: readonly Setback[];
}

/** The data as the trainer sees them, and what only the watchdog sees. */
function prepare({ data, config, watch }: TrainGanOptions, stream: Stream) {
  const { space, vectors, used } = fitSpace(data.set, {
    components: config.components,
    stream: stream.split('space'),
  });
  const { values: codes, code } = classCodes(data.set.classes);
  const triplets = Array.from(used, (i) => data.set.triplets[i]!);
  const labels = Int32Array.from(triplets, ({ label }) => label);
  const width = vectorWidth(space);
  const { attention } = data;
  const all: TrainingVectors = { values: vectors, width, labels, codes, code, attention };
  const materials = triplets.map(({ material }) => material);
  const aside = watch ? heldOut(labels, materials, stream.split('held out')) : new Set<number>();
  const rows = [...labels.keys()];
  const held = labelledRows(
    all,
    rows.filter((row) => aside.has(row)),
  );
  const kept = labelledRows(
    all,
    rows.filter((row) => !aside.has(row)),
  );
  const training = { ...all, values: kept.values, labels: kept.labels };
  return { space, training, held, lineage: lineageOf(data, triplets) };
}

function lineageOf(data: GanData, triplets: readonly EncodedTriplet[]): Lineage {
  const seen = data.set.classes.map(() => new Set<string>());
  for (const { label, material } of triplets) seen[label]!.add(material);
  return {
    store: data.store,
    materials: [...new Set(triplets.map(({ material }) => material))].sort(),
    counts: seen.map((set) => set.size),
  };
}

function modelOf(trainer: GanTrainer, space: CodecSpace, lineage: Lineage): GanModel {
  const { shape } = trainer;
  const weights = trainer.averaged();
  return new GanModel({ shape, space, weights, critic: trainer.critic(), lineage });
}

/**
 * Trains the conditional GAN on triplets in the codec's terms: fits the space, then alternates
 * updates of discriminator and generator. With checkpoints, an interrupted training goes on
 * exactly where it stood; with a watchdog, one that goes wrong is set back or stopped.
 *
 * @throws Error where a loss stops being a number: what was saved before stands.
 */
export async function trainGan(options: TrainGanOptions): Promise<TrainedGan> {
  const { data, config, checkpoints } = options;
  const stream = new Stream(config.seed, 'gan');
  const { space, training, held, lineage } = prepare(options, stream);
  const trainer = new GanTrainer(training, config, stream.split('training'));
  const { watch: distance } = options;
  const watchdog =
    distance && new Watchdog({ training, held, distance, stream: stream.split('watchdog') });
  const facts = checkpointFacts(config, data, distance !== undefined);
  try {
    const untrained = modelOf(trainer, space, lineage);
    const saved = checkpoints?.newest(facts);
    if (saved) trainer.restore(saved.state);
    if (saved?.watch) watchdog?.restore(saved.watch);
    const history = [...(saved?.history ?? [])];
    const save = () => {
      const watch = watchdog?.state ?? null;
      checkpoints?.write({ state: trainer.state(), history, watch }, facts);
    };
    const modelNow = () => modelOf(trainer, space, lineage);
    await updates(options, { trainer, watchdog, history, save, modelNow });
    save();
    const setbacks = watchdog?.state.setbacks ?? [];
    return { model: modelNow(), untrained, history, steps: trainer.step, setbacks };
  } finally {
    trainer.dispose();
  }
}

interface Running {
  trainer: GanTrainer;
  watchdog: Watchdog | undefined;
  history: HistoryRow[];
  save: () => void;
  modelNow: () => GanModel;
}

/** Updates until the steps or the time are used up, or the watchdog stops them. */
async function updates(options: TrainGanOptions, running: Running): Promise<void> {
  const { config, checkpoints, minutes = Infinity, reportEvery = 50, watchEvery = 250 } = options;
  const { trainer, watchdog, history, save, modelNow } = running;
  const bar = (options.progress ?? silentProgress)('training the GAN', config.steps);
  bar.advance(trainer.step);
  const until = performance.now() + minutes * 60_000;
  const mean = new LossMean();
  let stopped = watchdog?.state.setbacks.at(-1)?.noise === null;
  while (!stopped && trainer.step < config.steps && performance.now() < until) {
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
    if (trainer.step % reportEvery === 0 || trainer.step === config.steps) {
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
