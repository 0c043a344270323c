import { usageError } from '../common/errors.ts';
import { didYouMean } from '../common/suggest.ts';

/** Words for which classes change, and to which count. */
export const STRATEGY_WORDS = [
  'auto',
  'all',
  'minority',
  'majority',
  'not-minority',
  'not-majority',
  'middle',
] as const;
export type StrategyWord = (typeof STRATEGY_WORDS)[number];

/** A word, one target count for all, or a count for each class index named. */
export type Strategy = StrategyWord | number | Readonly<Record<number, number>>;

/** Whether classes grow or shrink. */
export type Direction = 'over' | 'under';

/** Target count of each class that changes. */
export type Targets = Map<number, number>;

const geometricMiddle = (counts: readonly number[]): number =>
  Math.round(Math.sqrt(Math.max(...counts) * Math.min(...counts)));

/** Parses a strategy as typed on a command line: a word or a count. */
export function parseStrategy(text: string): Strategy {
  if (/^\d+$/.test(text)) return Number(text);
  if ((STRATEGY_WORDS as readonly string[]).includes(text)) return text as StrategyWord;
  throw usageError(`strategy "${text}" is unknown`, didYouMean(text, STRATEGY_WORDS));
}

function explicitTargets(
  strategy: Readonly<Record<number, number>>,
  counts: ArrayLike<number>,
  direction: Direction,
): Targets {
  const targets: Targets = new Map();
  for (const [key, target] of Object.entries(strategy)) {
    const label = Number(key);
    const count = counts[label];
    if (!count) throw usageError(`strategy names class ${key}, which has no example`);
    if (!Number.isInteger(target) || target < 1) {
      throw usageError(`strategy wants ${target} examples of class ${key}, not a positive integer`);
    }
    const wrong = direction === 'over' ? target < count : target > count;
    if (wrong) {
      throw usageError(
        `strategy wants ${target} of the ${count} examples of class ${key}`,
        direction === 'over'
          ? 'oversampling cannot shrink a class'
          : 'undersampling cannot grow it',
      );
    }
    targets.set(label, target);
  }
  return targets;
}

/** The classes a word selects and the count they get. */
function selection(word: StrategyWord, present: readonly number[], direction: Direction) {
  const most = Math.max(...present);
  const least = Math.min(...present);
  const goal = direction === 'over' ? most : least;
  switch (word) {
    case 'auto':
      return { goal, takes: (n: number) => n !== goal };
    case 'all':
      return { goal, takes: () => true };
    case 'minority':
      return { goal, takes: (n: number) => n === least };
    case 'majority':
      return { goal, takes: (n: number) => n === most };
    case 'not-minority':
      return { goal, takes: (n: number) => n !== least };
    case 'not-majority':
      return { goal, takes: (n: number) => n !== most };
    case 'middle':
      return { goal: geometricMiddle(present), takes: () => true };
  }
}

/**
 * Resolves a strategy to target counts, as imbalanced-learn does: a word selects classes, which
 * grow to the largest class (`over`) or shrink to the smallest (`under`); `middle` is the
 * geometric mean of the largest and smallest count; a number is the target of every class below
 * (over) or above (under) it. Classes without an example never change.
 *
 * @throws usage error on an unknown class or an impossible target.
 */
export function resolveStrategy(
  strategy: Strategy,
  counts: ArrayLike<number>,
  direction: Direction,
): Targets {
  if (typeof strategy === 'object') return explicitTargets(strategy, counts, direction);
  const labels = Array.from(counts, (_, label) => label).filter((label) => counts[label]! > 0);
  const targets: Targets = new Map();
  if (labels.length === 0) return targets;
  const present = labels.map((label) => counts[label]!);
  if (typeof strategy === 'number' && !(Number.isInteger(strategy) && strategy >= 1)) {
    throw usageError(`strategy ${strategy} is not a positive integer`);
  }
  const { goal, takes } =
    typeof strategy === 'number'
      ? { goal: strategy, takes: () => true }
      : selection(strategy, present, direction);
  for (const label of labels) {
    const count = counts[label]!;
    const changes = direction === 'over' ? goal > count : goal < count;
    if (changes && takes(count)) targets.set(label, goal);
  }
  return targets;
}
