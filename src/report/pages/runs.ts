import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { SEEDS_FOR_A_CLAIM } from '../../benchmark/statistics/bootstrap.ts';
import { readStudyFolder, type StudyFolder } from '../../benchmark/study/folder.ts';
import { writeAtomic } from '../../common/files.ts';
import { counted, textTable } from '../../common/log.ts';
import type { ProgressFactory } from '../../common/progress.ts';
import { readJson, workspaceFolder } from '../../common/run.ts';
import { type Lead, page, type Section } from './page.ts';
import {
  type PlainRun,
  plainLead,
  plainRunSection,
  plainRunText,
  readPlainRun,
  summaryLines,
} from './plain-run.ts';
import { compareFolder, studyTexts, writeStudyFiles } from './study-files.ts';
import {
  type Compared,
  leadOf,
  type PageText,
  type StudyReport,
  studyPage,
  studyReportSections,
  verdictOf,
} from './study-page.ts';
import { armRows, budgetTable } from './study-text.ts';

/** A study folder, alone or inside a quickstart run. */
export interface StudyRun {
  folder: StudyFolder;
  text: PageText;
}

const studyText = ({ path, study }: StudyFolder): PageText => ({
  title: `Does synthetic data help? Study "${study.name}"`,
  subtitle: `${counted(study.arms.length, 'arm')}, ${counted(study.seeds, 'seed')}, every arm with equal updates, judged on real ${study.comparedOn} triplets of unseen materials`,
  command: `npx gan bench run --study ${join(path, 'study.json')} --out NEW-FOLDER`,
  closer: `npx gan bench run --study ${join(path, 'study.json')} --seeds ${Math.max(SEEDS_FOR_A_CLAIM, 2 * study.seeds)} --out NEW-FOLDER`,
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

/** The words of a quickstart's page. */
export const storyText = ({ minutes, seed }: { minutes: number; seed: number }): PageText => ({
  title: 'Synthetic CBED triplets for rare space groups: quickstart',
  subtitle:
    'Real minerals, simulated patterns of 32 pixels a side; a GAN proposes crystals of rare groups, the simulator draws them; tested on triplets of real crystals of other materials.',
  command: `npx gan quickstart --minutes ${minutes} --seed ${seed}`,
  closer: 'npx gan bench run --study default',
});

/** Compares a study, writes its tables and figures into its folder, and draws its page's parts. */
async function drawn({ folder, text }: StudyRun, progress: ProgressFactory): Promise<StudyReport> {
  const { compared, outcomes } = compareFolder(folder);
  await writeStudyFiles(folder, compared);
  const best = compared.comparisons.at(-1)!.best?.arm ?? null;
  // Pictures need the engine; results as text do not.
  const { drawStudy } = await import('./study-pictures.ts');
  const parts = await drawStudy(folder, { best, progress });
  return { ...text, compared, outcomes, parts };
}

/** Arms and verdict of a study, for the terminal. */
const studyLines = (compared: Compared): string[] => [
  textTable(budgetTable(compared.comparisons, armRows)),
  '',
  ...verdictOf(compared),
];

/** A page, and what the terminal says of it. */
export interface HtmlReport {
  html: string;
  lines: string[];
}

async function oneStudy(run: StudyRun, progress: ProgressFactory): Promise<HtmlReport> {
  const report = await drawn(run, progress);
  return { html: studyPage(report), lines: studyLines(report.compared) };
}

/** One page of several runs: the verdicts of its studies, then the sections of each run. */
async function joined(paths: readonly string[], progress: ProgressFactory): Promise<HtmlReport> {
  const lines: string[] = [];
  const leads: Lead[] = [];
  const plain: PlainRun[] = [];
  const sections: Section[] = [];
  for (const path of paths) {
    const study = studyRun(path);
    if (!study) {
      const run = readPlainRun(path);
      plain.push(run);
      sections.push(await plainRunSection(run, paths.length === 1));
      continue;
    }
    const report = await drawn(study, progress);
    const name = basename(path);
    lines.push(...studyLines(report.compared));
    const lead = leadOf(report.compared, study.text.closer);
    const named = (lines: readonly string[] = []) => lines.map((line) => `${name}: ${line}`);
    leads.push({ ...lead, lines: named(lead.lines), more: named(lead.more) });
    const own = studyReportSections(report);
    sections.push(...own.map(({ heading, body }) => ({ heading: `${name}: ${heading}`, body })));
  }
  const lead = leads[0]
    ? {
        ...leads[0],
        lines: leads.flatMap(({ lines }) => lines),
        more: leads.flatMap(({ more = [] }) => more),
      }
    : plainLead(plain);
  const title = paths.length === 1 ? basename(paths[0]!) : `${paths.length} runs`;
  return {
    html: page({ title, lead, sections }),
    lines: [...lines, ...plain.flatMap(summaryLines)],
  };
}

/** The page of runs: a study's own where there is one study, else one of all their sections. */
function htmlOf(paths: readonly string[], progress: ProgressFactory): Promise<HtmlReport> {
  const study = paths.length === 1 ? studyRun(paths[0]!) : null;
  return study ? oneStudy(study, progress) : joined(paths, progress);
}

export type ReportFormat = 'html' | 'markdown' | 'json' | 'csv';

/** Where a page goes unless the user says otherwise: into its run, or the workspace for several. */
const defaultPage = (paths: readonly string[]): string =>
  join(paths.length === 1 ? paths[0]! : workspaceFolder(), 'report.html');

/** Runs as markdown, JSON or CSV: their results without pictures. */
function textOf(paths: readonly string[], format: Exclude<ReportFormat, 'html'>): string {
  const texts = paths.map((path) => {
    const study = studyRun(path);
    return study
      ? studyTexts(compareFolder(study.folder).compared)
      : plainRunText(readPlainRun(path));
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
  const { html, lines } = await htmlOf(paths, progress);
  const file = resolve(out ?? defaultPage(paths));
  writeAtomic(file, html);
  return [...lines, `report: ${file}`];
}
