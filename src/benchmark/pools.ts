import { existsSync } from 'node:fs';
import type { Store } from '../dataset/store.ts';
import { digestOf } from '../ground/digest.ts';
import type { ProgressFactory } from '../ground/progress.ts';
import { openDivided } from './divided.ts';
import type { StudyFolder } from './folder.ts';
import { ganPool } from './gan-pool.ts';
import { samplerPool } from './sampler-pool.ts';
import { type Arm, type CellPlan, planCells } from './study.ts';

/** A set of synthetic triplets that cells share: what it is made by, and with which settings. */
export interface Pool {
  source: Exclude<Arm['synthetic'], 'none' | 'copies'>;
  fillTo: number;
  epsilon: number;
  realismGate: boolean;
}

/** The pools that a cell draws from; none for arms without synthetic data and for copies. */
export function poolsOf({ arm }: CellPlan): Pool[] {
  const { synthetic: source, fillTo, epsilon, realismGate } = arm;
  if (source === 'none' || source === 'copies') return [];
  return [{ source, fillTo, epsilon, realismGate }];
}

/** The archive of a pool for the split and GAN of a cell. */
export const poolFile = (folder: StudyFolder, cell: CellPlan, pool: Pool): string =>
  folder.sharedFile(
    `split${cell.split}-gan${cell.gan}`,
    `${pool.source}-${digestOf(pool).slice(0, 8)}.h5`,
  );

/** What making a pool needs. */
export interface PoolWork {
  folder: StudyFolder;
  cell: CellPlan;
  pool: Pool;
  /** Where the archive goes. */
  file: string;
  store: Store;
  progress: ProgressFactory;
}

const makePool = (work: PoolWork): Promise<void> =>
  work.pool.source.startsWith('gan-') ? ganPool(work) : samplerPool(work);

/** The pools of a study that are not there yet, each with a cell that needs it. */
export function missingPools(folder: StudyFolder): { cell: CellPlan; pool: Pool; file: string }[] {
  const wanted = new Map<string, { cell: CellPlan; pool: Pool; file: string }>();
  for (const cell of planCells(folder.study)) {
    for (const pool of poolsOf(cell)) {
      const file = poolFile(folder, cell, pool);
      if (!existsSync(file)) wanted.set(file, { cell, pool, file });
    }
  }
  return [...wanted.values()];
}

/** Makes what cells share, so that they can run in any order and side by side. */
export async function makePools(folder: StudyFolder, progress: ProgressFactory): Promise<void> {
  for (const { cell, pool, file } of missingPools(folder)) {
    const store = await openDivided(folder.study, cell.split);
    try {
      await makePool({ folder, cell, pool, file, store, progress });
    } finally {
      store.close();
    }
  }
}
