import { inputError, usageError } from '../src/common/errors.ts';
import { didYouMean } from '../src/common/suggest.ts';
import { type CrystalSystem, crystalSystem } from '../src/crystal/spacegroup.ts';
import { bandOf } from '../src/dataset/census.ts';
import { materialCounts } from '../src/dataset/examples.ts';
import type { Store } from '../src/dataset/store/store.ts';

const SYSTEMS: readonly CrystalSystem[] = [
  'triclinic',
  'monoclinic',
  'orthorhombic',
  'tetragonal',
  'trigonal',
  'hexagonal',
  'cubic',
];
const WORDS = ['rare', 'medium', 'all', ...SYSTEMS] as const;

/**
 * The classes that `--classes` names, as space groups, ascending: `rare` (fewer than 20 training
 * materials), `medium` (20 to 100), `all`, numbers with commas, or a crystal system. Classes without
 * any training material never belong to a word.
 *
 * @param counts training materials of each class.
 * @throws usage error that names the word or number and what there is instead.
 */
export function chooseClasses(
  word: string,
  task: { classes: readonly number[]; counts: ArrayLike<number> },
): number[] {
  const { classes, counts } = task;
  const where = (test: (spaceGroup: number, count: number) => boolean): number[] =>
    classes.filter((spaceGroup, label) => counts[label]! > 0 && test(spaceGroup, counts[label]!));
  const chosen = /^\d+(,\d+)*$/.test(word)
    ? numbered(word, task)
    : where(testOf(word.toLowerCase(), word));
  if (chosen.length === 0) {
    throw usageError(
      `--classes ${word}: no class of the training data is that`,
      `there are ${where(() => true).join(', ')}`,
    );
  }
  return chosen;
}

function testOf(word: string, given: string): (spaceGroup: number, count: number) => boolean {
  if (word === 'all') return () => true;
  if (word === 'rare') return (_, count) => bandOf(count) === 'few';
  if (word === 'medium') return (_, count) => bandOf(count) === 'medium';
  const system = SYSTEMS.find((name) => name === word);
  if (system) return (spaceGroup) => crystalSystem(spaceGroup) === system;
  throw usageError(
    `--classes ${given}: not rare, medium, all, space-group numbers or a crystal system`,
    didYouMean(word, WORDS),
  );
}

function numbered(
  word: string,
  { classes, counts }: { classes: readonly number[]; counts: ArrayLike<number> },
): number[] {
  const numbers = [...new Set(word.split(',').map(Number))].sort((a, b) => a - b);
  for (const number of numbers) {
    const label = classes.indexOf(number);
    if (label < 0) {
      throw usageError(
        `--classes ${word}: space group ${number} is not in the data`,
        `there are ${classes.join(', ')}`,
      );
    }
    if (counts[label] === 0) {
      throw usageError(`--classes ${word}: space group ${number} has no training triplet`);
    }
  }
  return numbers;
}

/**
 * Refuses a store from whose training split no GAN can learn.
 *
 * @throws input error where it has fewer than two materials.
 */
export function checkMaterials(store: Store): void {
  const train = store.examples('train');
  const materials = new Set(train.materials).size;
  if (materials >= 2) return;
  throw inputError(
    `${store.path} has ${materials === 0 ? 'no' : 'one'} training material, and a GAN learns from what differs between materials`,
    'prepare data of two or more, better dozens',
  );
}

/**
 * The space groups that `--classes` names in the training split of a store.
 *
 * @throws input error where no GAN can learn from it.
 */
export function trainingClasses(store: Store, word: string): number[] {
  checkMaterials(store);
  const counts = materialCounts(store.examples('train'));
  return chooseClasses(word, { classes: store.classes, counts });
}

/** One line for each class from which nothing but a copy can be learned. */
export function memoryWarnings(store: Store, chosen: readonly number[]): string[] {
  const counts = materialCounts(store.examples('train'));
  return chosen
    .filter((spaceGroup) => counts[store.classes.indexOf(spaceGroup)] === 1)
    .map(
      (spaceGroup) =>
        `space group ${spaceGroup} has one training material: its samples can only vary that one`,
    );
}

/** Class codes: which rows of an embedding table add up to the embedding of a class. */
export interface ClassCodes {
  /** (K, code): a one for the class and a one for its crystal system. */
  values: Float32Array;
  /** K + number of crystal systems among the classes. */
  code: number;
}

/**
 * The code of each space group: what the groups of a crystal system share is learned from all of
 * them, so that a group with few materials starts from its system instead of from nothing.
 */
export function classCodes(classes: readonly number[]): ClassCodes {
  const systems = [...new Set<CrystalSystem>(classes.map(crystalSystem))];
  const code = classes.length + systems.length;
  const values = new Float32Array(classes.length * code);
  classes.forEach((spaceGroup, label) => {
    values[label * code + label] = 1;
    values[label * code + classes.length + systems.indexOf(crystalSystem(spaceGroup))] = 1;
  });
  return { values, code };
}

/** Classes of the crystal system of each class, itself among them, as its code says. */
export function kinOf({ codes, code }: { codes: Float32Array; code: number }): number[][] {
  const classes = Array.from({ length: codes.length / code }, (_, label) => label);
  const system = (label: number): string =>
    codes.subarray(label * code + classes.length, (label + 1) * code).join();
  return classes.map((one) => classes.filter((other) => system(other) === system(one)));
}
