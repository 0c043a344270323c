import { Stream } from '../../src/common/stream.ts';
import type { GanConfig } from '../config.ts';
import { type Lineage, lineageOf } from '../lineage.ts';
import { checkpointFacts } from '../training/checkpoint.ts';
import { heldOut } from '../training/held-out.ts';
import { type LoopOptions, runTraining, type Trained } from '../training/loop.ts';
import type { TrainingVectors } from './batches.ts';
import { classCodes } from './codes.ts';
import type { GanData } from './data.ts';
import { GanModel } from './model.ts';
import { type CodecSpace, fitSpace, vectorWidth } from './space.ts';
import { GanTrainer } from './trainer.ts';
import { labelledRows } from './vectors.ts';

export interface TrainGanOptions extends LoopOptions<GanModel> {
  data: GanData;
  config: GanConfig;
}

export type TrainedGan = Trained<GanModel>;

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
  const keptRows = rows.filter((row) => !aside.has(row));
  const kept = labelledRows(all, keptRows);
  const training: TrainingVectors = {
    ...{ ...all, values: kept.values, labels: kept.labels },
    materials: data.set.classes.map(
      (_, label) =>
        new Set(keptRows.filter((row) => labels[row] === label).map((row) => materials[row])).size,
    ),
  };
  return {
    space,
    training,
    held,
    lineage: lineageOf({ store: data.store, classes: data.set.classes }, triplets),
  };
}

function modelOf(trainer: GanTrainer, space: CodecSpace, lineage: Lineage): GanModel {
  const { shape } = trainer;
  const weights = trainer.averaged();
  return new GanModel({ shape, space, weights, critic: trainer.critic(), lineage });
}

/**
 * Trains the conditional GAN on triplets in the codec's terms: fits the space, then alternates
 * updates of discriminator and generator; see `runTraining`.
 */
export async function trainGan(options: TrainGanOptions): Promise<TrainedGan> {
  const { data, config } = options;
  const stream = new Stream(config.seed, 'gan');
  const { space, training, held, lineage } = prepare(options, stream);
  const trainer = new GanTrainer(training, config, stream.split('training'));
  return runTraining(
    {
      trainer,
      steps: config.steps,
      looking: { training, held },
      stream: stream.split('watchdog'),
      facts: checkpointFacts(config, data, options.watch !== undefined),
      modelNow: () => modelOf(trainer, space, lineage),
    },
    options,
  );
}
