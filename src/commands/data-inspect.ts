import { Command } from 'commander';
import { counted } from '../common/log.ts';
import { terminalProgress } from '../common/progress.ts';
import type { Inspection } from '../dataset/inspect/inspect.ts';

interface InspectFlags {
  figures?: string;
  patterns?: string;
  workers?: string;
  patience?: string;
  strict?: boolean;
  allowExternal?: boolean;
  config?: string;
  json?: boolean;
}

type Settings = {
  patterns: number;
  workers?: number;
  patience: number;
  strict: boolean;
  allowExternal: boolean;
};

/** A prepared store is looked through as it is; everything else is read as Summit files. */
async function look(files: string[], settings: Settings, json?: boolean): Promise<Inspection> {
  const { availableParallelism } = await import('node:os');
  const { isStore, openStore } = await import('../dataset/store/store.ts');
  if (files.length === 1 && (await isStore(files[0]!))) {
    const { inspectStore } = await import('../dataset/inspect/inspect.ts');
    const store = await openStore(files[0]!, { verify: true });
    try {
      return inspectStore(store, settings.patterns);
    } finally {
      store.close();
    }
  }
  const { inspectFiles } = await import('../dataset/inspect/inspect.ts');
  return inspectFiles(files, {
    ...settings,
    workers: settings.workers ?? Math.min(4, availableParallelism()),
    patience: 1000 * settings.patience,
    progress: json ? undefined : terminalProgress,
  });
}

async function draw(inspection: Inspection, folder: string): Promise<string[]> {
  const { join } = await import('node:path');
  const { classHistogram, samplesAgainstMaterials } = await import('../report/figures/census.ts');
  const { exampleSheet } = await import('../report/figures/census.ts');
  const { writeFigure } = await import('../report/draw/raster.ts');
  const { census, examples, camera } = inspection;
  const figures = [
    ['classes', classHistogram(census)],
    ['samples-against-materials', samplesAgainstMaterials(census)],
    ['examples', (await exampleSheet(examples, camera))()],
  ] as const;
  const written = await Promise.all(
    figures.map(([name, svg]) => writeFigure(join(folder, name), svg)),
  );
  return written.map(({ png }) => png);
}

async function inspect(files: string[], flags: InspectFlags): Promise<void> {
  const { figures, config: file, json, ...given } = flags;
  const { resolveConfig } = await import('../common/config.ts');
  const { inspectSchema } = await import('../dataset/prepare/options.ts');
  const settings = resolveConfig(inspectSchema, given, file);
  const inspection = await look(files, settings, json);
  const drawn = figures && inspection.census.samples > 0 ? await draw(inspection, figures) : [];
  const { census, intensities, anomalies } = inspection;
  if (json) {
    const { examples: _, camera: __, ...facts } = inspection;
    console.log(JSON.stringify({ ...facts, figures: drawn }, null, 2));
    return refuseEmpty(inspection);
  }
  const { anomalyLines, censusLines, intensityLines } = await import(
    '../report/pages/census-text.ts'
  );
  console.log(counted(inspection.files, 'file'));
  console.log([...censusLines(census), ...intensityLines(intensities, census)].join('\n'));
  console.log(anomalyLines(anomalies).join('\n'));
  for (const path of drawn) console.log(`wrote ${path}`);
  return refuseEmpty(inspection);
}

/** An input error naming what is wrong, where not one sample could be read. */
async function refuseEmpty({ census, anomalies }: Inspection): Promise<void> {
  if (census.samples > 0) return;
  const { inputError } = await import('../common/errors.ts');
  const { anomalyText, mainAnomaly } = await import('../dataset/anomaly.ts');
  const first = mainAnomaly(anomalies);
  throw inputError(first ? anomalyText(first) : 'there is no sample in these files');
}

/** `gan data inspect FILES…` */
export const dataInspectCommand = (): Command =>
  new Command('inspect')
    .description(
      'Count and draw what CBED files (or a prepared store) hold, and what is wrong in them.',
    )
    .argument(
      '<files...>',
      'files, folders, patterns, lists of paths (.txt), or one prepared store',
    )
    .option(
      '--figures <folder>',
      'draw the histogram, samples against materials, and examples (default: nothing)',
    )
    .option('--patterns <n>', 'read the patterns of about n samples, or all (500)')
    .option('--workers <n>', 'reading processes (as many as cores, at most 4)')
    .option('--patience <seconds>', 'time after which the reading of one sample is ended (30)')
    .option('--strict', 'stop at the first sample that cannot be used')
    .option('--allow-external', 'read what files take from others outside the given folders')
    .option('--config <file>', 'YAML file of settings; flags override it')
    .option('--json', 'print everything as JSON')
    .addHelpText(
      'after',
      "\nExample:\n  gan data inspect '/data/summit/batch_*.h5' --figures census",
    )
    .action(inspect);
