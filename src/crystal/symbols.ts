import { usageError } from '../common/errors.ts';
import { didYouMean } from '../common/suggest.ts';
import { symmetryLibrary, tabulatedOperations } from './moyo.ts';
import type { Operation } from './operation.ts';
import { crystalSystem, isSpaceGroup, SPACE_GROUPS } from './spacegroup.ts';

/** One of the 530 tabulated settings of the space groups. */
export interface Setting {
  spaceGroup: number;
  /** 1 to 530. */
  hallNumber: number;
  /** Axes or origin: `b1`, `cab`, `2`, `H`; empty where there is one setting. */
  name: string;
}

const SETTING_COUNT = 530;

/** Spellings made alike: `P 1 2_1/c 1` and `P121/c1`; the old cubic `F m 3 m` and `F m -3 m`. */
const normal = (symbol: string): string =>
  symbol
    .toLowerCase()
    .replace(/[\s_()'"]/g, '')
    .replace(/^([pif](?:[24]\d?\/)?[a-dmn])3/, '$1-3');

/** Hall symbols: blanks count (`P 32` is no `P 3 2`); `=` and two single quotes are the double one. */
const normalHall = (symbol: string): string =>
  symbol
    .toLowerCase()
    .replace(/[\s_]+/g, ' ')
    .replace(/=|''/g, '"')
    .trim();

/** The `e` of 1992 was `a`, `b` or `c` before: `C m c e` and `C m c a`. */
const olderSymbols = (symbol: string): string[] =>
  symbol.includes('e')
    ? ['a', 'b', 'c']
        .filter((letter) => letter !== symbol[0]?.toLowerCase())
        .map((letter) => symbol.replace('e', letter))
    : [];

function symbolTable(): Map<string, Setting[]> {
  const table = new Map<string, Setting[]>();
  let previous = 0;
  for (let hallNumber = 1; hallNumber <= SETTING_COUNT; hallNumber++) {
    const entry = symmetryLibrary().hall_symbol_entry(hallNumber);
    const setting = { spaceGroup: entry.number, hallNumber, name: entry.setting };
    const monoclinic = entry.number >= 3 && entry.number <= 15;
    const names = [entry.hm_full];
    // The tables write the last element of P 4/n 2_1/m 2/m whole, the library as its mirror.
    names.push(entry.hm_full.replace(/^(P 4\/.* 2_1\/.) ([mc])$/, '$1 2/$2'));
    if (monoclinic) names.push(entry.hm_full.replace(/ 1(?= |$)/g, ''));
    // The library gives every monoclinic setting the short symbol of the first one.
    if (!monoclinic || entry.number !== previous) names.push(entry.hm_short);
    previous = entry.number;
    for (const name of new Set([...names, ...names.flatMap(olderSymbols)].map(normal))) {
      table.set(name, [...(table.get(name) ?? []), setting]);
    }
  }
  return table;
}

function hallTable(): Map<string, Setting> {
  const table = new Map<string, Setting>();
  for (let hallNumber = 1; hallNumber <= SETTING_COUNT; hallNumber++) {
    const entry = symmetryLibrary().hall_symbol_entry(hallNumber);
    const setting = { spaceGroup: entry.number, hallNumber, name: entry.setting };
    const key = normalHall(entry.hall_symbol);
    if (!table.has(key)) table.set(key, setting);
  }
  return table;
}

let symbols: Map<string, Setting[]> | undefined;
let halls: Map<string, Setting> | undefined;

/** The choice of axes or origin behind a symbol: `R -3 m :H`, `F d -3 m:1`, `F d -3 m Z`, `F d -3 m O2`. */
const CHOICE = /\s*:\s*([12HRSZ])\w*\s*$|\s+([HRSZ])\s*$|\s+O([12])\s*$/i;
/** The same without a blank: `R-3mH`; capitals only, after a symbol in the usual letters. */
const JOINED_CHOICE = /(?<=[a-z\d])([HRSZ])$/;
const CHOICES: Record<string, string> = { S: '1', Z: '2' };

/** The choice in words: `P 4/n m m (origin choice 2)`, `R 3 c {rhombohedral axes}`. */
const IN_WORDS =
  /\s*[({[]([^(){}[\]]*\b(?:origin|choice|axis|axes|setting)\b[^(){}[\]]*)[)}\]]\s*$/i;

/** A choice in words as one behind a colon; words that choose nothing (`unique axis b`) fall away. */
function withWordsAsChoice(symbol: string): string {
  const words = IN_WORDS.exec(symbol)?.[1];
  if (words === undefined) return symbol;
  const alone = symbol.replace(IN_WORDS, '');
  if (/hexag/i.test(words)) return `${alone}:H`;
  if (/rhomb/i.test(words)) return `${alone}:R`;
  const origin = /^(?:origin|choice|origin choice|setting)\s*([12])$/i.exec(words.trim())?.[1];
  if (origin) return `${alone}:${origin}`;
  return /^(?:unique )?axis [abc]$/i.test(words.trim()) ? alone : symbol;
}

/** A symbol without what is said behind it of axes and origin. */
export const symbolAlone = (symbol: string): string =>
  symbol
    .replace(IN_WORDS, '')
    .replace(/\s*:.*$/s, '')
    .replace(CHOICE, '')
    .replace(JOINED_CHOICE, '')
    .trim();

/**
 * The settings that a Hermann-Mauguin symbol can mean, in any usual spelling; may be empty. A choice of
 * axes or origin behind it leaves those of that choice, where the tables have some.
 */
export function settingsOfSymbol(symbol: string): readonly Setting[] {
  symbols ??= symbolTable();
  const text = withWordsAsChoice(symbol.trim());
  if (IN_WORDS.test(text)) return [];
  const found = CHOICE.exec(text) ?? JOINED_CHOICE.exec(text);
  const choice = (found?.[1] ?? found?.[2] ?? found?.[3])?.toUpperCase();
  const all = symbols.get(normal(symbolAlone(text))) ?? [];
  if (!choice) return all;
  const chosen = all.filter(({ name }) => name.startsWith(CHOICES[choice] ?? choice));
  return chosen.length > 0 ? chosen : all;
}

/** The settings of a Hall symbol; behind a change of axes, `-P 2ybc (x-z,y,z)`, all of its group. */
export function settingsOfHall(symbol: string): readonly Setting[] {
  halls ??= hallTable();
  const setting = halls.get(normalHall(symbol));
  if (setting) return [setting];
  const changed = /^([^(]*)\([^()]*\)\s*$/.exec(symbol)?.[1];
  const base = changed === undefined ? undefined : halls.get(normalHall(changed));
  return base ? settingsOfNumber(base.spaceGroup) : [];
}

/** The tabulated settings of a space-group number; the standard one is among them. */
export const settingsOfNumber = (spaceGroup: number): readonly Setting[] =>
  symmetryLibrary()
    .hall_symbol_entries_from_number(spaceGroup)
    .map((entry) => ({
      spaceGroup,
      hallNumber: entry.hall_number,
      name: entry.setting,
    }));

/** The operations of a setting, centring included. */
export const operationsOfSetting = (setting: Setting): Operation[] =>
  tabulatedOperations(setting.spaceGroup, { type: 'HallNumber', value: setting.hallNumber });

function groupsOf(word: string): number[] {
  const range = /^(\d+)(?:-(\d+))?$/.exec(word);
  if (range) {
    const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])];
    if (isSpaceGroup(first) && isSpaceGroup(last) && first <= last) {
      return SPACE_GROUPS.slice(first - 1, last);
    }
    throw usageError(`space group ${word} is not a number or range from 1 to 230`);
  }
  const system = SPACE_GROUPS.filter((group) => crystalSystem(group) === word.toLowerCase());
  if (system.length > 0) return system;
  const named = new Set(settingsOfSymbol(word).map((setting) => setting.spaceGroup));
  if (named.size === 1) return [...named];
  throw usageError(
    `"${word}" names no space group`,
    didYouMean(word, [...new Set(SPACE_GROUPS.map(crystalSystem))]),
  );
}

/**
 * Space groups from a list such as `14,62,195-230`, `cubic` or `Fd-3m`; `all` for every one.
 * Ascending, each once. Throws a usage error that names a word it does not know.
 */
export function parseSpaceGroups(text: string): number[] {
  if (text.trim().toLowerCase() === 'all') return [...SPACE_GROUPS];
  const words = text.split(',').map((word) => word.trim());
  return [...new Set(words.flatMap(groupsOf))].sort((a, b) => a - b);
}
