import { basename } from 'node:path';
import { textTable } from '../../common/log.ts';
import type { ProgressFactory } from '../../common/progress.ts';
import { type Lead, page, type Section } from './page.ts';
import { plainRunSection, readPlainRun } from './run-page.ts';
import { type Compared, leadOf, verdictOf } from './study.ts';
import { compareFolder, writeStudyFiles } from './study-files.ts';
import { type StudyReport, studyPage, studyReportSections } from './study-page.ts';
import { drawStudy } from './study-parts.ts';
import { type StudyRun, studyRun } from './study-run.ts';
import { armRows, budgetTable } from './study-tables.ts';

/** Compares a study, writes its tables and figures into its folder, and draws its page's parts. */
async function drawn({ folder, text }: StudyRun, progress: ProgressFactory): Promise<StudyReport> {
  const { compared, outcomes } = compareFolder(folder);
  await writeStudyFiles(folder, compared);
  const best = compared.comparisons.at(-1)!.best?.arm ?? null;
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

/** The page of runs: a study's own where there is one study, else one of all their sections. */
export function htmlOf(paths: readonly string[], progress: ProgressFactory): Promise<HtmlReport> {
  const study = paths.length === 1 ? studyRun(paths[0]!) : null;
  return study ? oneStudy(study, progress) : joined(paths, progress);
}
