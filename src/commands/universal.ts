import { Command } from 'commander';
import { usageError } from '../common/errors.ts';
import { percentText } from '../common/log.ts';
import { DRY_RUN, stopIfDry } from '../common/outputs.ts';
import { terminalProgress } from '../common/progress.ts';

interface UniversalFlags {
  study: string;
  out?: string;
  data?: string;
  updates?: string;
  json?: boolean;
}

async function universal({ study: name, out, data, updates, json }: UniversalFlags): Promise<void> {
  const { loadStudy } = await import('../benchmark/study/load.ts');
  const { planCells } = await import('../benchmark/study/study.ts');
  const { openStudyFolder } = await import('../benchmark/study/folder.ts');
  const { trainUniversal } = await import('../benchmark/universal/train.ts');
  const { workspaceFolder } = await import('../common/run.ts');
  const { join } = await import('node:path');
  const study = loadStudy(name, {
    data,
    updates: updates === undefined ? undefined : Number(updates),
  });
  const cells = planCells(study).length;
  if (cells !== 1) {
    throw usageError(
      `study ${name} has ${cells} cells`,
      'a universal training is one arm with one seed',
    );
  }
  const place = out ?? join(workspaceFolder(), 'studies', study.name);
  stopIfDry(place, study);
  const folder = openStudyFolder(place, study);
  const { card, files } = await trainUniversal(folder, terminalProgress);
  if (json) {
    console.log(JSON.stringify(card, null, 2));
    return;
  }
  const { top1, top5, macroF1, tested, triplets } = card.test;
  const shares = [top1, top5, macroF1].map(percentText);
  console.log(
    `${triplets} test triplets of ${tested} space groups: top-1 ${shares[0]}, top-5 ${shares[1]}, macro-F1 ${shares[2]}`,
  );
  console.log(`wrote ${files.join(', ')}`);
  console.log(`use it: npx gan classify predict FILE.h5 --classifier ${folder.path}`);
}

/** `gan universal`: the classifier of all 230 space groups. */
export const universalCommand = (): Command =>
  new Command('universal')
    .description(
      'train a classifier of all 230 space groups on real minerals and made crystals, with figures and card',
    )
    .option('--study <name>', 'universal or a YAML file with one arm and one seed', 'universal')
    .option(
      '--data <store>',
      'a task or prepared store that knows its crystals (default: of the study)',
    )
    .option('--updates <n>', 'optimiser updates (default: of the study)')
    .option('--out <folder>', 'folder (default: workspace/studies/universal)')
    .option(...DRY_RUN)
    .option('--json', 'print the card as JSON')
    .addHelpText('after', '\nExample:\n  npx gan universal --out workspace/universal')
    .action(universal);
