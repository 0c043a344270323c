import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { Score } from '../../../synthetic/checks/score.ts';
import { csvOf } from '../../common/csv.ts';
import { inputError } from '../../common/errors.ts';
import { counted } from '../../common/log.ts';
import { readJson } from '../../common/run.ts';
import { type RunSummary, readSummary } from '../../common/summary.ts';
import type { Drawing } from '../draw/figure.ts';
import { PHONE_ENDING } from '../draw/raster.ts';
import { figureHtml, foldedHtml, type Lead, type Section, tableHtml, textHtml } from './page.ts';
import { type PlainKind, plainKind } from './run-list.ts';

/** A run of another command than bench and quickstart: its settings and what it drew. */
export interface PlainRun {
  kind: PlainKind['kind'];
  folder: string;
  config: unknown;
  summary: RunSummary | null;
  /** Contents of its file of facts, where it has a short one. */
  facts: string | null;
}

/** Folders of a run, besides itself, in which figures stand. */
const FIGURE_FOLDERS = ['', 'figures', 'samples'];
/** Sheets of every 500 steps would fill the page; the last one says it all. */
const INTERMEDIATE = /^step-\d+\.svg$/;

/** What a probe is made for: it stands first. */
const MAIN: readonly string[] = ['strip.svg', 'map.svg'];

/** SVG files of a run, for its page; those for a phone belong to the others. */
const figuresIn = (folder: string): string[] => [
  ...MAIN.map((name) => join(folder, name)).filter((path) => existsSync(path)),
  ...otherFigures(folder),
];

const otherFigures = (folder: string): string[] =>
  FIGURE_FOLDERS.map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .flatMap((path) =>
      readdirSync(path)
        .filter((name) => name.endsWith('.svg') && !name.endsWith(PHONE_ENDING))
        .filter((name) => !INTERMEDIATE.test(name) && !MAIN.includes(name))
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
 * A run folder of `gan train`, `sample`, `score`, `mix`, `probe` or `classify train`.
 *
 * @throws input error where the folder is none.
 */
export function readPlainRun(folder: string): PlainRun {
  const known = plainKind(folder);
  if (!known) {
    throw inputError(
      `${folder} is no run or study`,
      'give a folder of gan bench, quickstart, train, sample, score, mix, probe or classify train',
    );
  }
  const at = (name: string): string => join(folder, name);
  const text =
    known.facts && existsSync(at(known.facts)) ? readFileSync(at(known.facts), 'utf8') : '';
  return {
    kind: known.kind,
    folder,
    summary: readSummary(folder),
    config: existsSync(at('config.json')) ? readJson(at('config.json')) : {},
    facts: text !== '' && text.length <= SHORT ? text : null,
  };
}

/** The metrics of a score as a table; empty for other runs. */
async function metricsHtml({ kind, folder }: PlainRun): Promise<string> {
  if (kind !== 'score') return '';
  const score = readJson<Score>(join(folder, 'score.json'));
  // A study's score, or one of another day, may hold less.
  if (!score.spaces?.length) return '';
  const { metricRows, ratioLines } = await import('../../../synthetic/checks/score-text.ts');
  return tableHtml(metricRows(score)) + ratioLines(score).map(textHtml).join('');
}

/** What a run said at its end; those that did not write it down said nothing. */
export const summaryLines = ({ summary }: PlainRun): string[] => summary?.lines ?? [];

/** What a page of such runs opens with: what the one came to, or that several compare nothing. */
export function plainLead(runs: readonly PlainRun[]): Lead {
  const { kind, summary } = runs[0]!;
  if (runs.length > 1) {
    const badge = counted(runs.length, 'run');
    return { tone: 'undecided', badge, lines: ['These runs compare nothing: no verdict.'] };
  }
  if (!summary) {
    return {
      tone: 'undecided',
      badge: kind,
      lines: ['This run did not write down what it came to.'],
    };
  }
  const { figure, lines, next } = summary;
  // The last line is what came of it.
  return {
    tone: 'undecided',
    badge: figure,
    lines: lines.slice(-1),
    more: lines.slice(0, -1),
    ...(next && { next }),
  };
}

/**
 * The section of such a run: its metrics, its figures and its settings.
 *
 * @param alone whether the page is of this run only, so that its lead says what it came to.
 */
export async function plainRunSection(run: PlainRun, alone: boolean): Promise<Section> {
  const { kind, folder, config, facts } = run;
  const figures = figuresIn(folder).map((path) =>
    figureHtml(figureIn(path), relative(folder, path)),
  );
  return {
    heading: `${kind}: ${basename(folder)}`,
    body: [
      ...(alone ? [] : summaryLines(run).map(textHtml)),
      await metricsHtml(run),
      ...(figures.length > 0 ? figures : [textHtml('This run drew no figures.')]),
      facts ? foldedHtml('what it found', facts) : '',
      foldedHtml('resolved settings', JSON.stringify(config, null, 2)),
    ].join(''),
  };
}

/** Such a run as text: what it came to and its settings. */
export const plainRunText = ({ kind, folder, config, summary }: PlainRun) => ({
  markdown: `# ${kind}: ${basename(folder)}\n\n${(summary?.lines ?? []).map((line) => `${line}\n\n`).join('')}\`\`\`json\n${JSON.stringify(config, null, 2)}\n\`\`\`\n`,
  json: { kind, folder, config, ...(summary && { summary }) },
  csv: csvOf([
    ['setting', 'value'],
    ...Object.entries(config as object).map(([name, value]) => [name, JSON.stringify(value)]),
  ]),
});
