import { existsSync } from 'node:fs';
import { ensureTask } from '../dataset/make-task.ts';
import { resplit } from '../dataset/resplit.ts';
import { DEFAULT_SPLIT_RULE, type SplitRule } from '../dataset/split.ts';
import { openStore, type Store } from '../dataset/store.ts';
import { isTask } from '../dataset/task-names.ts';
import { inputError } from '../ground/errors.ts';
import { type ProgressFactory, silentProgress } from '../ground/progress.ts';
import { defaultStorePath } from '../ground/run.ts';
import type { Study } from './study.ts';

/** The word for the prepared store of the workspace, the one that other commands use too. */
const WORKSPACE = 'workspace';

/**
 * The store of a study: the workspace's, a built-in task (made where it is missing) or a file.
 *
 * @throws input error where there is none.
 */
export async function studyStore(
  study: Study,
  progress: ProgressFactory = silentProgress,
): Promise<string> {
  if (isTask(study.data)) return ensureTask(study.data, progress);
  const path = study.data === WORKSPACE ? defaultStorePath() : study.data;
  if (existsSync(path)) return path;
  throw inputError(
    `no store at ${path}`,
    'make one with gan data prepare, or use --data minerals or ladder',
  );
}

/**
 * The store of a study divided for split number `split`: 0 is the store's own division, every
 * other one divides the materials anew by the same rule.
 */
export async function openDivided(study: Study, split: number): Promise<Store> {
  const store = await openStore(await studyStore(study));
  if (split === 0) return store;
  const rule = (store.config.rule as SplitRule | undefined) ?? DEFAULT_SPLIT_RULE;
  return resplit(store, { seed: split, rule });
}
