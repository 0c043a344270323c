import { existsSync } from 'node:fs';
import { inputError } from '../../common/errors.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import { defaultStorePath } from '../../common/run.ts';
import { DEFAULT_SPLIT_RULE, type SplitRule } from '../../dataset/split.ts';
import { openStore, type Store } from '../../dataset/store/store.ts';
import { resplit } from '../../dataset/store/view.ts';
import { ensureTask } from '../../dataset/tasks/make-task.ts';
import { isTask, taskStorePath } from '../../dataset/tasks/task-names.ts';
import { withinBudget } from '../cells/budget.ts';
import type { CellPlan, Study } from './study.ts';

/** The word for the prepared store of the workspace, the one that other commands use too. */
const WORKSPACE = 'workspace';

/** Where the store of a study stands: the workspace's, a built-in task's or a file. */
export function studyStorePath({ data }: Pick<Study, 'data'>): string {
  if (isTask(data)) return taskStorePath(data);
  return data === WORKSPACE ? defaultStorePath() : data;
}

/**
 * The store of a study, a built-in task made where it is missing.
 *
 * @throws input error where there is none.
 */
export async function studyStore(
  study: Study,
  progress: ProgressFactory = silentProgress,
): Promise<string> {
  if (isTask(study.data)) return ensureTask(study.data, progress);
  const path = studyStorePath(study);
  if (existsSync(path)) return path;
  throw inputError(
    `no store at ${path}`,
    'make one with gan data prepare, or use --data minerals or ladder',
  );
}

/** Which split and budget of a store a cell works on. */
export type Place = Pick<CellPlan, 'split' | 'budget'>;

/**
 * A store divided for a split number (0 is its own division, every other one divides the
 * materials anew by the same rule), its training part cut to the budget.
 */
export function divided(store: Store, { split, budget }: Place): Store {
  const rule = (store.config.rule as SplitRule | undefined) ?? DEFAULT_SPLIT_RULE;
  const whole = split === 0 ? store : resplit(store, { seed: split, rule });
  return budget === null ? whole : withinBudget(whole, { budget, seed: split });
}

/** The store of a study as the cells of a split and budget see it. */
export async function openDivided(study: Study, place: Place): Promise<Store> {
  return divided(await openStore(await studyStore(study)), place);
}
