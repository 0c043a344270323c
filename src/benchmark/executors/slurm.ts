import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inputError, messageOf, usageError } from '../../common/errors.ts';
import { writeAtomic } from '../../common/files.ts';
import { launcher } from '../../common/paths.ts';
import { missingPools } from '../pools/pools.ts';
import { missingCells, type StudyFolder } from '../study/folder.ts';

export interface SlurmResources {
  partition?: string;
  cpus: number;
  /** GiB a cell. */
  memory: number;
  /** HH:MM:SS. */
  time: string;
  gpus: number;
  /** Cells at once; 0 leaves it to the scheduler. */
  atOnce: number;
}

export interface Submission {
  array: string;
  report: string;
  cells: number;
}

/** What SLURM flags may look like: they go into its command line. */
const PARTITION = /^[\w.-]+(,[\w.-]+)*$/;
const TIME = /^(\d+|\d+:\d\d(:\d\d)?|\d+-\d\d?(:\d\d){0,2})$/;

/** @throws usage error for a partition or a time limit that is none. */
function checkResources({ partition, time }: SlurmResources): void {
  if (partition !== undefined && !PARTITION.test(partition)) {
    throw usageError(`--partition "${partition}" is no name of a partition`);
  }
  if (!TIME.test(time)) {
    throw usageError(
      `--time "${time}" is no time limit`,
      'hours:minutes:seconds, such as 01:30:00',
    );
  }
}

/** A path in a file name pattern of SLURM, where % begins a placeholder. */
const literal = (path: string): string => path.replaceAll('%', '%%');

/** Arguments of sbatch for the kind of job, its log and its resources. */
export function jobArguments(
  folder: StudyFolder,
  resources: SlurmResources,
  job: { name: string; cells?: number },
): string[] {
  checkResources(resources);
  const { partition, cpus, memory, time, gpus, atOnce } = resources;
  const log = job.cells === undefined ? `slurm-${job.name}-%j.log` : 'slurm-%A_%a.log';
  return [
    `--job-name=gan-${folder.study.name}-${job.name}`,
    `--output=${literal(join(folder.path, 'logs'))}/${log}`,
    `--cpus-per-task=${cpus}`,
    `--mem=${memory}G`,
    `--time=${time}`,
    ...(partition ? [`--partition=${partition}`] : []),
    ...(gpus > 0 ? [`--gres=gpu:${gpus}`] : []),
    ...(job.cells === undefined
      ? []
      : [`--array=0-${job.cells - 1}${atOnce > 0 ? `%${atOnce}` : ''}`, '--requeue']),
  ];
}

/**
 * The batch script of every job: all that differs comes as arguments (node, launcher, threads, folder,
 * kind of work), so that no name or path is ever read as a command.
 */
export const BATCH_SCRIPT = `#!/bin/bash
node=$1 launcher=$2 folder=$4 work=$5
export CBED_THREADS=$3
case $work in
  cell)
    cell=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" "$folder/slurm-cells.txt")
    exec "$node" "$launcher" bench cell "$cell" --in "$folder" ;;
  pools) exec "$node" "$launcher" bench pools --in "$folder" ;;
  report) exec "$node" "$launcher" bench report "$folder" ;;
esac
`;

function sbatch(args: readonly string[]): string {
  try {
    return execFileSync('sbatch', ['--parsable', ...args], { encoding: 'utf8' })
      .trim()
      .split(';')[0]!;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw inputError(
      missing
        ? 'no sbatch on this machine'
        : `sbatch refused the job: ${messageOf(error).split('\n')[0]}`,
      missing
        ? 'run on a SLURM login node, or use --executor local'
        : 'check --partition and the resources',
    );
  }
}

interface Job {
  work: 'cell' | 'pools' | 'report';
  resources: SlurmResources;
  cells?: number;
  /** Job that has to end before, and how. */
  after?: string | null;
}

/** Submits a job of a study. */
function submit(folder: StudyFolder, { work, resources, cells, after }: Job): string {
  const script = join(folder.path, 'slurm-job.sh');
  writeAtomic(script, BATCH_SCRIPT);
  return sbatch([
    ...jobArguments(folder, resources, { name: work, cells }),
    ...(after ? [`--dependency=${after}`, '--kill-on-invalid-dep=yes'] : []),
    script,
    process.execPath,
    launcher,
    String(resources.cpus),
    folder.path,
    work,
  ]);
}

/**
 * Submits what is missing: what cells share, then the cells as one job array, then the report,
 * each after the one before.
 */
export function submitToSlurm(folder: StudyFolder, resources: SlurmResources): Submission | null {
  const missing = missingCells(folder);
  if (missing.length === 0) return null;
  mkdirSync(join(folder.path, 'logs'), { recursive: true });
  const list = join(folder.path, 'slurm-cells.txt');
  writeAtomic(list, `${missing.map(({ id }) => id).join('\n')}\n`);
  const pools =
    missingPools(folder).length > 0 ? submit(folder, { work: 'pools', resources }) : null;
  const after = pools && `afterok:${pools}`;
  const array = submit(folder, { work: 'cell', resources, cells: missing.length, after });
  const few = { ...resources, cpus: 1, gpus: 0 };
  const report = submit(folder, { work: 'report', resources: few, after: `afterany:${array}` });
  const jobs = [pools, array, report].filter((job) => job !== null);
  writeAtomic(join(folder.path, 'slurm-jobs.txt'), `${jobs.join('\n')}\n`);
  return { array, report, cells: missing.length };
}

/** Cancels the jobs of a study; cells that are done stay. */
export function cancelOnSlurm(folder: StudyFolder): string[] {
  let jobs: string[];
  try {
    jobs = readFileSync(join(folder.path, 'slurm-jobs.txt'), 'utf8').trim().split('\n');
  } catch {
    throw inputError(`${folder.path} has no submitted jobs`, 'nothing to cancel');
  }
  const result = spawnSync('scancel', jobs, { encoding: 'utf8' });
  if (result.status !== 0)
    throw inputError(`scancel failed: ${result.stderr || messageOf(result.error)}`);
  return jobs;
}
