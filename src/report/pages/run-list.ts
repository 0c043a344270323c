import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { counted, percentText } from '../../common/log.ts';
import { orderTime, statedStart, workspaceFolder } from '../../common/run.ts';
import { readSummary } from '../../common/summary.ts';

/** One run or study of a workspace, for a list. */
export interface ListedRun {
  folder: string;
  kind: string;
  /** ISO date and time (UTC) at which it began. */
  date: string;
  /** The store it worked on; null where it names none. */
  store: string | null;
  /** Its main figure in a few words; empty where it has none yet. */
  figure: string;
}

type Facts = Record<string, unknown>;

/** The table in a text; an empty one where there is none: a killed run may leave half a line. */
function factsOf(text: string): Facts {
  try {
    return Object(JSON.parse(text)) as Facts;
  } catch {
    return {};
  }
}

const factsIn = (path: string): Facts =>
  existsSync(path) ? factsOf(readFileSync(path, 'utf8')) : {};

/** The last step that a training recorded. */
function trainingFigure(folder: string): string {
  const path = join(folder, 'metrics.jsonl');
  const last = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) : '';
  const { step } = factsOf(last ?? '');
  return typeof step === 'number' ? counted(step, 'step') : '';
}

function scoreFigure(folder: string): string {
  const { samples } = factsIn(join(folder, 'score.json'));
  if (!Array.isArray(samples)) return '';
  return `${samples.filter((one) => one?.accepted).length} of ${samples.length} accepted`;
}

function validationFigure(folder: string): string {
  const { macroF1 } = factsIn(join(folder, 'validation.json'));
  return typeof macroF1 !== 'number' ? '' : `macro-F1 ${percentText(macroF1)} on validation`;
}

function verdictFigure(folder: string): string {
  const { verdict } = factsIn(join(folder, 'comparison.json'));
  return Array.isArray(verdict) && typeof verdict[0] === 'string' ? verdict[0] : '';
}

const FIGURES: Readonly<Record<string, (folder: string) => string>> = {
  gan: trainingFigure,
  score: scoreFigure,
  classifier: validationFigure,
  study: verdictFigure,
  quickstart: (folder) => verdictFigure(join(folder, 'study')),
};

/** A run in the list, and the time that it is ordered by. */
interface Dated {
  run: ListedRun;
  time: number;
}

function listed(folder: string, kind: string, settings: string): Dated {
  const { data } = factsIn(join(folder, settings));
  const started = statedStart(folder, settings);
  const run = {
    folder,
    kind,
    date: new Date(started).toISOString().slice(0, 16).replace('T', ' '),
    store: typeof data === 'string' ? data : null,
    figure: FIGURES[kind]?.(folder) || (readSummary(folder)?.figure ?? ''),
  };
  return { run, time: orderTime(started) };
}

const foldersIn = (parent: string): string[] =>
  existsSync(parent) ? readdirSync(parent).map((name) => join(parent, name)) : [];

/** The runs and studies of the workspace, newest first; what says that it is of the future, last. */
export function listRuns(workspace = workspaceFolder()): ListedRun[] {
  const runs = foldersIn(join(workspace, 'runs'))
    .filter((folder) => existsSync(join(folder, 'config.json')))
    .map((folder) => listed(folder, basename(folder).split('-').at(-1)!, 'config.json'));
  const studies = foldersIn(join(workspace, 'studies'))
    .filter((folder) => existsSync(join(folder, 'study.json')))
    .map((folder) => listed(folder, 'study', 'study.json'));
  return [...runs, ...studies].sort((a, b) => b.time - a.time).map(({ run }) => run);
}

/** Files that tell what a run is that compares nothing, and files with what it found. */
const KINDS = [
  { kind: 'GAN', mark: 'model.safetensors', facts: 'metrics.jsonl' },
  { kind: 'probe', mark: 'probe.json', facts: 'probe.json' },
  { kind: 'score', mark: 'score.json', facts: null },
  { kind: 'mixture', mark: 'mixture.json', facts: null },
  { kind: 'sample', mark: 'synthetic.h5', facts: null },
  { kind: 'classifier', mark: 'classifier.safetensors', facts: null },
] as const;

export type PlainKind = (typeof KINDS)[number];

/** What a run folder is; undefined where no page can be made of it, or not yet. */
export const plainKind = (folder: string): PlainKind | undefined =>
  KINDS.find(({ mark }) => existsSync(join(folder, mark)));

/** Kinds with a verdict: `gan report` makes a page of the newest where none is named. */
const COMPARING = ['study', 'quickstart'];

/** The newest study or quickstart of the workspace, else the newest run that a page can be made of; null where there is none. */
export function newestReported(): string | null {
  const runs = listRuns();
  const compares = ({ kind }: ListedRun): boolean => COMPARING.includes(kind);
  return (runs.find(compares) ?? runs.find(({ folder }) => plainKind(folder)))?.folder ?? null;
}
