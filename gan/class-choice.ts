import { usageError } from '../src/common/errors.ts';
import { didYouMean } from '../src/common/suggest.ts';
import { bandOf } from '../src/dataset/census.ts';
import { type CrystalSystem, crystalSystem } from '../src/crystal/spacegroup.ts';

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
