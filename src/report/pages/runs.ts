import { basename, join, resolve } from 'node:path';
import { writeAtomic } from '../../common/files.ts';
import type { ProgressFactory } from '../../common/progress.ts';
import { workspaceFolder } from '../../common/run.ts';
import { type PlainRun, readPlainRun } from './run-page.ts';
import { compareFolder, csvOf, studyTexts } from './study-files.ts';
import { studyRun } from './study-run.ts';

export type ReportFormat = 'html' | 'markdown' | 'json' | 'csv';

/** Where a page goes unless the user says otherwise: into its run, or the workspace for several. */
const defaultPage = (paths: readonly string[]): string =>
  join(paths.length === 1 ? paths[0]! : workspaceFolder(), 'report.html');

const plainText = ({ kind, folder, config }: PlainRun) => ({
  markdown: `# ${kind}: ${basename(folder)}\n\n\`\`\`json\n${JSON.stringify(config, null, 2)}\n\`\`\`\n`,
  json: { kind, folder, config },
  csv: csvOf([
    ['setting', 'value'],
    ...Object.entries(config as object).map(([name, value]) => [name, JSON.stringify(value)]),
  ]),
});

/** Runs as markdown, JSON or CSV: their results without pictures. */
function textOf(paths: readonly string[], format: Exclude<ReportFormat, 'html'>): string {
  const texts = paths.map((path) => {
    const study = studyRun(path);
    return study ? studyTexts(compareFolder(study.folder).compared) : plainText(readPlainRun(path));
  });
  if (format !== 'json') return texts.map((one) => one[format]).join('\n\n');
  return JSON.stringify(
    texts.length === 1 ? texts[0]!.json : texts.map(({ json }) => json),
    null,
    2,
  );
}

/**
 * Reports runs: one self-contained page (`html`, written to `out` or into the run), or their
 * results as text. Studies also get their tables and figures as files with the page.
 *
 * @returns lines to print.
 * @throws input error for a folder that is no run.
 */
export async function reportRuns(
  runs: readonly string[],
  options: { format: ReportFormat; out?: string; progress: ProgressFactory },
): Promise<string[]> {
  const { format, out, progress } = options;
  const paths = runs.map((run) => resolve(run));
  if (format !== 'html') {
    const text = textOf(paths, format);
    if (!out) return [text];
    writeAtomic(out, `${text}\n`);
    return [`report: ${resolve(out)}`];
  }
  // Pictures need the engine; results as text do not.
  const { htmlOf } = await import('./run-html.ts');
  const { html, lines } = await htmlOf(paths, progress);
  const file = resolve(out ?? defaultPage(paths));
  writeAtomic(file, html);
  return [...lines, `report: ${file}`];
}
