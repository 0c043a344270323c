import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { SEEDS_FOR_A_CLAIM } from '../../benchmark/statistics/bootstrap.ts';
import { readStudyFolder, type StudyFolder } from '../../benchmark/study/folder.ts';
import { csvOf } from '../../common/csv.ts';
import { inputError } from '../../common/errors.ts';
import { writeAtomic } from '../../common/files.ts';
import { counted, textTable } from '../../common/log.ts';
import type { ProgressFactory } from '../../common/progress.ts';
import { readJson, workspaceFolder } from '../../common/run.ts';
import type { Drawing } from '../draw/figure.ts';
import { PHONE_ENDING } from '../draw/raster.ts';
import { figureHtml, foldedHtml, type Lead, page, type Section, textHtml } from './page.ts';
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

/** Files that tell what a run is, and files with what it found. */
const KINDS = [
  { kind: 'GAN', mark: 'model.safetensors', facts: 'metrics.jsonl' },
  { kind: 'probe', mark: 'probe.json', facts: 'probe.json' },
  { kind: 'score', mark: 'score.json', facts: null },
  { kind: 'sample', mark: 'synthetic.h5', facts: null },
  { kind: 'classifier', mark: 'classifier.safetensors', facts: null },
] as const;

/** A run of another command than bench and quickstart: its settings and what it drew. */
export interface PlainRun {
  kind: (typeof KINDS)[number]['kind'];
  folder: string;
  config: unknown;
  /** Contents of its file of facts, where it has a short one. */
  facts: string | null;
}

/** Folders of a run, besides itself, in which figures stand. */
const FIGURE_FOLDERS = ['', 'figures', 'samples'];
/** Sheets of every 500 steps would fill the page; the last one says it all. */
const INTERMEDIATE = /^step-\d+\.svg$/;

/** SVG files of a run, for its page; those for a phone belong to the others. */
const figuresIn = (folder: string): string[] =>
  FIGURE_FOLDERS.map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .flatMap((path) =>
      readdirSync(path)
        .filter((name) => name.endsWith('.svg') && !name.endsWith(PHONE_ENDING))
        .filter((name) => !INTERMEDIATE.test(name))
        .sort()
        .map((name) => join(path, name)),
    );

/** A figure of a run as it was written: on a phone as laid out for one, where that was written too. */
function figureIn(path: string): string | Drawing {
  const [wide, phone] = [path, path.replace(/\.svg$/, PHONE_ENDING)];
  if (!existsSync(phone)) return readFileSync(wide, 'utf8');
  return (width) => readFileSync(width === undefined ? wide : phone, 'utf8');
}

/** Longest text of facts that a page shows. */
const SHORT = 20_000;

/**
 * A run folder of `gan train`, `sample`, `score`, `probe` or `classify train`.
 *
 * @throws input error where the folder is none.
 */
function readPlainRun(folder: string): PlainRun {
  const known = KINDS.find(({ mark }) => existsSync(join(folder, mark)));
  if (!known) {
    throw inputError(
      `${folder} is no run or study`,
      'give a folder of gan bench, quickstart, train, sample, score or probe',
    );
  }
  const at = (name: string): string => join(folder, name);
  const text =
    known.facts && existsSync(at(known.facts)) ? readFileSync(at(known.facts), 'utf8') : '';
  return {
    kind: known.kind,
    folder,
    config: existsSync(at('config.json')) ? readJson(at('config.json')) : {},
    facts: text !== '' && text.length <= SHORT ? text : null,
  };
}

/** The section of such a run: its figures and its settings. */
function plainRunSection({ kind, folder, config, facts }: PlainRun): Section {
  const figures = figuresIn(folder).map((path) =>
    figureHtml(figureIn(path), relative(folder, path)),
  );
  return {
    heading: `${kind}: ${basename(folder)}`,
    body: [
      ...(figures.length > 0 ? figures : [textHtml('This run drew no figures.')]),
      facts ? foldedHtml('what it found', facts) : '',
      foldedHtml('resolved settings', JSON.stringify(config, null, 2)),
    ].join(''),
  };
}

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
    : NO_VERDICT;
  const title = paths.length === 1 ? basename(paths[0]!) : `${paths.length} runs`;
  return { html: page({ title, lead, sections }), lines };
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
  const { html, lines } = await htmlOf(paths, progress);
  const file = resolve(out ?? defaultPage(paths));
  writeAtomic(file, html);
  return [...lines, `report: ${file}`];
}
