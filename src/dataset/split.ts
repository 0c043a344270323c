import { groupBy } from '../common/group.ts';
import { Stream } from '../common/stream.ts';

/** The three parts of a dataset; no material stands in two of them. Stored as 0, 1, 2. */
export const SPLITS = ['train', 'validation', 'test'] as const;
export type Split = (typeof SPLITS)[number];

/** How many materials of a class of n are held out: a share of n with a cap, or a fixed number. */
export interface SplitRule {
  test: { share: number; cap: number };
  validation: { share: number; cap: number };
  /** Where the only material of a class goes; `train` where absent. */
  single?: 'train' | 'test';
}

/** About 30 % of a class for test (at most 30 materials), 20 % for validation (at most 20). */
export const DEFAULT_SPLIT_RULE: SplitRule = {
  test: { share: 0.3, cap: 30 },
  validation: { share: 0.2, cap: 20 },
};

/** The rule in words, for reports. */
export const describeRule = ({ test, validation, single }: SplitRule): string =>
  'by material, within each space group: 1 material: ' +
  (single === 'test'
    ? 'test only (learned from made rows alone); '
    : 'train only (the class cannot be tested); ') +
  '2: one train, one test; 3 or more: all three parts, ' +
  `test ${Math.round(100 * test.share)} % (at most ${test.cap}), ` +
  `validation ${Math.round(100 * validation.share)} % (at most ${validation.cap}), the rest train`;

/** Materials of a class of `count` that go to validation and to test. */
export function heldOutCounts(
  count: number,
  rule: SplitRule,
): { validation: number; test: number } {
  if (count < 3) return { validation: 0, test: count === 2 || rule.single === 'test' ? 1 : 0 };
  const part = ({ share, cap }: { share: number; cap: number }): number =>
    Math.max(1, Math.min(cap, Math.round(share * count)));
  const test = Math.min(part(rule.test), count - 2);
  return { test, validation: Math.min(part(rule.validation), count - test - 1) };
}

// What nobody sees: control characters but blanks, zero-width characters, variation selectors, marks of direction.
const INVISIBLE = /(?!\s)[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** A material's name without what nobody sees: compatibility forms, invisible characters, blanks. */
export const cleanMaterial = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(INVISIBLE, '')
    .replace(/[\s\u2800]+/g, ' ')
    .trim();

// Letters of other scripts that look like Latin ones, over the letters that they look like.
const LOOK_ALIKES = new Map(
  (
    [
      ['АВЕКМНОРСТХУЅІЈԌԚԜҮӀаеосрхуѕіјһԁԛԝѵүӏквмнт', 'ABEKMHOPCTXYSIJGQWYIaeocpxysijhdqwvylkbmht'],
      ['ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳαικνορτυχϲ', 'ABEZHIKMNOPTYXCjaikvoptuxc'],
      ['ՍՕսօոհցզյ', 'UOuonhgqj'],
      ['ᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡıȷ', 'abcdeghijklmnoprstuvwyzagij'],
    ] as const
  ).flatMap(([letters, latin]) => [...letters].map((letter, i) => [letter, latin[i]!] as const)),
);

const GREEK = new Map(
  ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta', 'iota', 'kappa', 'lambda']
    .concat('mu', 'nu', 'xi', 'omicron', 'pi', 'rho', 'sigma', 'sigma', 'tau', 'upsilon', 'phi')
    .concat('chi', 'psi', 'omega')
    .map((name, i) => [String.fromCharCode(0x3b1 + i), name] as const),
);

/** A decimal digit of any script as 0 to 9: each script has its ten in a row, from ...0 or from ...6. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0)!;
  const fromZero = /\p{Nd}/u.test(String.fromCodePoint(code - (code % 16)));
  return String((code % 16) - (fromZero ? 0 : 6));
}

/**
 * The same text for spellings of one material, so that two spellings never stand in two parts: `mp-17`,
 * `MP_17`, `material 17`, `mp-0017.cif` and `17`; `α-SiO₂` and `alpha SiO2`; `weiß` and `WEISS`; letters
 * of other scripts that look the same. Case, accents, blanks, punctuation, leading zeros and the
 * prefixes that name no other source do not count. It groups and never names: that it takes
 * a few different names for one costs nothing but that those stand in one part.
 */
export function materialIdentity(name: string): string {
  const clean = cleanMaterial(name);
  const identity = clean
    .replace(/\.cif$/i, '')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/(?<!\p{L})[Α-Ωα-ω](?!\p{L})/gu, (letter) => GREEK.get(letter.toLowerCase())!)
    .replace(/\p{L}/gu, (letter) => LOOK_ALIKES.get(letter) ?? letter)
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replace(/\p{Nd}/gu, asciiDigit)
    .replace(/(?<![\d.,])0+(?=\d)/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    // Only between digits does it say where a number ends.
    .replace(/(?<!\d)-|-(?!\d)/g, '')
    .replace(/^(?:materials?project|materials?|mpid|mp|id)+(?=\d)/, '');
  return identity || clean;
}

export interface SplitOptions {
  seed: number;
  rule?: SplitRule;
  /** Materials that stay in one part although their names differ. */
  tied?: readonly (readonly string[])[];
}

/** Groups of materials that are one: by their spelling, and as they are tied. */
export function oneMaterial(
  names: readonly string[],
  tied: readonly (readonly string[])[],
): string[][] {
  const groupOf = new Map<string, string[]>();
  for (const group of [...groupBy(names, materialIdentity).values(), ...tied]) {
    const all = [...new Set(group.flatMap((name) => groupOf.get(name) ?? [name]))].sort();
    for (const name of all) groupOf.set(name, all);
  }
  return [...new Set(groupOf.values())];
}

/**
 * Divides materials into train, validation and test, class by class. The division of a class
 * depends on the seed, the class and the names of its own materials, on nothing else. Spellings of
 * one material (`materialIdentity`), and tied materials, go to one part.
 *
 * @param classOf space group of each material.
 */
export function splitMaterials(
  classOf: ReadonlyMap<string, number>,
  { seed, rule = DEFAULT_SPLIT_RULE, tied = [] }: SplitOptions,
): Map<string, Split> {
  // Of several spellings the first in order decides for all; most materials have one.
  const spellings = oneMaterial([...classOf.keys()].sort(), tied);
  const firsts = spellings.map(([first]) => first!);
  const known = new Set(firsts);
  const inOrder = [...classOf.keys()].filter((material) => known.has(material));
  const members = groupBy(inOrder, (material) => classOf.get(material)!);
  const splits = new Map<string, Split>();
  const stream = new Stream(seed, 'split');
  for (const [spaceGroup, names] of members) {
    const { validation, test } = heldOutCounts(names.length, rule);
    const order = stream.split(spaceGroup).shuffled([...names].sort());
    order.forEach((name, i) => {
      splits.set(name, i < test ? 'test' : i < test + validation ? 'validation' : 'train');
    });
  }
  for (const [first, ...others] of spellings) {
    for (const other of others) splits.set(other, splits.get(first!)!);
  }
  return splits;
}

/** The split that the name of an official file says: batch_train_12.h5, batch_dev_0.h5, … */
export function officialSplit(fileName: string): Split | null {
  const word = /(?:^|[_-])(train|dev|val|validation|test)(?:[_-]|\.)/.exec(fileName)?.[1];
  if (!word) return null;
  return word === 'train' || word === 'test' ? word : 'validation';
}
