import { existsSync } from 'node:fs';
import { openArchive, writeArchive } from '../../../synthetic/archive/archive.ts';
import { passportOf, recordMaterials } from '../../../synthetic/archive/passport.ts';
import { refuseLeaks, splitDigest } from '../../../synthetic/leak-guard.ts';
import { ClassTables } from '../../codec/class-tables.ts';
import { type EncodedSet, encodeExamples } from '../../codec/encode.ts';
import type { SamplerName } from '../../codec/samplers.ts';
import { type CodecPool, drawPool } from '../../codec/samplers.ts';
import { digestOf } from '../../common/digest.ts';
import { groupBy } from '../../common/group.ts';
import { withOutputLock } from '../../common/lock.ts';
import type { ProgressFactory } from '../../common/progress.ts';
import { Stream } from '../../common/stream.ts';
import type { Store } from '../../dataset/store/store.ts';
import { engine } from '../../engine/tf.ts';
import { checkBasis, type StudyFolder } from '../study/folder.ts';
import { openDivision } from '../study/store.ts';
import { type CellPlan, planCells } from '../study/study.ts';
import { crystalPool } from './crystal-pool.ts';
import { ganPool } from './gan-pool.ts';
import { makersFolder } from './makers.ts';
import { missingRows, type Pool, type PoolWork } from './pool.ts';

/** The pools that a cell draws from; none for arms without synthetic data, for copies and for an archive that is there. */
export function poolsOf({ arm }: CellPlan): Pool[] {
  const { synthetic: source, fillTo, each, epsilon, applyChecks } = arm;
  if (source === 'none' || source === 'copies' || source === 'archive') return [];
  const { partners, partnerBy, agreement, nearShare } = arm;
  const rows = { fillTo, ...(each !== undefined && { each }) };
  const near = { partners, partnerBy, agreement, ...(nearShare !== undefined && { nearShare }) };
  return [{ source, ...rows, epsilon, applyChecks, ...near }];
}

/** The archive of a pool for the split, GAN and budget of a cell. */
export const poolFile = (folder: StudyFolder, cell: CellPlan, pool: Pool): string =>
  folder.sharedFile(makersFolder(cell), `${pool.source}-${digestOf(pool).slice(0, 8)}.h5`);

function makePool(work: PoolWork): Promise<void> {
  const { source } = work.pool;
  if (source.startsWith('gan-')) return ganPool(work);
  return source.startsWith('crystals') ? crystalPool(work) : samplerPool(work);
}

/** A pool that is not there yet, and a cell that needs it. */
interface MissingPool {
  cell: CellPlan;
  pool: Pool;
  file: string;
}

/** The pools of a study, or of one group of it, that are not there yet. */
export function missingPools(folder: StudyFolder, group?: string): MissingPool[] {
  const wanted = new Map<string, MissingPool>();
  for (const cell of planCells(folder.study)) {
    if (group !== undefined && makersFolder(cell) !== group) continue;
    for (const pool of poolsOf(cell)) {
      const file = poolFile(folder, cell, pool);
      if (!existsSync(file)) wanted.set(file, { cell, pool, file });
    }
  }
  return [...wanted.values()];
}

/** Groups with missing pools: pools of one split, GAN number and budget share their makers. */
export const missingGroups = (folder: StudyFolder): string[] => [
  ...new Set(missingPools(folder).map(({ cell }) => makersFolder(cell))),
];

/** The training triplets of a store as discs, read when they are first asked for. */
function discsOf(store: Store, progress: ProgressFactory): () => EncodedSet {
  let set: EncodedSet | undefined;
  return () => {
    set ??= encodeExamples(store.examples('train'), progress);
    return set;
  };
}

/** Updates of a classifier that last as long as a triplet simulated, or searched at a boundary. */
const TRIPLET = 1;
const SEARCHED = 3;
/** Updates of a classifier that last as long as a step of a GAN. */
const GAN_STEP = 3.4;
/** Classes that lack rows, about; how many do is known when the store is open. */
const LACKING = 40;

/** About how long the missing pools of a group take, in updates of a classifier. */
export function poolCost(folder: StudyFolder, group: string): number {
  const { study } = folder;
  const missing = missingPools(folder, group).map(({ pool }) => pool);
  const triplets = missing.reduce(
    (sum, { source, fillTo }) =>
      sum + LACKING * fillTo * (source.includes('boundary') ? SEARCHED : TRIPLET),
    0,
  );
  const guided = missing.some(({ source }) => source.includes('boundary')) ? 2 * study.updates : 0;
  const gan = missing.some(({ source }) => source.startsWith('gan-')) ? GAN_STEP : 0;
  return Math.ceil(triplets + guided + gan * (study.crystalSteps ?? 500));
}

/** Makes the missing pools of a study, or of one group of it. */
export async function makePools(
  folder: StudyFolder,
  progress: ProgressFactory,
  group?: string,
): Promise<void> {
  const groups = groupBy(missingPools(folder, group), ({ cell }) => makersFolder(cell));
  for (const [name, all] of groups) {
    // Pools of a group share their makers: two processes would train each of them twice.
    await withOutputLock(folder.sharedFile(name), () => makeGroup(folder, all, progress));
  }
}

async function makeGroup(
  folder: StudyFolder,
  all: readonly MissingPool[],
  progress: ProgressFactory,
): Promise<void> {
  const missing = all.filter(({ file }) => !existsSync(file));
  if (missing.length > 0) {
    const { store, data } = await openDivision(folder.study, missing[0]!.cell);
    checkBasis(folder, { data, threads: engine.threads });
    const discs = discsOf(store, progress);
    const shared: PoolWork['shared'] = new Map();
    try {
      for (const { cell, pool, file } of missing) {
        await makePool({ folder, cell, pool, file, store, discs, progress, shared });
        // Here, where its triplets were just compared with held-out ones, this takes no time.
        refuseLeaks(await openArchive(file), store);
      }
    } finally {
      store.close();
    }
  }
}

/** Passports of codec draws: the training materials that each was made from. */
const passports = (drawn: CodecPool, tables: ClassTables) =>
  drawn.draws.map(({ label, sources, share }) =>
    passportOf(tables.set.classes[label]!, {
      parents: [...new Set(sources.map((row) => tables.triplet(row).material))],
      share: share > 0 ? Math.min(share, 1 - share) : null,
      accepted: true,
    }),
  );

/** Fills the rare classes with a codec sampler, the control of every GAN. */
async function samplerPool(work: PoolWork): Promise<void> {
  const { store, discs, pool, cell, file, progress } = work;
  const train = store.examples('train');
  const tables = new ClassTables(discs());
  const sampler = pool.source as SamplerName;
  const counts = missingRows(train, pool);
  const stream = new Stream(cell.gan, `pool/${sampler}`);
  const drawn = await drawPool(tables, { sampler, counts, stream }, progress);
  const maker = recordMaterials(digestOf({ sampler, seed: cell.gan }), train.materials);
  await writeArchive(file, {
    size: store.size,
    images: drawn.images,
    labels: drawn.labels.map((label) => store.classes[label]!),
    classes: store.classes,
    camera: store.camera,
    passports: passports(drawn, tables),
    origin: {
      store: store.digest,
      split: splitDigest(store),
      gan: maker,
      guide: null,
      verifiers: [],
      scalers: maker,
    },
  });
}
