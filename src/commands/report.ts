import { Command, Option } from 'commander';
import { terminalProgress } from '../common/progress.ts';

interface ReportFlags {
  format: 'html' | 'markdown' | 'json' | 'csv';
  out?: string;
}

async function report(runs: string[], flags: ReportFlags): Promise<void> {
  const { reportRuns } = await import('../report/pages/runs.ts');
  for (const line of await reportRuns(runs, { ...flags, progress: terminalProgress })) {
    console.log(line);
  }
}

/** `gan report`: one self-contained page of runs, or their results as text. */
export const reportCommand = (): Command =>
  new Command('report')
    .description('one self-contained page of studies and runs, opening with the verdict')
    .argument(
      '<runs...>',
      'folders of gan bench and gan quickstart, and of train, sample, score and probe',
    )
    .addOption(
      new Option('--format <kind>', 'page, or results as text')
        .choices(['html', 'markdown', 'json', 'csv'])
        .default('html'),
    )
    .option(
      '--out <file>',
      'where it goes (default: report.html in the run, in the workspace for several; text is printed)',
    )
    .addHelpText(
      'after',
      '\nExample:\n  npx gan report workspace/studies/default\n  npx gan report workspace/runs/…-quickstart --format markdown',
    )
    .action(report);
