import { CbedError } from '../../src/common/errors.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import type { GeneratorKind } from '../generator.ts';
import { lineageOf } from '../lineage.ts';
import { factsOf } from '../training/checkpoint.ts';
import { type LoopOptions, runTraining, type Trained } from '../training/loop.ts';
import { type GanPlan, trainingPlan } from '../training/plan.ts';
import { heldOut } from '../training/watchdog.ts';
import { KEPT_BYTES, storeOfSize } from './averaged-store.ts';
import { type PixelConfig, pixelConfigFor } from './config.ts';
import { PixelGenerator } from './model.ts';
import {
  channelsAt,
  discriminatorLayout,
  type PixelShape,
  pixelLayout,
  sidesTo,
} from './networks.ts';
import { lookedAt, type PixelData, PixelTrainer, pixelShape } from './trainer.ts';

export interface TrainPixelOptions extends LoopOptions<PixelGenerator> {
  data: PixelData;
  config: PixelConfig;
}

/** Some examples of many. */
function someOf(examples: Examples, rows: readonly number[]): Examples {
  const { size, classes, labels, materials } = examples;
  return {
    count: rows.length,
    size,
    classes,
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
export async function trainPixelGan(options: TrainPixelOptions): Promise<Trained<PixelGenerator>> {
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
        return new PixelGenerator({
          shape,
          classes,
          weights,
          discriminator: trainer.kept(),
          lineage,
        });
      },
    },
    options,
  );
}

/** Time of a step that does not depend on its size: launching some 600 kernels. */
const OVERHEAD_MS = 25;
/** Maps that a step keeps for its gradients, in numbers a pixel and channel of full resolution. */
const KEPT_MAPS = 40;

/** Multiplications a triplet in one pass of the discriminator. */
const discriminatorPass = (shape: PixelShape): number =>
  sidesTo(shape.size).reduce((sum, side) => {
    const from = side === shape.size ? 3 : channelsAt(shape, side);
    return sum + (side / 2) ** 2 * 16 * from * channelsAt(shape, side / 2);
  }, 0);

/** Multiplications a triplet in one pass of the generator. */
function generatorPass(shape: PixelShape): number {
  const doubling = sidesTo(shape.size).map(
    (side) => side ** 2 * 4 * channelsAt(shape, side / 2) * channelsAt(shape, side),
  );
  return doubling.reduce((sum, one) => sum + one, shape.size ** 2 * 27 * shape.width);
}

/** What `gan train --generator pixel` would do, without doing it. */
function pixelPlan(store: Store, config: PixelConfig, classes: readonly number[]): GanPlan {
  const { batch, penaltyEvery } = config;
  const shape = pixelShape(config, store);
  const generatorParameters = pixelLayout(shape).size;
  const discriminatorParameters = discriminatorLayout(shape).size;
  // Generator: forward twice, backward once (twice a forward). Discriminator: forward three times,
  // backward twice, back to the triplets once; the penalty as much again every few steps.
  const passes = 4 * generatorPass(shape) + (8 + 6 / penaltyEvery) * discriminatorPass(shape);
  const triplets = store.indices('train').length;
  const maps = 4 * KEPT_MAPS * batch * shape.width * shape.size ** 2;
  return trainingPlan({
    classes,
    triplets,
    config,
    generatorParameters,
    discriminatorParameters,
    passes,
    overheadMs: OVERHEAD_MS,
    beforeMs: 0,
    dataBytes: maps + Math.min(triplets * 3 * shape.size ** 2, KEPT_BYTES),
  });
}

/** The projection GAN on pixels, for data that are no disc arrays. */
export const kind: GeneratorKind<PixelConfig> = {
  name: 'pixel',
  summary: 'draws pixels',
  settings: pixelConfigFor,
  misfit(store) {
    try {
      storeOfSize(store);
      return null;
    } catch (error) {
      if (error instanceof CbedError) return error.message;
      throw error;
    }
  },
  storeFor: storeOfSize,
  plan: pixelPlan,
  train: ({ store, config, attention, discs: _, ...loop }) =>
    trainPixelGan({
      ...loop,
      data: { examples: store.examples('train'), store: store.digest, attention },
      config,
    }),
  load: (path) => PixelGenerator.load(path),
};
