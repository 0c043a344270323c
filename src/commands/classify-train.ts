import { join } from 'node:path';
import { Command } from 'commander';
import type { TrainedClassifier } from '../../classifier/classifier.ts';
import { DRY_RUN } from '../common/outputs.ts';
import { terminalProgress } from '../common/progress.ts';
import type { Run } from '../common/run.ts';

interface TrainFlags {
  config?: string;
  json?: boolean;
  [setting: string]: unknown;
}

const CHECKPOINT = 'checkpoint.safetensors';

/** The checkpoint of a run is written every so many updates. */
const CHECKPOINT_EVERY = 100;

/** The mixture of a `gan mix` run, the newest or the one given, and the store behind it. */
async function mixtureOf(given: string | true) {
  const { requireRun } = await import('../common/run.ts');
  const { MIXTURE_FILE, openMixture } = await import('../../synthetic/mixing/saved-mixture.ts');
  const { storeOf } = await import('../../synthetic/leak-guard.ts');
  const folder = given === true ? undefined : given;
  const run = requireRun('mix', folder, 'make one: npx gan mix', MIXTURE_FILE);
  const examples = await openMixture(run.file(MIXTURE_FILE));
  console.error(`trains on the mixture of ${run.folder}`);
  return { examples, store: storeOf(examples.archive) };
}

async function train({ config, json, ...flags }: TrainFlags): Promise<void> {
  const { resolveConfig } = await import('../common/config.ts');
  const { trainSettings } = await import('../../classifier/options.ts');
  const settings = resolveConfig(trainSettings, flags, config);
  const { defaultStorePath, openRun } = await import('../common/run.ts');
  const { chooseTechniques } = await import('../../classifier/techniques.ts');
  const { openStore } = await import('../dataset/store/store.ts');
  chooseTechniques(settings.technique);
  const mixture = settings.mixture && (await mixtureOf(settings.mixture));
  const store = mixture ? mixture.store : await openStore(settings.data ?? defaultStorePath());
  const { checkSplits, trainOnStore } = await import('../../classifier/on-store.ts');
  checkSplits(store);
  const run = openRun('classifier', { ...settings, data: store.path }, settings.out);
  console.error(`run folder ${run.folder}; if interrupted, go on with --out ${run.folder}`);
  const checkpoint = { file: run.file(CHECKPOINT), every: CHECKPOINT_EVERY };
  const { withOutputLock } = await import('../common/lock.ts');
  const trained = await withOutputLock(
    run.folder,
    () =>
      trainOnStore(store, settings, {
        examples: mixture ? mixture.examples : undefined,
        checkpoint,
        progress: terminalProgress,
      }),
    { refuse: `the run ${run.folder}` },
  );
  const { classifier, validation, tasks } = trained;
  const { writeJson } = await import('../common/files.ts');
  const { readdir, rm } = await import('node:fs/promises');
  await classifier.save(run.folder);
  // An ensemble has a checkpoint for each member.
  const left = (await readdir(run.folder)).filter((name) => name.startsWith(CHECKPOINT));
  await Promise.all(left.map((name) => rm(run.file(name))));
  writeJson(run.file('validation.json'), { ...validation, tasks });
  await draw(run, classifier);
  store.close();
  const { reportText, taskText } = await import('../../classifier/metrics.ts');
  const { saveSummary } = await import('../common/summary.ts');
  const { percentText } = await import('../common/log.ts');
  saveSummary(run, {
    figure: `macro-F1 ${percentText(validation.macroF1)} on validation`,
    lines: [`validation: ${reportText(validation)}`],
    next: {
      text: 'test it on materials that it never saw.',
      command: `npx gan classify evaluate --classifier ${run.folder}`,
    },
  });
  if (json) {
    console.log(
      JSON.stringify({ run: run.folder, digest: classifier.digest, validation, tasks }, null, 2),
    );
    return;
  }
  console.log(`validation: ${reportText(validation)}`);
  if (tasks) console.log(`other heads: ${taskText(tasks)}`);
  const beside = mixture ? ', with and without the samples: npx gan bench run --synthetic' : '';
  console.log(`classifier in ${run.folder}; test it: npx gan classify evaluate${beside}`);
}

async function draw(run: Run, { training }: TrainedClassifier): Promise<void> {
  const { learningFigure, searchFigure } = await import('../report/figures/classification.ts');
  const { writeFigure } = await import('../report/draw/raster.ts');
  const { history, bestUpdate, traces } = training!;
  await writeFigure(run.file('learning'), (width) => learningFigure(history, bestUpdate, width));
  if (traces.length > 0)
    await writeFigure(run.file('search'), (width) => searchFigure(traces, width));
}

/** `gan classify train`. */
export const classifyTrainCommand = (): Command =>
  new Command('train')
    .description('train a classifier on a prepared store')
    .option('--data <store>', `prepared store (default: ${join('workspace', 'prepared.h5')})`)
    .option('--mixture [run]', 'train on what gan mix made (default: the newest run of it)')
    .option(
      '--technique <names>',
      'techniques with commas; gan classify --list-techniques (default: none)',
    )
    .option('--multitask', 'learn crystal system, point group, cell and elements as well')
    .option(
      '--consistency <kind>',
      'crystal-system head on the space group: none, weight or mask (default: none)',
    )
    .option('--network <kind>', 'stack, residual or shared (default: stack)')
    .option('--width <channels>', 'channels of the first layer (default: 24)')
    .option('--updates <n>', 'optimiser updates (default: 600)')
    .option('--batch <n>', 'triplets an update (default: 64)')
    .option('--rate <x>', 'peak learning rate (default: 0.015)')
    .option(
      '--patience <n>',
      'stop after so many looks at validation without a better macro-F1 (default: never)',
    )
    .option('--seed <n>', 'seed of every random draw (default: 1)')
    .option('--out <folder>', 'run folder; an interrupted run in it goes on (default: a new one)')
    .option('--config <file>', 'YAML file of settings; flags override it')
    .option(...DRY_RUN)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  npx gan classify train --technique logit-adjustment,flips,dilation --updates 600',
    )
    .action(train);
