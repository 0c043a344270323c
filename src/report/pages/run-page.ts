import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { inputError } from '../../common/errors.ts';
import { readJson } from '../../common/run.ts';
import { figureHtml, foldedHtml, type Section, textHtml } from './page.ts';

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

/** SVG files of a run, for its page. */
const figuresIn = (folder: string): string[] =>
  FIGURE_FOLDERS.map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .flatMap((path) =>
      readdirSync(path)
        .filter((name) => name.endsWith('.svg') && !INTERMEDIATE.test(name))
        .sort()
        .map((name) => join(path, name)),
    );

/** Longest text of facts that a page shows. */
const SHORT = 20_000;

/**
 * A run folder of `gan train`, `sample`, `score`, `probe` or `classify train`.
 *
 * @throws input error where the folder is none.
 */
export function readPlainRun(folder: string): PlainRun {
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
export function plainRunSection({ kind, folder, config, facts }: PlainRun): Section {
  const figures = figuresIn(folder).map((path) =>
    figureHtml(readFileSync(path, 'utf8'), relative(folder, path)),
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
