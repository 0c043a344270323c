import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inputError, messageOf } from '../../common/errors.ts';
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

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function directives(resources: SlurmResources): string[] {
  return [
    resources.partition ? `--partition=${resources.partition}` : '',
    `--cpus-per-task=${resources.cpus}`,
    `--mem=${resources.memory}G`,
    `--time=${resources.time}`,
    resources.gpus > 0 ? `--gres=gpu:${resources.gpus}` : '',
  ].filter(Boolean);
}

/** The batch script: array task i runs the i-th cell of the list file. */
export function arrayScript(folder: StudyFolder, resources: SlurmResources, cells: number): string {
  const limit = resources.atOnce > 0 ? `%${resources.atOnce}` : '';
  const heads = [
    `--job-name=gan-${folder.study.name}`,
    `--array=0-${cells - 1}${limit}`,
    `--output=${folder.path}/logs/slurm-%A_%a.log`,
    '--requeue',
    ...directives(resources),
  ];
  return [
    '#!/bin/bash',
    ...heads.map((head) => `#SBATCH ${head}`),
    `cell=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${quoted(join(folder.path, 'slurm-cells.txt'))})`,
    `export CBED_THREADS=${resources.cpus}`,
    `exec ${quoted(process.execPath)} ${quoted(launcher)} bench cell "$cell" --in ${quoted(folder.path)}`,
    '',
  ].join('\n');
}

/** The script that makes what cells share, before any of them runs. */
export const poolsScript = (folder: StudyFolder, resources: SlurmResources): string =>
  [
    '#!/bin/bash',
    ...[
      `--job-name=gan-${folder.study.name}-pools`,
      `--output=${folder.path}/logs/slurm-pools-%j.log`,
      ...directives(resources),
    ].map((head) => `#SBATCH ${head}`),
    `export CBED_THREADS=${resources.cpus}`,
    `exec ${quoted(process.execPath)} ${quoted(launcher)} bench pools --in ${quoted(folder.path)}`,
    '',
  ].join('\n');

/** The script that writes the report once every cell has ended. */
export function reportScript(folder: StudyFolder): string {
  return [
    '#!/bin/bash',
    `#SBATCH --job-name=gan-${folder.study.name}-report`,
    `#SBATCH --output=${folder.path}/logs/slurm-report-%j.log`,
    `exec ${quoted(process.execPath)} ${quoted(launcher)} bench report ${quoted(folder.path)}`,
    '',
  ].join('\n');
}

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

/** Writes a batch script into the study folder and submits it. */
function submit(folder: StudyFolder, name: string, script: string, flags: string[] = []): string {
  const path = join(folder.path, `slurm-${name}.sh`);
  writeAtomic(path, script);
  return sbatch([...flags, path]);
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
    missingPools(folder).length > 0
      ? submit(folder, 'pools', poolsScript(folder, resources))
      : null;
  const after = pools ? [`--dependency=afterok:${pools}`, '--kill-on-invalid-dep=yes'] : [];
  const array = submit(folder, 'array', arrayScript(folder, resources, missing.length), after);
  const partition = resources.partition ? [`--partition=${resources.partition}`] : [];
  const ending = [`--dependency=afterany:${array}`, ...partition];
  const report = submit(folder, 'report', reportScript(folder), ending);
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
