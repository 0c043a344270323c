import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inputError, messageOf } from '../ground/errors.ts';
import { writeAtomic } from '../ground/files.ts';
import { packageRoot } from '../ground/paths.ts';
import { missingCells, type StudyFolder } from './folder.ts';

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
    `exec ${quoted(process.execPath)} ${quoted(join(packageRoot, 'dist', 'src', 'cli.js'))} bench cell "$cell" --in ${quoted(folder.path)}`,
    '',
  ].join('\n');
}

/** The script that writes the report once every cell has ended. */
export function reportScript(folder: StudyFolder): string {
  return [
    '#!/bin/bash',
    `#SBATCH --job-name=gan-${folder.study.name}-report`,
    `#SBATCH --output=${folder.path}/logs/slurm-report-%j.log`,
    `exec ${quoted(process.execPath)} ${quoted(join(packageRoot, 'dist', 'src', 'cli.js'))} bench report ${quoted(folder.path)}`,
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

/** Submits what is missing as one job array, and the report to follow it. */
export function submitToSlurm(folder: StudyFolder, resources: SlurmResources): Submission | null {
  const missing = missingCells(folder);
  if (missing.length === 0) return null;
  mkdirSync(join(folder.path, 'logs'), { recursive: true });
  writeAtomic(join(folder.path, 'slurm-cells.txt'), `${missing.map(({ id }) => id).join('\n')}\n`);
  const array = join(folder.path, 'slurm-array.sh');
  const report = join(folder.path, 'slurm-report.sh');
  writeAtomic(array, arrayScript(folder, resources, missing.length));
  writeAtomic(report, reportScript(folder));
  const arrayId = sbatch([array]);
  const reportId = sbatch([
    `--dependency=afterany:${arrayId}`,
    ...(resources.partition ? [`--partition=${resources.partition}`] : []),
    report,
  ]);
  writeAtomic(join(folder.path, 'slurm-jobs.txt'), `${arrayId}\n${reportId}\n`);
  return { array: arrayId, report: reportId, cells: missing.length };
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
