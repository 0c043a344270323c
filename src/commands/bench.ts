import { Command, Option } from 'commander';
import { usageError } from '../common/errors.ts';
import { counted } from '../common/log.ts';
import { isDryRun } from '../common/outputs.ts';
import { terminalProgress } from '../common/progress.ts';

interface RunFlags {
  study: string;
  synthetic?: string | true;
  out?: string;
  data?: string;
  seeds?: string;
  updates?: string;
  executor: 'local' | 'slurm';
  jobs: string;
  threads: string;
  partition?: string;
  memory: string;
  time: string;
  gpus: string;
  atOnce: string;
  json?: boolean;
}

function wholeNumber(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) {
    throw usageError(`--${name} ${text} is not a whole number of at least ${least}`);
  }
  return value;
}

/** The settings of a study of the samples of a score run: the newest, or the one given. */
async function samplesOf(given: string | true) {
  const { SCORED_FILE } = await import('../../synthetic/archive/archive.ts');
  const { requireRun, storeOfRun } = await import('../common/run.ts');
  const { digestOf } = await import('../common/digest.ts');
  const folder = given === true ? undefined : given;
  const run = requireRun('score', folder, 'run: gan score', SCORED_FILE);
  const archive = run.file(SCORED_FILE);
  console.error(`samples of ${archive}`);
  return {
    archive,
    store: storeOfRun(run.folder),
    name: `samples-${digestOf(archive).slice(0, 8)}`,
  };
}

async function studyOf(flags: RunFlags) {
  const { loadStudy } = await import('../benchmark/study/load.ts');
  const { store, ...samples } =
    flags.synthetic === undefined ? { store: undefined } : await samplesOf(flags.synthetic);
  const { dataFile } = await import('../common/paths.ts');
  const study = flags.synthetic === undefined ? flags.study : dataFile('studies', 'samples.yaml');
  return loadStudy(study, {
    ...samples,
    data: flags.data ?? store,
    seeds: wholeNumber('seeds', flags.seeds, 1),
    updates: wholeNumber('updates', flags.updates, 1),
  });
}

async function folderFor(flags: RunFlags) {
  const { join } = await import('node:path');
  const { workspaceFolder } = await import('../common/run.ts');
  const { openStudyFolder } = await import('../benchmark/study/folder.ts');
  const study = await studyOf(flags);
  return openStudyFolder(flags.out ?? join(workspaceFolder(), 'studies', study.name), study);
}

async function plan(flags: RunFlags): Promise<void> {
  const { planCells } = await import('../benchmark/study/study.ts');
  const { effortOf } = await import('../benchmark/cells/candidates.ts');
  const { textTable } = await import('../common/log.ts');
  const study = await studyOf(flags);
  const cells = planCells(study);
  if (flags.json) {
    console.log(JSON.stringify({ study, cells }, null, 2));
    return;
  }
  const rows = cells.map((cell) => [cell.id, cell.arm.synthetic, cell.seed, cell.split, cell.gan]);
  console.log(textTable([['cell', 'synthetic', 'seed', 'split', 'GAN'], ...rows]));
  const { synthetic } = flags;
  const asked =
    synthetic === undefined
      ? `--study ${flags.study}`
      : `--synthetic${synthetic === true ? '' : ` ${synthetic}`}`;
  const trainings = cells.reduce((sum, { arm }) => sum + effortOf(arm).trainings, 0);
  const more = trainings > cells.length ? `, ${trainings} trainings` : '';
  console.log(
    `${counted(cells.length, 'cell')} of ${counted(study.updates, 'update')}${more}; npx gan bench run ${asked} runs them`,
  );
}

async function run(flags: RunFlags): Promise<void> {
  if (isDryRun()) return plan(flags);
  const folder = await folderFor(flags);
  const { missingCells } = await import('../benchmark/study/folder.ts');
  if (flags.executor === 'slurm') {
    const { submitToSlurm } = await import('../benchmark/executors/slurm.ts');
    const submitted = submitToSlurm(folder, {
      partition: flags.partition,
      cpus: wholeNumber('threads', flags.threads, 1)!,
      memory: wholeNumber('memory', flags.memory, 1)!,
      time: flags.time,
      gpus: wholeNumber('gpus', flags.gpus, 0)!,
      atOnce: wholeNumber('at-once', flags.atOnce, 0)!,
    });
    console.log(
      submitted
        ? `submitted ${counted(submitted.cells, 'cell')} as job ${submitted.array}, the report as job ${submitted.report}`
        : 'every cell is done; gan bench report writes the page',
    );
    return;
  }
  const say = flags.json ? console.error : console.log;
  say(`${counted(missingCells(folder).length, 'cell')} to run, results in ${folder.path}`);
  const { runLocally } = await import('../benchmark/executors/local.ts');
  await runLocally({
    folder,
    jobs: wholeNumber('jobs', flags.jobs, 1)!,
    threads: wholeNumber('threads', flags.threads, 1)!,
    progress: terminalProgress,
    say,
  });
  await report(folder.path, {}, say);
  if (flags.json) await report(folder.path, { format: 'json' });
}

