import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { counted } from '../common/log.ts';
import { DRY_RUN } from '../common/outputs.ts';
import { terminalProgress } from '../common/progress.ts';
import type { Readers } from '../dataset/prepare/pool.ts';

interface PrepareFlags {
  out?: string;
  size?: string;
  energies?: string;
  maxPerMaterial?: string;
  minMaterials?: string;
  split?: string;
  seed?: string;
  workers?: string;
  patience?: string;
  strict?: boolean;
  allowExternal?: boolean;
  config?: string;
  json?: boolean;
}

const DEFAULT_WORKERS = Math.min(4, availableParallelism());

/**
 * Readers that start while this process loads what reads the settings, which takes it as long.
 * Null where a config file has to be read first.
 */
async function earlyReaders({
  workers = String(DEFAULT_WORKERS),
  patience,
  config,
}: PrepareFlags): Promise<Readers | null> {
  const count = Number(workers);
  if (config || !(Number.isInteger(count) && count >= 0 && count <= DEFAULT_WORKERS)) return null;
  const { Readers } = await import('../dataset/prepare/pool.ts');
  return new Readers({
    workers: count,
    ...(patience && { patience: 1000 * Number(patience) }),
  }).warm();
}

async function prepare(files: string[], flags: PrepareFlags): Promise<void> {
  const readers = await earlyReaders(flags);
  try {
    await prepareWith(files, flags, readers);
  } finally {
    await readers?.stop();
  }
}

async function prepareWith(
  files: string[],
  flags: PrepareFlags,
  readers: Readers | null,
): Promise<void> {
  const { out, config: file, json, ...given } = flags;
  const { resolveConfig } = await import('../common/config.ts');
  const { claimOutput, openRun, preparedStorePath } = await import('../common/run.ts');
  const { writeJson } = await import('../common/files.ts');
  const { prepareSchema } = await import('../dataset/prepare/options.ts');
  const { prepareStore } = await import('../dataset/prepare/prepare.ts');
  const { anomalyLines, censusLines, splitLines } = await import('../report/pages/census-text.ts');
  const settings = resolveConfig(prepareSchema, given, file);
  const target = resolve(out ?? preparedStorePath());
  const recipe = { ...settings, files: files.map((path) => resolve(path)), out: target };
  claimOutput('prepare', target, recipe);
  const prepared = await prepareStore(files, target, {
    ...settings,
    workers: settings.workers ?? DEFAULT_WORKERS,
    readers: readers ?? undefined,
    patience: 1000 * settings.patience,
    progress: json ? undefined : terminalProgress,
  });
  const { census } = prepared;
  const run = openRun('prepare', recipe);
  writeJson(run.file('census.json'), census);
  writeJson(run.file('anomalies.json'), prepared.anomalies);
  if (json) {
    console.log(JSON.stringify({ ...prepared, run: run.folder }, null, 2));
    return;
  }
  console.log([...censusLines(census), ...splitLines(census, prepared.splitBy)].join('\n'));
  console.log(anomalyLines(prepared.anomalies, run.file('anomalies.json')).join('\n'));
  console.log(
    `wrote ${prepared.path}: ${counted(prepared.samples, 'sample')}, digest ${prepared.digest}`,
  );
  console.log('next: npx gan train --classes rare');
}

/** `gan data prepare FILES… --out STORE` */
export const dataPrepareCommand = (): Command =>
  new Command('prepare')
    .description('Read CBED files in the Summit layout into a prepared store, split by material.')
    .argument('<files...>', 'files, folders, patterns, or lists of paths (.txt)')
    .option('--out <store>', 'where to write the store (default: the one in the workspace)')
    .option('--size <pixels>', 'pixels a side of the stored patterns (64)')
    .option('--energies <keV,…>', 'take only these beam energies (default: all)')
    .option(
      '--max-per-material <n>',
      'at most n samples of a material, spread over its energies (default: all)',
    )
    .option('--min-materials <n>', 'leave out space groups with fewer materials (default: 1)')
    .option(
      '--split <how>',
      'official (by file name), material, or auto: official where names say so',
    )
    .option('--seed <n>', 'seed of the split by material (default: 0)')
    .option('--workers <n>', 'reading processes (as many as cores, at most 4)')
    .option('--patience <seconds>', 'time after which the reading of one sample is ended (30)')
    .option('--strict', 'stop at the first sample that cannot be used')
    .option('--allow-external', 'read what files take from others outside the given folders')
    .option('--config <file>', 'YAML file of settings; flags override it')
    .option(...DRY_RUN)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nA killed run goes on where it stopped when the same command is given again.\n\nExample:\n  gan data prepare /data/summit --size 128 --energies 100,140 --workers 4 --out summit.h5',
    )
    .action(prepare);
