import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inputError } from '../../common/errors.ts';
import { workspaceFolder } from '../../common/run.ts';

/** Built-in tasks, what each is for, and the version of how it is made. */
export const TASKS = {
  minerals: {
    version: 2,
    about: 'real minerals of the space groups with at least 10 materials: a natural long tail',
  },
  universal: {
    version: 1,
    about: 'real minerals of all 170 space groups that have any; a single one is a test material',
  },
  ladder: {
    version: 2,
    about: 'generated crystals of 23 space groups, 150 falling to 5 training materials',
  },
  balanced: {
    version: 2,
    about: 'the space groups of the ladder with 150 training materials each: what its tail costs',
  },
} as const;

export type BuiltInTaskName = keyof typeof TASKS;

/** True for the name of a built-in task. */
export const isTask = (name: string): name is BuiltInTaskName => Object.hasOwn(TASKS, name);

/** Where a built-in task's store stands in the workspace. */
export const taskStorePath = (name: BuiltInTaskName): string =>
  join(workspaceFolder(), 'tasks', `${name}-v${TASKS[name].version}.h5`);

/**
 * The file that is meant by the path of a store or the name of a built-in task.
 *
 * @throws an input error for a task that is not made yet.
 */
export function storeFile(given: string): string {
  if (!isTask(given) || existsSync(given)) return given;
  const path = taskStorePath(given);
  if (existsSync(path)) return path;
  throw inputError(`the task ${given} is not made yet`, `make it: npx gan data task ${given}`);
}
