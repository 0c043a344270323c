import { Command, Option } from 'commander';
import { terminalProgress } from '../common/progress.ts';

interface ReportFlags {
  format: 'html' | 'markdown' | 'json' | 'csv';
  out?: string;
}

async function report(named: string[], flags: ReportFlags): Promise<void> {
  const runs = named.length > 0 ? named : [await newest()];
  const { reportRuns } = await import('../report/pages/runs.ts');
  for (const line of await reportRuns(runs, { ...flags, progress: terminalProgress })) {
    console.log(line);
  }
}

async function newest(): Promise<string> {
  const { newestReported } = await import('../report/pages/run-list.ts');
  const { inputError } = await import('../common/errors.ts');
  const found = newestReported();
  if (found) return found;
  throw inputError('the workspace has no run to report', 'make one: npx gan quickstart');
}

/** `gan report`: one self-contained page of runs, or their results as text. */
export const reportCommand = (): Command =>
  new Command('report')
    .description('one self-contained page of studies and runs, opening with the verdict')
    .argument(
      '[runs...]',
      'folders of gan bench and gan quickstart, and of train, sample, score, mix, probe and classify train (default: the newest study or quickstart, else the newest run)',
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
      '\nExample:\n  npx gan report\n  npx gan report workspace/studies/default\n  npx gan report workspace/runs/…-quickstart --format markdown',
    )
    .action(report);
