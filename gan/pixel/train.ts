import { Stream } from '../../src/common/stream.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import { lineageOf } from '../lineage.ts';
import { factsOf } from '../training/checkpoint.ts';
import { heldOut } from '../training/held-out.ts';
import { type LoopOptions, runTraining, type Trained } from '../training/loop.ts';
import type { PixelConfig } from './config.ts';
import type { PixelData } from './data.ts';
import { PixelModel } from './model.ts';
import { PixelTrainer } from './trainer.ts';
import { lookedAt } from './watched.ts';

export interface TrainPixelOptions extends LoopOptions<PixelModel> {
  data: PixelData;
  config: PixelConfig;
}

/** Some examples of many. */
function someOf(examples: Examples, rows: readonly number[]): Examples {
  const { size, classes, labels, materials } = examples;
  return {
    ...{ count: rows.length, size, classes },
    labels: Int32Array.from(rows, (row) => labels[row]!),
    materials: rows.map((row) => materials[row]!),
    images: (indices) => examples.images(Array.from(indices, (i) => rows[i]!)),
  };
}

/** What the networks learn from, and what only the watchdog sees. */
function prepare({ data, watch }: TrainPixelOptions, stream: Stream) {
  const { labels, materials } = data.examples;
  const aside = watch ? heldOut(labels, materials, stream.split('held out')) : new Set<number>();
  const rows = [...labels.keys()];
  const [held, kept] = [true, false].map((wanted) =>
    someOf(
      data.examples,
      rows.filter((row) => aside.has(row) === wanted),
    ),
  ) as [Examples, Examples];
  const training = { ...data, examples: kept };
  return { training, looking: lookedAt(training, held, stream.split('looks')) };
}

/** Trains a conditional GAN on pixels; see `runTraining`. */
export async function trainPixelGan(options: TrainPixelOptions): Promise<Trained<PixelModel>> {
  const { data, config, watch } = options;
  const stream = new Stream(config.seed, 'gan on pixels/pixel');
  const { training, looking } = prepare(options, stream);
  const trainer = new PixelTrainer(training, config, stream.split('training'));
  const { examples, store, attention } = data;
  const { size, classes, labels, materials } = examples;
  const lineage = lineageOf(
    { store, classes },
    materials.map((material, row) => ({ label: labels[row]!, material })),
  );
  const { shape } = trainer;
  const settings = { ...config, kind: 'pixel', size, watched: watch !== undefined };
  return runTraining(
    {
      trainer,
      steps: config.steps,
      looking,
      stream: stream.split('watchdog'),
      facts: factsOf(settings, { store, materials, attention }),
      modelNow: () => {
        const weights = trainer.averaged();
        return new PixelModel({ shape, classes, weights, critic: trainer.judge(), lineage });
      },
    },
    options,
  );
}
