import type { EncodedTriplet } from '../src/codec/encode.ts';
import { type ProgressFactory, silentProgress } from '../src/ground/progress.ts';
import { Stream } from '../src/ground/stream.ts';
import type { TrainingVectors } from './batches.ts';
import { type Checkpoints, checkpointFacts } from './checkpoint.ts';
import { classCodes } from './codes.ts';
import type { GanConfig } from './config.ts';
import type { GanData } from './data.ts';
import { GanModel, type Lineage } from './model.ts';
import { type CodecSpace, fitSpace, vectorWidth } from './space.ts';
import { GanTrainer, type StepLosses } from './trainer.ts';

/** Losses averaged over the steps since the row before. */
export interface HistoryRow extends StepLosses {
  step: number;
}

export interface TrainGanOptions {
  data: GanData;
  config: GanConfig;
  progress?: ProgressFactory;
  /** Where checkpoints are kept; none by default. */
  checkpoints?: Checkpoints;
  /** Stop after this many minutes even when steps are left. */
  minutes?: number;
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
}

/** The data as the trainer sees them. */
function prepare(data: GanData, config: GanConfig, stream: Stream) {
  const { space, vectors, used } = fitSpace(data.set, {
    components: config.components,
    stream: stream.split('space'),
  });
  const { values: codes, code } = classCodes(data.set.classes);
  const triplets = Array.from(used, (i) => data.set.triplets[i]!);
  const labels = Int32Array.from(triplets, ({ label }) => label);
  const width = vectorWidth(space);
  const { attention } = data;
  const training: TrainingVectors = { values: vectors, width, labels, codes, code, attention };
  return { space, training, lineage: lineageOf(data, triplets) };
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

/** Sums losses between two rows of the history. */
class LossMean {
  private sums: StepLosses = { discriminator: 0, generator: 0, real: 0, fake: 0 };
  private count = 0;

  add(losses: StepLosses): void {
    for (const key of Object.keys(this.sums) as (keyof StepLosses)[]) this.sums[key] += losses[key];
    this.count++;
  }

  take(step: number): HistoryRow {
    const count = Math.max(1, this.count);
    const mean = (sum: number): number => sum / count;
    const { discriminator, generator, real, fake } = this.sums;
    this.sums = { discriminator: 0, generator: 0, real: 0, fake: 0 };
    this.count = 0;
    return {
      step,
      discriminator: mean(discriminator),
      generator: mean(generator),
      real: mean(real),
      fake: mean(fake),
    };
  }
}

function modelOf(trainer: GanTrainer, space: CodecSpace, lineage: Lineage): GanModel {
  const { shape } = trainer;
  const weights = trainer.averaged();
  return new GanModel({ shape, space, weights, critic: trainer.critic(), lineage });
}

/**
 * Trains the conditional GAN on triplets in the codec's terms: fits the space, then alternates
 * updates of discriminator and generator. With checkpoints, an interrupted training goes on
 * exactly where it stood.
 *
 * @throws Error where a loss stops being a number: what was saved before stands.
 */
export async function trainGan(options: TrainGanOptions): Promise<TrainedGan> {
  const { data, config, checkpoints, minutes = Infinity, reportEvery = 50 } = options;
  const stream = new Stream(config.seed, 'gan');
  const { space, training, lineage } = prepare(data, config, stream);
  const trainer = new GanTrainer(training, config, stream.split('training'));
  const bar = (options.progress ?? silentProgress)('training the GAN', config.steps);
  const facts = checkpointFacts(config, data);
  const history: HistoryRow[] = [];
  try {
    const untrained = modelOf(trainer, space, lineage);
    const start = checkpoints?.restore(trainer, facts) ?? [];
    history.push(...start);
    bar.advance(trainer.step);
    const until = performance.now() + minutes * 60_000;
    const mean = new LossMean();
    while (trainer.step < config.steps && performance.now() < until) {
      mean.add(checked(trainer.update(), trainer.step));
      if (trainer.step % reportEvery === 0 || trainer.step === config.steps) {
        const row = mean.take(trainer.step);
        history.push(row);
        await options.onReport?.(row, () => modelOf(trainer, space, lineage));
        await new Promise(setImmediate); // lets Ctrl-C and the display through
      }
      checkpoints?.offer(trainer, facts, history);
      bar.advance(1, lossNote(history.at(-1)));
    }
    bar.done(lossNote(history.at(-1)));
    checkpoints?.write(trainer, facts, history);
    return { model: modelOf(trainer, space, lineage), untrained, history, steps: trainer.step };
  } finally {
    trainer.dispose();
  }
}

const lossNote = (row?: HistoryRow): string =>
  row ? `D ${row.discriminator.toFixed(2)}, G ${row.generator.toFixed(2)}` : '';

function checked(losses: StepLosses, step: number): StepLosses {
  const broken = Object.entries(losses).find(([, value]) => !Number.isFinite(value));
  if (broken) {
    throw new Error(
      `GAN training: the ${broken[0]} loss is ${broken[1]} at step ${step}; lower the learning rates or raise the penalty`,
    );
  }
  return losses;
}
