import { inputError } from '../common/errors.ts';

/** One data block of a CIF file: single values and loop columns by lower-case tag. */
export interface CifBlock {
  /** Text after `data_`. */
  name: string;
  /** Values of each tag: one for a single item, one a row for a loop column. */
  values: ReadonlyMap<string, readonly string[]>;
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
  for (const line of text.split(/\r\n|\n|\r/)) {
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

/** Tags of either dictionary alike: `_cell.length_a` is `_cell_length_a`. */
const tagName = (text: string): string => text.toLowerCase().replaceAll('.', '_');

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

function readLoop(reader: Reader, values: Map<string, string[]>, file: string): void {
  const tags: string[] = [];
  while (reader.next && isTag(reader.next)) tags.push(tagName(reader.take()!.text));
  const columns = tags.map((): string[] => []);
  let count = 0;
  while (reader.atValue && tags.length > 0)
    columns[count++ % tags.length]!.push(reader.take()!.text);
  if (tags.length === 0 || count % tags.length !== 0) {
    const first = tags[0] ?? 'nothing';
    throw inputError(
      `${file}: the loop of ${first} has ${count} values for ${tags.length} columns`,
    );
  }
  tags.forEach((tag, i) => {
    values.set(tag, columns[i]!);
  });
}

/**
 * The data blocks of a CIF text (CIF 1.1: loops, quotes, text fields, comments). `file` names
 * the text in messages. Throws an input error where it is no CIF.
 */
export function parseCif(text: string, file: string): CifBlock[] {
  const blocks: CifBlock[] = [];
  let values: Map<string, string[]> | null = null;
  const reader = new Reader(tokens(text, file));
  while (reader.next) {
    const token = reader.take()!;
    if (isWord(token, /^data_/i)) {
      values = new Map();
      blocks.push({ name: token.text.slice(5), values });
    } else if (!values) {
      throw inputError(`${file} is not a CIF file: it does not begin with data_`);
    } else if (isWord(token, /^loop_$/i)) readLoop(reader, values, file);
    else if (isTag(token)) {
      if (!reader.atValue) throw inputError(`${file}: ${token.text} has no value`);
      values.set(tagName(token.text), [reader.take()!.text]);
    } else if (!isWord(token, KEYWORD)) {
      throw inputError(`${file}: "${token.text.slice(0, 40)}" stands where a tag should`);
    }
  }
  if (blocks.length === 0) throw inputError(`${file} is not a CIF file: it has no data_ block`);
  return blocks;
}

/** The first value of the first tag that is given and known. */
export function firstValue(block: CifBlock, tags: readonly string[]): string | null {
  for (const tag of tags) {
    const value = block.values.get(tag)?.[0]?.trim();
    if (value && value !== '?' && value !== '.') return value;
  }
  return null;
}
