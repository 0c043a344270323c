import { usageError } from '../common/errors.ts';
import { didYouMean } from '../common/suggest.ts';
import { crystalSystem, isSpaceGroup, SPACE_GROUPS } from './spacegroup.ts';
import { settingsOfSymbol } from './symbols.ts';

const SYSTEMS = [...new Set(SPACE_GROUPS.map(crystalSystem))];

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
  throw usageError(`"${word}" names no space group`, didYouMean(word, SYSTEMS));
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
