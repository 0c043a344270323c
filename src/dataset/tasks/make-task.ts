import { existsSync } from 'node:fs';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import { simulationSchema } from '../../simulate/options.ts';
import type { Sample } from '../../simulate/sample.ts';
import { simulateTriplets } from '../../simulate/triplets.ts';
import { prepareStore } from '../prepare/prepare.ts';
import { writeSummit } from '../summit/summit.ts';
import { type TaskName, taskStorePath } from './task-names.ts';
import { type BuiltInTask, builtInTask, type TaskOptions } from './tasks.ts';

export interface MadeTask {
  /** The simulated triplets in the Summit layout. */
  simulated: string;
  /** The prepared store. */
  store: string;
  samples: number;
  /** Crystals that could not be simulated, and why. */
  failed: { id: string; reason: string }[];
}

/** Samples as they come; failures go to the list. */
async function* simulated(
  task: BuiltInTask,
  failed: MadeTask['failed'],
  progress: ProgressFactory,
): AsyncGenerator<Sample> {
  const options = simulationSchema.parse(task.simulation);
  for await (const outcome of simulateTriplets(task.crystals, options, progress)) {
    if ('ok' in outcome) yield outcome.ok;
    else failed.push(outcome.failed);
  }
}

/** Simulates the crystals of a built-in task and prepares them into a store at `store`. */
export async function makeTask(
  name: TaskName,
  store: string,
  options: TaskOptions & { workers: number },
): Promise<MadeTask> {
  const { workers, seed, progress = silentProgress } = options;
  const task = builtInTask(name, options);
  const failed: MadeTask['failed'] = [];
  const file = store.replace(/(\.h5)?$/, '.simulated.h5');
  await writeSummit(file, simulated(task, failed, progress));
  const prepared = await prepareStore([file], store, {
    size: 64,
    split: 'material',
    rule: task.rule,
    seed,
    workers,
    progress,
  });
  return { simulated: file, store: prepared.path, samples: prepared.samples, failed };
}

/** The store of a built-in task, made where it is not there yet. */
export async function ensureTask(name: TaskName, progress: ProgressFactory): Promise<string> {
  const path = taskStorePath(name);
  if (!existsSync(path)) await makeTask(name, path, { seed: 0, workers: 2, progress });
  return path;
}
