import { CELL_PARAMETERS } from '../../src/codec/cell-numbers.ts';
import { type EncodedSet, encodeExamples } from '../../src/codec/encode.ts';
import { usageError } from '../../src/common/errors.ts';
import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Store, StoreExamples } from '../../src/dataset/store/store.ts';
import { classCodes } from '../classes.ts';
import type { GeneratorKind } from '../generator.ts';
import { type Lineage, lineageOf } from '../lineage.ts';
import { labelledRows, type TrainingVectors } from '../training/batches.ts';
import { factsOf } from '../training/checkpoint.ts';
import { type LoopOptions, runTraining, type Trained } from '../training/loop.ts';
import { type GanPlan, trainingPlan } from '../training/plan.ts';
import { heldOut } from '../training/watchdog.ts';
import { type GanConfig, ganConfigFor } from './config.ts';
import { CodecGenerator } from './model.ts';
import { discriminatorLayout, generatorLayout } from './networks.ts';
import { type CodecSpace, fitSpace, vectorWidth } from './space.ts';
import { GanTrainer, shapeOf } from './trainer.ts';

/** What a GAN learns from: training triplets as discs, and the store they come from. */
export interface GanData {
  set: EncodedSet;
  /** Digest of the prepared store. */
  store: string;
  /** Class indices that get at least half of every batch; none by default. */
  attention?: ReadonlySet<number>;
}

/**
 * The training triplets of a store, read as discs.
 *
 * @throws input error where no triplet can be read.
 */
export function ganData(
  examples: StoreExamples,
  progress: ProgressFactory = silentProgress,
): GanData {
  return { set: encodeExamples(examples, progress), store: examples.store.digest };
}

export interface TrainGanOptions extends LoopOptions<CodecGenerator> {
  data: GanData;
  config: GanConfig;
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
  const keptRows = rows.filter((row) => !aside.has(row));
  const kept = labelledRows(all, keptRows);
  const training: TrainingVectors = {
    ...all,
    values: kept.values,
    labels: kept.labels,
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

function modelOf(trainer: GanTrainer, space: CodecSpace, lineage: Lineage): CodecGenerator {
  const { shape } = trainer;
  const weights = trainer.averaged();
  return new CodecGenerator({ shape, space, weights, discriminator: trainer.kept(), lineage });
}

/**
 * Trains the conditional GAN on triplets in the codec's terms: fits the space, then alternates
 * updates of discriminator and generator; see `runTraining`.
 */
export async function trainGan(options: TrainGanOptions): Promise<Trained<CodecGenerator>> {
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
      facts: factsOf(
        { ...config, watched: options.watch !== undefined },
        {
          store: data.store,
          materials: data.set.triplets.map(({ material }) => material),
          attention: data.attention,
        },
      ),
      modelNow: () => modelOf(trainer, space, lineage),
    },
    options,
  );
}

/** Time of a step that does not depend on its size: launching some 450 kernels. */
const OVERHEAD_MS = 10;
/** Time to read the discs of one triplet. */
const READING_MS = 12;
/** Disc slots of the default camera, and numbers of a slot. */
const TABLE = 6500 * 6;

/** What `gan train` would do, without doing it. */
function codecPlan(store: Store, config: GanConfig, classes: readonly number[]): GanPlan {
  const triplets = store.indices('train').length;
  const rank = Math.min(config.components, triplets - 1);
  const shape = shapeOf(config, {
    width: rank + CELL_PARAMETERS,
    code: classCodes(store.classes).code,
  });
  const generatorParameters = generatorLayout(shape).size;
  const discriminatorParameters = discriminatorLayout(shape).size;
  // Generator: forward twice, backward once (twice a forward). Discriminator: forward three times,
  // backward three times, the penalty as much again every few steps.
  const passes = 4 * generatorParameters + (9 + 6 / config.penaltyEvery) * discriminatorParameters;
  return trainingPlan({
    classes,
    triplets,
    config,
    generatorParameters,
    discriminatorParameters,
    passes,
    overheadMs: OVERHEAD_MS,
    beforeMs: READING_MS * triplets,
    dataBytes: 4 * TABLE * (2 * triplets + store.classes.length + rank),
  });
}

/** The conditional GAN in the codec's terms: tables of disc intensities and cells, rendered. */
export const kind: GeneratorKind<GanConfig> = {
  name: 'codec',
  summary: 'disc tables and cells, rendered',
  settings: ganConfigFor,
  misfit: () => null,
  storeFor(store, size) {
    if (size === undefined || size === store.size) return store;
    throw usageError(
      `--size ${size}: ${store.path} has ${store.size} pixels a side, and a codec GAN draws as its store does`,
      'leave --size away, or use --generator pixel',
    );
  },
  plan: codecPlan,
  train({ store, config, attention, discs, ...loop }) {
    const set = discs?.() ?? encodeExamples(store.examples('train'), loop.progress);
    return trainGan({ ...loop, data: { set, store: store.digest, attention }, config });
  },
  load: (path) => CodecGenerator.load(path),
};
