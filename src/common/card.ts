import { existsSync, readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { digestOf } from './digest.ts';
import { writeAtomic } from './files.ts';

/** What there is to say of a trained model, a store or an archive: a Hugging Face card. */
export interface Card {
  title: string;
  /** Fields of the front matter: license, tags, task_categories, model-index, … */
  front: Readonly<Record<string, unknown>>;
  /** What it is, in a sentence or two. */
  about: string;
  /** What it was made from and by. */
  origin: Readonly<Record<string, string | number>>;
  figures: Readonly<Record<string, string | number>>;
  limits: readonly string[];
  licence: string;
  /** Works to cite; this software is added. */
  citations: readonly string[];
}

/** Licences where the data were the project's own, and where they were a user's. */
export const OWN_LICENCE = { license: 'mit' } as const;
export const USER_LICENCE = { license: 'other', license_name: 'as-the-source-data' } as const;

const SOFTWARE = 'cbed-gan, GAN-based augmentation of rare space groups in CBED (CITATION.cff).';

/** Ends a card that this project wrote: as long as it fits the text, nobody has changed that. */
const mark = (text: string): string =>
  `<!-- written by cbed-gan; once you edit this file it is yours and stays as it is. ${digestOf(Buffer.from(text)).slice(0, 16)} -->\n`;

/** The name `NAME.card.md` of the card of a file `NAME.ext`; publish it as README.md. */
export const cardBeside = (file: string): string =>
  `${file.replace(/\.(h5|safetensors)$/, '')}.card.md`;

const cellText = (value: string | number): string => String(value).replaceAll('|', '\\|');

const table = (rows: Readonly<Record<string, string | number>>): string =>
  [
    '| | |',
    '|---|---|',
    ...Object.entries(rows).map(([name, value]) => `| ${name} | ${cellText(value)} |`),
  ].join('\n');

const list = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');

/** A card as Markdown with YAML front matter. */
function cardText({
  title,
  front,
  about,
  origin,
  figures,
  limits,
  licence,
  citations,
}: Card): string {
  const parts = [
    `# ${title}`,
    about,
    `## Made from\n\n${table(origin)}`,
    `## Figures\n\n${table(figures)}`,
    `## Limits\n\n${list(limits)}`,
    `## Licence\n\n${licence}`,
    `## Citation\n\n${list([...new Set([...citations, SOFTWARE])])}`,
  ];
  return `---\n${stringify(front)}---\n\n${parts.join('\n\n')}\n\n`;
}

/** True where a card is as it was written. */
function isUntouched(path: string): boolean {
  const text = readFileSync(path, 'utf8');
  const at = text.lastIndexOf('<!-- written by cbed-gan');
  return at >= 0 && text.slice(at) === mark(text.slice(0, at));
}

/** Writes a card; one that a user edited, or another text at its place, stays. */
export function writeCard(path: string, card: Card): void {
  if (existsSync(path) && !isUntouched(path)) return;
  const text = cardText(card);
  writeAtomic(path, text + mark(text));
}
