import { Command } from 'commander';
import { usageError } from '../common/errors.ts';
import { terminalProgress } from '../common/progress.ts';
import { didYouMean } from '../common/suggest.ts';

interface TaskFlags {
  list?: boolean;
  json?: boolean;
}

async function make(name: string | undefined, flags: TaskFlags): Promise<void> {
  const { isTask, TASKS, taskStorePath } = await import('../dataset/tasks/task-names.ts');
  if (flags.list || name === undefined) {
    const lines = Object.entries(TASKS).map(
      ([task, { version, about }]) => `${task.padEnd(10)}version ${version}: ${about}`,
    );
    console.log(flags.json ? JSON.stringify(TASKS, null, 2) : lines.join('\n'));
    return;
  }
  if (!isTask(name)) {
    throw usageError(`there is no task ${name}`, didYouMean(name, Object.keys(TASKS)));
  }
  const { existsSync } = await import('node:fs');
  const there = existsSync(taskStorePath(name));
  const { ensureTask } = await import('../dataset/tasks/make-task.ts');
  const path = await ensureTask(name, terminalProgress);
  const { openStore } = await import('../dataset/store/store.ts');
  const { censusLines } = await import('../report/pages/census-text.ts');
  const { storeCensus } = await import('../dataset/census.ts');
  const store = await openStore(path);
  const census = storeCensus(store);
  store.close();
  const { version } = TASKS[name];
  if (flags.json) {
    console.log(JSON.stringify({ task: name, version, path, made: !there, census }, null, 2));
    return;
  }
  console.log([...censusLines(census), `${path}; use it with --data ${name}`].join('\n'));
}

/** `gan data task`: makes the prepared store of a built-in task. */
export const dataTaskCommand = (): Command =>
  new Command('task')
    .description(
      'make the prepared store of a built-in task: minerals, universal, ladder or balanced',
    )
    .argument('[name]', 'task; without one they are listed')
    .option('--list', 'list the tasks')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  npx gan data task ladder\n  npx gan classify train --data ladder --technique logit-adjustment',
    )
    .action(make);