interface ReportFlags {
  format?: 'html' | 'markdown' | 'json' | 'csv';
}

async function report(path: string, flags: ReportFlags, say = console.log): Promise<void> {
  const { readStudyFolder } = await import('../benchmark/study/folder.ts');
  const { reportRuns } = await import('../report/pages/runs.ts');
  const { format = 'html' } = flags;
  const folder = readStudyFolder(path).path;
  const lines = await reportRuns([folder], { format, progress: terminalProgress });
  for (const line of lines) say(line);
}

const withStudy = (command: Command): Command =>
  command
    .option(
      '--study <name>',
      'built-in study (quick, default, controls, challenge, multitask, ablations, boundary, crystal-boundary, convergence, zero-shot, universal) or a YAML file',
      'quick',
    )
    .option(
      '--data <store>',
      'workspace, minerals, ladder or a prepared store, instead of the study’s own',
    )
    .option(
      '--synthetic [run]',
      'with and without the accepted samples of a score run (the newest), instead of a study',
    )
    .option('--seeds <n>', 'number of seeds, instead of the study’s own')
    .option('--updates <n>', 'optimiser updates of every arm, instead of the study’s own');

/** `gan bench`: arms with and without synthetic data, compared over seeds, with a verdict. */
export function benchCommand(): Command {
  const bench = new Command('bench').description(
    'compare training with and without synthetic data: arms x seeds, intervals, a verdict',
  );
  withStudy(bench.command('plan').description('list the cells of a study'))
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  npx gan bench plan --study default --seeds 3')
    .action(plan);
  withStudy(
    bench
      .command('run', { isDefault: true })
      .description('run what is missing of a study, then report'),
  )
    .option('--out <folder>', 'folder of the study (default: workspace/studies/NAME)')
    .option('--dry-run', 'list what would be trained, as gan bench plan; train nothing')
    .addOption(
      new Option('--executor <kind>', 'where cells run')
        .choices(['local', 'slurm'])
        .default('local'),
    )
    .option('--jobs <n>', 'cells at once (local)', '1')
    .option('--threads <n>', 'threads a cell', '2')
    .option('--partition <name>', 'SLURM partition (default: that of the cluster)')
    .option('--memory <gib>', 'SLURM memory a cell', '8')
    .option('--time <hh:mm:ss>', 'SLURM time limit a cell', '01:00:00')
    .option('--gpus <n>', 'SLURM GPUs a cell', '0')
    .option('--at-once <n>', 'SLURM cells at once (0: no limit)', '0')
    .option('--json', 'print the results as JSON')
    .addHelpText('after', '\nExample:\n  npx gan bench run --study quick --jobs 2 --threads 1')
    .action(run);
  bench
    .command('report <folder>')
    .description('write the page, tables and figures of a study, as gan report does')
    .addOption(
      new Option('--format <kind>', 'what to print')
        .choices(['html', 'markdown', 'json', 'csv'])
        .default('html'),
    )
    .addHelpText('after', '\nExample:\n  npx gan bench report workspace/studies/default')
    .action((path: string, flags: ReportFlags) => report(path, flags));
  bench
    .command('cancel <folder>')
    .description('cancel the SLURM jobs of a study; finished cells stay')
    .addHelpText('after', '\nExample:\n  npx gan bench cancel workspace/studies/default')
    .action(async (path: string) => {
      const { readStudyFolder } = await import('../benchmark/study/folder.ts');
      const { cancelOnSlurm } = await import('../benchmark/executors/slurm.ts');
      console.log(`cancelled jobs ${cancelOnSlurm(readStudyFolder(path)).join(', ')}`);
    });
  bench
    .command('pools [group]', { hidden: true })
    .requiredOption('--in <folder>', 'folder of the study')
    .action(async (group: string | undefined, flags: { in: string }) => {
      const { readStudyFolder } = await import('../benchmark/study/folder.ts');
      const { makePools } = await import('../benchmark/pools/pools.ts');
      await makePools(readStudyFolder(flags.in), terminalProgress, group);
    });
  bench
    .command('cell <ids...>', { hidden: true })
    .requiredOption('--in <folder>', 'folder of the study')
    .action(async (ids: string[], flags: { in: string }) => {
      const { readStudyFolder } = await import('../benchmark/study/folder.ts');
      const { runCells } = await import('../benchmark/cells/cell.ts');
      await runCells(readStudyFolder(flags.in), ids);
    });
  return bench.addHelpText('after', '\nExample:\n  npx gan bench run --study quick');
}
