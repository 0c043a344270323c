import { Command, Option } from 'commander';

interface EvaluateFlags {
  classifier?: string;
  data?: string;
  split: 'train' | 'validation' | 'test';
  views?: boolean;
  json?: boolean;
}

const TRAIN_FIRST = 'train one: npx gan classify train';

async function evaluate(flags: EvaluateFlags): Promise<void> {
  const { readJson, requireRun } = await import('../common/run.ts');
  const run = requireRun('classifier', flags.classifier, TRAIN_FIRST, 'classifier.safetensors');
  const { loadClassifier } = await import('../../classifier/load.ts');
  const { openStore } = await import('../dataset/store/store.ts');
  const { evaluateOn } = await import('../../classifier/on-store.ts');
  const classifier = await loadClassifier(run.folder);
  const { z } = await import('zod');
  const trainedOn = () => readJson(run.file('config.json'), z.object({ data: z.string() })).data;
  const store = await openStore(flags.data ?? trainedOn());
  const outcome = evaluateOn(store, flags.split, classifier, { views: flags.views });
  const { calibrationBins } = await import('../../classifier/metrics.ts');
  const bins = calibrationBins(outcome.probabilities, outcome.labels, store.classes.length);
  const { writeJson } = await import('../common/files.ts');
  const file = run.file(`evaluation-${flags.split}.json`);
  writeJson(file, {
    data: store.path,
    store: store.digest,
    ...outcome.report,
    tasks: outcome.tasks,
    bins,
  });
  const { classScoreRows, reportText, taskText } = await import('../../classifier/metrics.ts');
  const { readSummary, saveSummary } = await import('../common/summary.ts');
  const { percentText } = await import('../common/log.ts');
  const line = `${flags.split}: ${reportText(outcome.report)}`;
  const before = readSummary(run.folder)?.lines ?? [];
  saveSummary(run, {
    figure: `macro-F1 ${percentText(outcome.report.macroF1)} on ${flags.split}`,
    lines: [...before.filter((one) => !one.startsWith(`${flags.split}:`)), line],
    next: {
      text: 'let it name the space groups of measured patterns.',
      command: `npx gan classify predict scans.csv --classifier ${run.folder}`,
    },
  });
  const pictures = await draw(run.folder, flags.split, outcome.report, bins);
  store.close();
  if (flags.json) {
    console.log(
      JSON.stringify({ run: run.folder, ...outcome.report, tasks: outcome.tasks }, null, 2),
    );
    return;
  }
  const { textTable } = await import('../common/log.ts');
  const { report } = outcome;
  console.log(textTable(classScoreRows(report)));
  if (report.absent.length > 0)
    console.log(`no ${flags.split} triplet of: ${report.absent.join(', ')}`);
  console.log(line);
  if (outcome.tasks) console.log(`other heads: ${taskText(outcome.tasks)}`);
  console.log(`wrote ${[file, ...pictures].join(', ')}`);
}

async function draw(
  folder: string,
  split: string,
  report: import('../../classifier/metrics.ts').Report,
  bins: import('../../classifier/metrics.ts').CalibrationBin[],
): Promise<string[]> {
  const { join } = await import('node:path');
  const { writeFigure } = await import('../report/draw/raster.ts');
  const figures = await import('../report/figures/classification.ts');
  const drawn = {
    confusion: (width?: number) => figures.confusionFigure(report, width),
    scores: (width?: number) => figures.scoreFigure(report, width),
    reliability: (width?: number) => figures.reliabilityFigure(bins, report.ece, width),
  };
  const written: string[] = [];
  for (const [name, figure] of Object.entries(drawn)) {
    written.push((await writeFigure(join(folder, `${name}-${split}`), figure)).png);
  }
  return written;
}

/** `gan classify evaluate`. */
export const classifyEvaluateCommand = (): Command =>
  new Command('evaluate')
    .description('metrics and figures of a trained classifier on a split of a store')
    .option('--classifier <run>', 'classifier run (default: the newest)')
    .option('--data <store>', 'prepared store (default: the one it was trained on)')
    .addOption(
      new Option('--split <name>', 'split to evaluate on')
        .choices(['train', 'validation', 'test'])
        .default('test'),
    )
    .option('--views', 'average over four mirrored and turned views of each triplet')
    .option('--json', 'print the metrics as JSON')
    .addHelpText('after', '\nExample:\n  npx gan classify evaluate --split test')
    .action(evaluate);
