import { existsSync } from 'node:fs';
import { ensureTask, isTask } from '../dataset/make-task.ts';
import { resplit } from '../dataset/resplit.ts';
import { DEFAULT_SPLIT_RULE, type SplitRule } from '../dataset/split.ts';
import { openStore, type Store } from '../dataset/store.ts';
import { inputError } from '../ground/errors.ts';
import { type ProgressFactory, silentProgress } from '../ground/progress.ts';
import type { Study } from './study.ts';

/** The store of a study: a built-in task (made where it is missing) or a prepared file. */
export async function studyStore(
  study: Study,
  progress: ProgressFactory = silentProgress,
): Promise<string> {
  if (isTask(study.data)) return ensureTask(study.data, progress);
  if (!existsSync(study.data)) {
    throw inputError(
      `no store at ${study.data}`,
      'make one with gan data prepare, or use minerals or ladder',
    );
  }
  return study.data;
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
