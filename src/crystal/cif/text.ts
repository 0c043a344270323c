import { inputError } from '../../common/errors.ts';

/** One loop of a block: its tags, and a column of values for each, all of one length. */
export interface CifLoop {
  columns: ReadonlyMap<string, readonly string[]>;
  rows: number;
}

/** One data block of a CIF file. Tags are in lower case, `_cell.length_a` is `_cell_length_a`. */
export interface CifBlock {
  /** Text after `data_`. */
  name: string;
  /** Single values, every one that a tag is given, in the order of the file. */
  items: ReadonlyMap<string, readonly string[]>;
  loops: readonly CifLoop[];
}

interface Token {
  text: string;
  /** Whether the text stood in quotes or a text field, and so is no keyword or tag. */
  quoted: boolean;
}

const LINE_TOKEN = /\s*(?:#.*$|(['"])(.*?)\1(?=\s|$)|(\S+))/y;

function* lineTokens(line: string): Generator<Token> {
  LINE_TOKEN.lastIndex = 0;
  while (LINE_TOKEN.lastIndex < line.length) {
    const match = LINE_TOKEN.exec(line);
    if (!match) return;
    const { lastIndex } = LINE_TOKEN;
    if (match[3] !== undefined) yield { text: match[3], quoted: false };
    else if (match[2] !== undefined) yield { text: match[2], quoted: true };
    LINE_TOKEN.lastIndex = lastIndex;
  }
}

function* tokens(text: string, file: string): Generator<Token> {
  let field: string[] | null = null;
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    if (field) {
      if (!line.startsWith(';')) field.push(line);
      else {
        yield { text: field.join('\n'), quoted: true };
        field = null;
        yield* lineTokens(line.slice(1));
      }
    } else if (line.startsWith(';')) field = [line.slice(1)];
    else yield* lineTokens(line);
  }
  if (field) throw inputError(`${file}: a text field that begins with ";" is never closed`);
}

const isTag = (token: Token): boolean => !token.quoted && token.text.startsWith('_');
const isWord = (token: Token, word: RegExp): boolean => !token.quoted && word.test(token.text);
const KEYWORD = /^(loop_$|data_|save_|global_$|stop_$)/i;

const tagName = (text: string): string => text.toLowerCase().replaceAll('.', '_');

/** A text from a file as it stands in a message: one line, at most 60 characters. */
export function excerpt(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

/** Reads tokens one by one, looking one ahead. */
class Reader {
  private readonly source: Iterator<Token>;
  next: Token | undefined;

  constructor(source: Iterator<Token>) {
    this.source = source;
    this.take();
  }

  take(): Token | undefined {
    const token = this.next;
    const step = this.source.next();
    this.next = step.done ? undefined : step.value;
    return token;
  }

  get atValue(): boolean {
    return this.next !== undefined && !isTag(this.next) && !isWord(this.next, KEYWORD);
  }
}

function readLoop(reader: Reader, file: string): CifLoop {
  const tags: string[] = [];
  while (reader.next && isTag(reader.next)) tags.push(tagName(reader.take()!.text));
  const columns = tags.map((): string[] => []);
  let count = 0;
  while (reader.atValue && tags.length > 0)
    columns[count++ % tags.length]!.push(reader.take()!.text);
  if (tags.length === 0 || count % tags.length !== 0) {
    const first = excerpt(tags[0] ?? 'nothing');
    throw inputError(
      `${file}: the loop of ${first} has ${count} values for ${tags.length} columns`,
    );
  }
  const twice = tags.find((tag, i) => tags.indexOf(tag) !== i);
  if (twice) throw inputError(`${file}: a loop has the column ${excerpt(twice)} twice`);
  return { columns: new Map(tags.map((tag, i) => [tag, columns[i]!])), rows: columns[0]!.length };
}

interface OpenBlock extends CifBlock {
  items: Map<string, string[]>;
  loops: CifLoop[];
}

/**
 * The data blocks of a CIF text (CIF 1.1: loops, quotes, text fields, comments). `file` names
 * the text in messages. Throws an input error where it is no CIF.
 */
export function parseCif(text: string, file: string): CifBlock[] {
  const blocks: OpenBlock[] = [];
  let block: OpenBlock | null = null;
  const reader = new Reader(tokens(text, file));
  while (reader.next) {
    const token = reader.take()!;
    if (isWord(token, /^data_/i)) {
      block = { name: token.text.slice(5), items: new Map(), loops: [] };
      blocks.push(block);
    } else if (!block) {
      throw inputError(`${file} is not a CIF file: it does not begin with data_`);
    } else if (isWord(token, /^loop_$/i)) block.loops.push(readLoop(reader, file));
    else if (isTag(token)) {
      if (!reader.atValue) throw inputError(`${file}: ${excerpt(token.text)} has no value`);
      const tag = tagName(token.text);
      block.items.set(tag, [...(block.items.get(tag) ?? []), reader.take()!.text]);
    } else if (!isWord(token, KEYWORD)) {
      throw inputError(`${file}: "${excerpt(token.text)}" stands where a tag should`);
    }
  }
  if (blocks.length === 0) throw inputError(`${file} is not a CIF file: it has no data_ block`);
  return blocks;
}

/** Whether a value says anything: `?` stands for unknown, `.` for not applicable. */
export const isGiven = (text: string | undefined): text is string =>
  text !== undefined && !/^[?.]?$/.test(text.trim());

const alike = (text: string): string => text.trim().replace(/\s+/g, ' ').toLowerCase();

/** Everything that is said under any of these tags, in items and loops; unknown values left out. */
export function valuesOf(block: CifBlock, tags: readonly string[]): string[] {
  return tags.flatMap((tag) =>
    [
      ...(block.items.get(tag) ?? []),
      ...block.loops.flatMap((loop) => loop.columns.get(tag) ?? []),
    ].filter(isGiven),
  );
}

/**
 * The one value of a tag, trimmed; null where it is absent or unknown. An input error where it is
 * given twice with different values.
 */
export function oneValue(block: CifBlock, tag: string, file: string): string | null {
  const [first, ...rest] = valuesOf(block, [tag]);
  if (first === undefined) return null;
  const other = rest.find((value) => alike(value) !== alike(first));
  if (other !== undefined) {
    throw inputError(
      `${file}: ${tag} is given as "${excerpt(first)}" and as "${excerpt(other)}"`,
      'keep the right one',
    );
  }
  return first.trim();
}

/** `5.431(2)` without its uncertainty; null where the text is no CIF number. */
export function cifNumber(text: string): number | null {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\(\d+\))?$/.exec(text.trim());
  const value = match ? Number(match[1]) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}
