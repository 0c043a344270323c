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

// Zero-width characters and soft hyphens, which nobody sees.
const INVISIBLE = /[\u00ad\u200b-\u200f\u2060\ufeff]/g;

/** A material's name without what nobody sees: compatibility forms, invisible characters, blanks. */
export const cleanMaterial = (name: string): string =>
  name.normalize('NFKC').replace(INVISIBLE, '').replace(/\s+/g, ' ').trim();

/**
 * The same text for spellings of one material: case, blanks, dashes and the prefixes that name no
 * other source (`mp-17`, `MP_17`, `material 17`, `17`). Two spellings never stand in two parts.
 */
export const materialIdentity = (name: string): string =>
  cleanMaterial(name)
    .toLowerCase()
    .replace(/[\s_\-‐-―]+/g, '-')
    .replace(/^(?:(?:materials?|mpid|mp|id)[-:#]*)+(?=\d)/, '');

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
