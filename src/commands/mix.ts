import { dirname } from 'node:path';
import { Command } from 'commander';
import { usageError } from '../common/errors.ts';
import { DRY_RUN } from '../common/outputs.ts';

interface MixFlags {
  data?: string;
  source?: string;
  ratio?: string;
  cap?: string;
  fill?: string;
  weight?: string;
  softLabels?: boolean;
  undersample?: string;
  largest?: string;
  keep?: string;
  classifier?: string;
  updates?: string;
  export?: string;
  out?: string;
  json?: boolean;
  seed?: string;
  config?: string;
}

async function settingsOf(archive: string | undefined, flags: MixFlags) {
  const { z } = await import('zod');
  const { resolveConfig } = await import('../common/config.ts');
  const { defaultStorePath, requireRun, storeOfRun } = await import('../common/run.ts');
  const { number, oneOf, whole } = await import('../common/settings.ts');
  const { SOURCES } = await import('../../synthetic/mixing/mix.ts');
  const { KEEPING } = await import('../balance/sampling.ts');
  const schema = z.strictObject({
    archive: z.string().optional(),
    data: z.string().optional(),
    source: oneOf(SOURCES).default('both'),
    ratio: number.min(0, { error: 'is below 0' }).default(10),
    cap: whole(0).default(200),
    fill: whole(1).default(45),
    weight: number.min(0, { error: 'is below 0' }).max(1, { error: 'is above 1' }).default(1),
    softLabels: z.boolean().default(false),
    undersample: z.string().default('none'),
    largest: whole(1).default(20),
    keep: oneOf(KEEPING).default('random'),
    classifier: z.string().optional(),
    updates: whole(1).default(300),
    export: oneOf(['none', 'store', 'summit']).default('none'),
    seed: whole(0).default(1),
  });
  const { out: _, json: __, config, ...given } = flags;
  const settings = resolveConfig(schema, { archive, ...given }, config);
  const { SCORED_FILE } = await import('../../synthetic/archive/archive.ts');
  const newest = () =>
    requireRun('score', undefined, 'run: gan score', SCORED_FILE).file(SCORED_FILE);
  const chosen = settings.archive ?? newest();
  const data = settings.data ?? storeOfRun(dirname(chosen)) ?? defaultStorePath();
  return { ...settings, archive: chosen, data, ...classifierFor(settings, data, requireRun) };
}

/** The classifier that rows are kept by, the newest of the store where none is named; none where no row is. */
function classifierFor(
  { keep, classifier }: { keep: string; classifier?: string },
  data: string,
  requireRun: typeof import('../common/run.ts').requireRun,
) {
  if (keep !== 'boundary') return {};
  const mend = 'train one: gan classify train';
  return {
    classifier: requireRun('classifier', classifier, mend, 'classifier.safetensors', data).folder,
  };
}

type Settings = Awaited<ReturnType<typeof settingsOf>>;

/** What becomes of the majority classes. */
async function undersamplingOf(
  settings: Settings,
  store: import('../dataset/store/store.ts').Store,
) {
  const { undersample, largest, keep, updates, seed } = settings;
  if (undersample === 'progressive') {
    const { terminalProgress: progress } = await import('../common/progress.ts');
    const { Stream } = await import('../common/stream.ts');
    const { progressiveRows } = await import('../../synthetic/mixing/progressive.ts');
    const stream = new Stream(seed, 'progressive undersampling');
    const training = { updates, seed, progress };
    const { rows } = await progressiveRows({ store, largest, training, stream });
    return { target: null, largest, keep, rows };
  }
  const { parseStrategy } = await import('../balance/strategy.ts');
  const target = undersample === 'none' ? null : parseStrategy(undersample);
  const margins = await marginsFor(settings, store);
  return { target, largest, keep, ...(margins && { margins }) };
}

/** Margins of the training rows under a classifier, where rows are kept by them. */
async function marginsFor(settings: Settings, store: import('../dataset/store/store.ts').Store) {
  if (settings.keep !== 'boundary') return undefined;
  const { loadVerifier } = await import('../../synthetic/checks/verifier.ts');
  const { trainingMargins } = await import('../../classifier/boundary/margin.ts');
  const classifier = await loadVerifier(settings.classifier!, store, null);
  const train = store.examples('train');
  const margins = trainingMargins(classifier.predict(train), train.labels, store.classes.length);
  classifier.dispose();
  return margins;
}

async function mixtureOf(settings: Settings) {
  const { openStore } = await import('../dataset/store/store.ts');
  const { refuseLeaks } = await import('../../synthetic/leak-guard.ts');
  const { mix } = await import('../../synthetic/mixing/mix.ts');
  const { openArchive } = await import('../../synthetic/archive/archive.ts');
  const { mixingStream } = await import('../../synthetic/mixing/saved-mixture.ts');
  const archive = await openArchive(settings.archive);
  const store = await openStore(settings.data);
  const clean = refuseLeaks(archive, store);
  const { source, ratio, cap, fill, weight, softLabels, seed } = settings;
  const undersampling = await undersamplingOf(settings, store);
  const options = { source, ratio, cap, fill, weight, softLabels, undersampling };
  return { store, options, mixture: mix(clean, { ...options, stream: mixingStream(seed) }) };
}

