import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { readStudyFolder, type StudyFolder } from '../benchmark/folder.ts';
import { writeAtomic } from '../ground/files.ts';
import { textTable } from '../ground/log.ts';
import type { ProgressFactory } from '../ground/progress.ts';
import { readJson, workspaceFolder } from '../ground/run.ts';
import { type Lead, page, type Section } from './page.ts';
import { type PlainRun, plainRunSection, readPlainRun } from './run-page.ts';
import { storyText } from './story-text.ts';
import { type Compared, leadOf, verdictOf } from './study.ts';
import { compareFolder, csvOf, studyTexts, writeStudyFiles } from './study-files.ts';
import { type PageText, type StudyReport, studyPage, studyReportSections } from './study-page.ts';
import { drawStudy } from './study-parts.ts';
import { armRows, budgetTable } from './study-tables.ts';

export const REPORT_FORMATS = ['html', 'markdown', 'json', 'csv'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** A study folder, alone or inside a quickstart run. */
interface StudyRun {
  folder: StudyFolder;
  text: PageText;
}

const studyText = ({ path, study }: StudyFolder): PageText => ({
  title: `Does synthetic data help? Study "${study.name}"`,
  subtitle: `${study.arms.length} arms, ${study.seeds} seeds, every arm with equal updates, judged on real ${study.judgedOn} triplets of unseen materials`,
  command: `npx gan bench run --study ${join(path, 'study.json')} --out NEW-FOLDER`,
});

/** The study of a run folder; null for runs of other commands. */
function studyRun(path: string): StudyRun | null {
  if (existsSync(join(path, 'study.json'))) {
    const folder = readStudyFolder(path);
    return { folder, text: studyText(folder) };
  }
  if (!existsSync(join(path, 'study', 'study.json'))) return null;
  const config = readJson<Parameters<typeof storyText>[0]>(join(path, 'config.json'));
  return { folder: readStudyFolder(join(path, 'study')), text: storyText(config) };
}

/** Compares a study, writes its tables and figures into its folder, and draws its page's parts. */
async function drawn({ folder, text }: StudyRun, progress: ProgressFactory): Promise<StudyReport> {
  const { compared, outcomes } = compareFolder(folder);
  await writeStudyFiles(folder, compared);
  const best = compared.comparisons.at(-1)!.best?.arm ?? null;
  const parts = await drawStudy(folder, { best, progress });
  return { ...text, compared, outcomes, parts };
}

/** Arms and verdict of a study, for the terminal. */
export const studyLines = (compared: Compared): string[] => [
  textTable(budgetTable(compared.comparisons, armRows)),
  '',
  ...verdictOf(compared),
];

interface HtmlReport {
  html: string;
  lines: string[];
}

async function oneStudy(run: StudyRun, progress: ProgressFactory): Promise<HtmlReport> {
  const report = await drawn(run, progress);
  return { html: studyPage(report), lines: studyLines(report.compared) };
}

const NO_VERDICT: Lead = { tone: 'undecided', lines: ['These runs compare nothing: no verdict.'] };

/** One page of several runs: the verdicts of its studies, then the sections of each run. */
async function joined(paths: readonly string[], progress: ProgressFactory): Promise<HtmlReport> {
  const lines: string[] = [];
  const leads: Lead[] = [];
  const sections: Section[] = [];
  for (const path of paths) {
    const study = studyRun(path);
    if (!study) {
      sections.push(plainRunSection(readPlainRun(path)));
      continue;
    }
    const report = await drawn(study, progress);
    const name = basename(path);
    lines.push(...studyLines(report.compared));
    const lead = leadOf(report.compared);
    leads.push({ ...lead, lines: lead.lines.map((line) => `${name}: ${line}`) });
    const own = studyReportSections(report);
    sections.push(...own.map(({ heading, body }) => ({ heading: `${name}: ${heading}`, body })));
  }
  const lead = leads[0]
    ? { tone: leads[0].tone, lines: leads.flatMap((one) => one.lines) }
    : NO_VERDICT;
  const title = paths.length === 1 ? basename(paths[0]!) : `${paths.length} runs`;
  return { html: page({ title, lead, sections }), lines };
}

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
  const study = paths.length === 1 ? studyRun(paths[0]!) : null;
  const { html, lines } = study ? await oneStudy(study, progress) : await joined(paths, progress);
  const file = resolve(out ?? defaultPage(paths));
  writeAtomic(file, html);
  return [...lines, `report: ${file}`];
}
