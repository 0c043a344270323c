import { Command } from 'commander';

async function list(flags: { json?: boolean }): Promise<void> {
  const { listRuns } = await import('../report/pages/run-list.ts');
  const { textTable } = await import('../common/log.ts');
  const { workspaceFolder } = await import('../common/run.ts');
  const runs = listRuns();
  if (flags.json) {
    console.log(JSON.stringify(runs, null, 2));
    return;
  }
  if (runs.length === 0) {
    console.log(`no runs in ${workspaceFolder()} yet; start with: npx gan quickstart`);
    return;
  }
  const { relative } = await import('node:path');
  const rows = runs.map(({ folder, kind, date, store, figure }) => [
    date,
    kind,
    relative(process.cwd(), folder),
    store === null ? '-' : relative(process.cwd(), store) || store,
    figure,
  ]);
  console.log(textTable([['date (UTC)', 'kind', 'folder', 'store', 'main figure'], ...rows]));
}

/** `gan runs`: what the workspace holds. */
export const runsCommand = (): Command =>
  new Command('runs')
    .description('list the runs and studies of the workspace, newest first')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  npx gan runs')
    .action(list);
