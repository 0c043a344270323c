import { existsSync } from 'node:fs';
import { digestOf } from '../../common/digest.ts';
import { inputError } from '../../common/errors.ts';
import { checkOutput } from '../../common/files.ts';
import { withOutputLock } from '../../common/lock.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import type { Camera } from '../../simulate/camera.ts';
import { simulationSchema } from '../../simulate/options.ts';
import type { Sample, SampleFacts } from '../../simulate/sample.ts';
import { simulateTriplets } from '../../simulate/triplets.ts';
import { isFatal } from '../anomaly.ts';
import { writeStoreCard } from '../card.ts';
import { storeCensus } from '../census.ts';
import { reduceStack } from '../intensity/transform.ts';
import { tiedByPixels } from '../same-pixels.ts';
import { splitMaterials } from '../split.ts';
import { tableOf } from '../store/rows.ts';
import { writeTable } from '../store/store-write.ts';
import { rangeFault } from '../summit/summit.ts';
import { type BuiltInTaskName, taskStorePath } from './task-names.ts';
import { type BuiltInTask, builtInTask, type TaskOptions } from './tasks.ts';

export interface MadeTask {
  /** The prepared store. */
  store: string;
  digest: string;
  samples: number;
  /** Crystals that could not be simulated, and why. */
  failed: { id: string; reason: string }[];
}

/** A simulated triplet as it is stored. */
interface Row {
  key: string;
  facts: SampleFacts;
  /** (size, size, 3) stored values. */
  pixels: Uint8Array;
}

/** The triplet of a sample, or a failure that says why it cannot be used. */
function rowOf(sample: Sample): Row | MadeTask['failed'][number] {
  const { key, camera, stack, ...facts } = sample;
  const reduction = reduceStack(stack, camera.size, camera.size);
  const fault = rangeFault(reduction);
  if (fault && isFatal(fault)) return { id: facts.crystal?.id ?? key, reason: fault.reason };
  return { key, facts, pixels: reduction.pixels };
}

/** Simulates the crystals of a task; about 12 KB a row are kept until the last is there. */
async function simulatedRows(
  task: BuiltInTask,
  failed: MadeTask['failed'],
  progress: ProgressFactory,
) {
  const options = simulationSchema.parse(task.simulation);
  const rows: Row[] = [];
  let camera: Camera | null = null;
  for await (const outcome of simulateTriplets(task.crystals, options, progress)) {
    const row = 'ok' in outcome ? rowOf(outcome.ok) : outcome.failed;
    if ('ok' in outcome) camera ??= outcome.ok.camera;
    if ('pixels' in row) rows.push(row);
    else failed.push(row);
  }
  // By name, as the groups of a file in the Summit layout: the store is that of the exported task.
  rows.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  return { rows, camera, options };
}

/** Simulates the crystals of a built-in task and writes them as a prepared store. */
export async function makeTask(
  name: BuiltInTaskName,
  store: string,
  given: TaskOptions,
): Promise<MadeTask> {
  const { seed, progress = silentProgress } = given;
  checkOutput(store);
  const task = builtInTask(name, given);
  const failed: MadeTask['failed'] = [];
  const { rows, camera, options } = await simulatedRows(task, failed, progress);
  if (!camera || rows.length === 0) {
    throw inputError(`no crystal of the task ${name} could be simulated (${failed[0]?.reason})`);
  }
  const classOf = new Map(rows.map(({ facts }) => [facts.material, facts.spaceGroup]));
  const tied = tiedByPixels(
    rows.map(({ facts }) => facts.material),
    (row) => rows[row]!.pixels,
  );
  const splits = splitMaterials(classOf, { seed, rule: task.rule, tied });
  const source = { name: `task ${name}`, bytes: 0, samples: rows.length };
  const table = tableOf(
    rows.map(({ key, facts }) => ({ key, facts, split: splits.get(facts.material)! })),
  );
  const digest = await writeTable(store, table, {
    camera,
    images: rows.map(({ pixels }) => pixels),
    config: { size: camera.size, split: 'material', seed, rule: task.rule, simulation: options },
    sources: [{ ...source, digest: digestOf({ crystals: task.crystals, options }) }],
  });
  const census = storeCensus({ ...table, count: rows.length });
  writeStoreCard(store, { census, camera, sources: [source.name], digest, own: true });
  return { store, digest, samples: rows.length, failed };
}

/** The store of a built-in task, made where it is not there yet. */
export async function ensureTask(
  name: BuiltInTaskName,
  progress: ProgressFactory,
): Promise<string> {
  const path = taskStorePath(name);
  if (existsSync(path)) return path;
  await withOutputLock(path, async () => {
    if (!existsSync(path)) await makeTask(name, path, { seed: 0, progress });
  });
  return path;
}