async function mixArchive(archivePath: string | undefined, flags: MixFlags): Promise<void> {
  const settings = await settingsOf(archivePath, flags);
  const { claimRun, openRun } = await import('../common/run.ts');
  claimRun('mix', settings, flags.out);
  const { store, options, mixture } = await mixtureOf(settings);
  const accepted = mixture.archive.passports?.filter((one) => one.accepted).length ?? 0;
  if (accepted === 0) {
    throw usageError(
      `nothing to mix: no sample of ${mixture.archive.path} was accepted`,
      'the report of gan score says why; train longer or draw more samples',
    );
  }
  if (mixture.syntheticRows.length === 0) {
    throw usageError(
      `nothing to mix: no accepted ${settings.source === 'both' ? '' : `${settings.source} `}sample fits`,
      'raise --fill, --ratio or --cap, or score another archive',
    );
  }
  const { textTable } = await import('../common/log.ts');
  const { writeFigure } = await import('../report/draw/raster.ts');
  const { mixFigure } = await import('../report/figures/mix.ts');
  const { MIXTURE_FILE, saveMixture } = await import('../../synthetic/mixing/saved-mixture.ts');
  const run = openRun('mix', settings, flags.out);
  saveMixture(run.file(MIXTURE_FILE), mixture, { options, seed: settings.seed });
  await writeFigure(run.file('counts'), (width) => mixFigure(mixture.perClass, width));
  const { saveSummary } = await import('../common/summary.ts');
  const counts = `${mixture.realRows.length} real and ${mixture.syntheticRows.length} synthetic training triplets`;
  saveSummary(run, {
    figure: counts,
    lines: [],
    next: {
      text: 'train a classifier on them.',
      command: `npx gan classify train --mixture ${run.folder}`,
    },
  });
  if (settings.export !== 'none') await exportMixture(settings.export, run, mixture);
  if (flags.json)
    console.log(JSON.stringify({ run: run.folder, perClass: mixture.perClass }, null, 2));
  else {
    const rows = mixture.perClass.map((c) => [
      c.spaceGroup,
      c.before,
      c.real,
      c.synthetic,
      c.real + c.synthetic,
    ]);
    console.log(textTable([['class', 'before', 'real', 'synthetic', 'after'], ...rows]));
  }
  console.error(`${counts}; wrote ${run.folder}; next: npx gan classify train --mixture`);
  store.close();
}

async function exportMixture(
  layout: 'store' | 'summit',
  run: import('../common/run.ts').Run,
  mixture: import('../../synthetic/mixing/mix.ts').Mixture,
): Promise<void> {
  const { exportStore, mixtureSamples } = await import('../../synthetic/mixing/saved-mixture.ts');
  if (layout === 'store') {
    await exportStore(run.file('mixture.h5'), mixture);
    return;
  }
  const { writeSummit } = await import('../dataset/summit/summit.ts');
  await writeSummit(run.file('batch_train_0.h5'), mixtureSamples(mixture));
}

/** `gan mix`: synthetic triplets and undersampled majority as one training set. */
export const mixCommand = (): Command =>
  new Command('mix')
    .description('mix accepted synthetic triplets with (undersampled) real training triplets')
    .argument('[archive]', 'scored archive (default: of the newest gan score)')
    .option('--data <store>', 'prepared store (default: the one that the samples were scored on)')
    .option('--source <which>', 'both, boundary or random (default: both)')
    .option('--fill <n>', 'fill classes up to this many triplets (default: 45)')
    .option(
      '--ratio <x>',
      'at most this many synthetic triplets for each real one of the class (default: 10)',
    )
    .option('--cap <n>', 'at most this many synthetic triplets of a class (default: 200)')
    .option('--weight <w>', 'weight of a synthetic triplet in the loss, 0 to 1 (default: 1)')
    .option('--soft-labels', 'triplets at a boundary carry both classes')
    .option(
      '--undersample <target>',
      'none, a count, a word such as middle, or progressive: until validation suffers (default: none)',
    )
    .option('--largest <n>', 'shrink at most this many classes, the largest first (default: 20)')
    .option('--keep <which>', 'random rows, or those nearest to the boundary (default: random)')
    .option(
      '--classifier <run>',
      'classifier whose margins tell what is near the boundary (default: the newest)',
    )
    .option('--updates <n>', 'updates of each trial of progressive undersampling (default: 300)')
    .option('--export <layout>', 'also write the training set as store or summit (default: none)')
    .option('--out <folder>', 'run folder (default: a new one in the workspace)')
    .option(...DRY_RUN)
    .option('--json', 'print the counts as JSON')
    .option('--seed <n>', 'seed of every random draw (default: 1)')
    .option('--config <file>', 'YAML file of settings; flags override it')
    .addHelpText(
      'after',
      '\nExample:\n  npx gan mix --fill 45 --undersample 150 --source boundary --soft-labels',
    )
    .action(mixArchive);
