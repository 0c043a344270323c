import { usageError } from '../../src/common/errors.ts';
import { counted } from '../../src/common/log.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { classCodes } from '../classes.ts';
import type { Generator, GeneratorKind } from '../generator.ts';
import type { Trained } from '../training/loop.ts';
import { type GanPlan, trainingPlan } from '../training/plan.ts';
import { MOST } from './codec.ts';
import { type CrystalConfig, crystalConfigFor } from './config.ts';
import { crystalData, crystalMisfit } from './data.ts';
import { CrystalGenerator } from './generator.ts';
import { CrystalModel } from './model.ts';
import { crystalDiscriminatorLayout, crystalGeneratorLayout } from './networks.ts';
import { CrystalSources, type SourceCounts } from './skeleton-sources.ts';
import { distinctMaterials, trainCrystalGan } from './train.ts';
import { crystalShape } from './trainer.ts';

/** Time of a step that does not depend on its size, time of one of its crystals, ms on two cores. */
const OVERHEAD_MS = 20;
const CRYSTAL_MS = 2.5;
/** Time to read a training crystal: sites, distances, neighbours. */
const READING_MS = 3;

/** Which training crystals of a class are not learned from, and why; empty where all are. */
function leftOutText({ tooLarge, unsited }: SourceCounts): string {
  const limits = `more than ${MOST.sites} sites, ${MOST.slots} elements or ${MOST.atoms} atoms of a primitive cell`;
  const reasons = [
    tooLarge > 0 ? `${tooLarge} left out: ${limits}` : '',
    unsited > 0 ? `${unsited} left out: atoms that are no orbits of the group` : '',
  ].filter(Boolean);
  return reasons.length > 0 ? ` (${reasons.join('; ')})` : '';
}

/** What a class has to make crystals from, in a line. */
function sourceNote(spaceGroup: number, counts: SourceCounts): string {
  const { crystals, skeletons, paths, supergroups } = counts;
  const broken =
    paths === 0
      ? 'no way from a supergroup'
      : `${counted(paths, 'way')} from supergroups ${supergroups.join(', ')}`;
  const known = `${counted(crystals, 'crystal')} of ${counted(skeletons, 'skeleton')}`;
  return `  ${spaceGroup}: ${known}${leftOutText(counts)}; ${broken}; new skeletons from priors`;
}

function crystalPlan(store: Store, config: CrystalConfig, classes: readonly number[]): GanPlan {
  const data = crystalData(store, new Set());
  const training = distinctMaterials([...data.training, ...data.others]);
  const sources = new CrystalSources(training);
  const groups = [...new Set([...store.classes, ...sources.groups])].sort((a, b) => a - b);
  const shape = crystalShape(config, { classes: groups, elements: sources.elements });
  const generatorParameters = crystalGeneratorLayout(shape).size;
  const discriminatorParameters = crystalDiscriminatorLayout(shape).size;
  const plan = trainingPlan({
    classes,
    triplets: store.indices('train').length,
    config,
    generatorParameters,
    discriminatorParameters,
    passes: 0,
    overheadMs: OVERHEAD_MS + CRYSTAL_MS * config.batch,
    beforeMs: READING_MS * training.length,
    dataBytes: 40_000 * training.length,
  });
  const { code } = classCodes(groups);
  return {
    ...plan,
    bytes: plan.bytes + 8 * code * shape.hidden,
    notes: classes.map((spaceGroup) => sourceNote(spaceGroup, sources.counts(spaceGroup))),
  };
}

/** A conditional GAN that proposes crystals of the group; the simulator draws their triplets. */
export const crystalKind: GeneratorKind<CrystalConfig> = {
  name: 'crystal',
  summary: 'crystals of the group, simulated',
  settings: crystalConfigFor,
  misfit: crystalMisfit,
  storeFor(store, size) {
    if (size === undefined || size === store.size) return store;
    throw usageError(
      `--size ${size}: ${store.path} has ${store.size} pixels a side, and a crystal GAN simulates as its store was`,
      'leave --size away, or prepare the store at that size',
    );
  },
  plan: crystalPlan,
  async train({ store, config, attention, discs: _, onReport, ...loop }) {
    const trained = await trainCrystalGan({
      ...loop,
      data: crystalData(store, attention),
      config,
      onReport:
        onReport && ((row, model) => onReport(row, (): Generator => new CrystalGenerator(model()))),
    });
    return {
      ...trained,
      model: new CrystalGenerator(trained.model),
      untrained: new CrystalGenerator(trained.untrained),
    } satisfies Trained<Generator>;
  },
  load: (path) => new CrystalGenerator(CrystalModel.load(path)),
};
