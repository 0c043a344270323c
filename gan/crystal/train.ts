import { Stream } from '../../src/common/stream.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import type { SimulationOptions } from '../../src/simulate/options.ts';
import { classCodes } from '../classes.ts';
import type { Lineage } from '../lineage.ts';
import { type LabelledRows, labelledRows } from '../training/batches.ts';
import { factsOf } from '../training/checkpoint.ts';
import { type LoopOptions, runTraining, type Trained } from '../training/loop.ts';
import { heldOut } from '../training/watchdog.ts';
import type { CrystalConfig } from './config.ts';
import { CrystalModel } from './model.ts';
import { CrystalSources } from './skeleton-sources.ts';
import type { SkeletonCrystal } from './skeletons.ts';
import { CrystalTrainer } from './trainer.ts';

/** What a crystal GAN learns from. */
export interface CrystalData {
  /** Training crystals of the store's classes. */
  training: readonly Crystal[];
  /** Crystals of groups that are not in the store; they show what crystals look like. */
  others: readonly Crystal[];
  /** Crystals of held-out materials, which samples must not be equal to. */
  heldOut: readonly Crystal[];
  /** Space groups of the store, ascending. */
  classes: readonly number[];
  lineage: Lineage;
  simulation: SimulationOptions;
  /** Space groups that get at least half of every batch. */
  attention: ReadonlySet<number>;
}

export interface TrainCrystalOptions extends LoopOptions<CrystalModel> {
  data: CrystalData;
  config: CrystalConfig;
}

/** One crystal of each material: other temperatures and refinements of it add nothing. */
export function distinctMaterials(crystals: readonly Crystal[]): Crystal[] {
  return [...new Map(crystals.map((crystal) => [crystal.material, crystal])).values()];
}

/** Crystals as the trainer sees them, and what only the watchdog sees. */
function prepare({ data, watch }: TrainCrystalOptions, stream: Stream) {
  const training = distinctMaterials(data.training);
  const all = [...training, ...distinctMaterials(data.others)];
  const sources = new CrystalSources(all);
  const groups = [...new Set([...data.classes, ...sources.groups])].sort((a, b) => a - b);
  const usable = groups.flatMap((group, label) =>
    sources.known(group).map(({ crystal, sited }) => ({ label, crystal, sited })),
  );
  const labels = Int32Array.from(usable, ({ label }) => label);
  const materials = usable.map(({ crystal }) => crystal.material);
  const aside = watch ? heldOut(labels, materials, stream) : new Set<number>();
  const kept = usable.filter((_, row) => !aside.has(row));
  const attention = new Set(
    groups.flatMap((group, label) => (data.attention.has(group) ? [label] : [])),
  );
  return { sources, groups, all, kept, attention, held: usable.filter((_, row) => aside.has(row)) };
}

/**
 * Trains the crystal GAN: crystals as skeletons and numbers, updates of discriminator and generator in
 * turn; see `runTraining`.
 *
 * @throws RangeError where there is no training crystal that the networks can take.
 * @example
 * const { model } = await trainCrystalGan({ data, config });
 * const { made } = model.sampleCrystals({ wanted: new Map([[194, 10]]), seed: 1 });
 * @category Generators
 */
export async function trainCrystalGan(
  options: TrainCrystalOptions,
): Promise<Trained<CrystalModel>> {
  const { data, config } = options;
  const stream = new Stream(config.seed, 'crystal gan');
  const { sources, groups, all, kept, attention, held } = prepare(
    options,
    stream.split('held out'),
  );
  const rowsOf = (list: typeof kept) => ({
    crystals: list.map(({ sited }): SkeletonCrystal => sited),
    labels: Int32Array.from(list, ({ label }) => label),
  });
  const rows = rowsOf(kept);
  const trainer = new CrystalTrainer(
    { sources, classes: groups, rows, attention },
    config,
    stream.split('training'),
  );
  const shares = { known: config.known, broken: config.broken, new: config.fresh };
  const modelNow = (): CrystalModel => {
    const weights = trainer.weights();
    return new CrystalModel({
      shape: trainer.shape,
      classes: data.classes,
      groups,
      shares,
      ...weights,
      spread: trainer.realSpread(),
      training: all,
      heldOut: data.heldOut,
      lineage: data.lineage,
      simulation: data.simulation,
    });
  };
  const seen = trainer.appearanceRows(rows.crystals);
  const { values: codes, code } = classCodes(groups);
  const training = { ...seen, labels: rows.labels, codes, code, attention };
  const aside = rowsOf(held);
  const heldRows: LabelledRows =
    held.length > 0
      ? { ...trainer.appearanceRows(aside.crystals), labels: aside.labels }
      : labelledRows(training, []);
  return runTraining(
    {
      trainer,
      steps: config.steps,
      looking: { training, held: heldRows },
      stream: stream.split('watchdog'),
      facts: factsOf(
        { ...config, watched: options.watch !== undefined },
        {
          store: data.lineage.store,
          materials: all.map(({ material }) => material),
          attention,
        },
      ),
      modelNow,
    },
    options,
  );
}
