import { tally } from '../common/group.ts';
import type { Atom } from './crystal.ts';
import { electronegativity, elementSymbol } from './elements.ts';

/** Number of atoms of each element, the least electronegative element first. */
function elementCounts(atoms: readonly Pick<Atom, 'element'>[]): [string, number][] {
  return [...tally(atoms.map(({ element }) => element))]
    .sort(([a], [b]) => electronegativity(a) - electronegativity(b) || a - b)
    .map(([element, count]) => [elementSymbol(element), count]);
}

/** Element counts of the cell, as in `Fe8 O14 F2`. */
export const cellFormula = (atoms: readonly Pick<Atom, 'element'>[]): string =>
  elementCounts(atoms)
    .map(([symbol, count]) => `${symbol}${count}`)
    .join(' ');

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

const commonOf = (counts: readonly [string, number][]): number =>
  counts.reduce((d, [, count]) => divisor(count, d), 0);

/** Carbon, hydrogen, then by the alphabet where there is carbon; by the alphabet where there is none. */
function hillOrder(counts: readonly [string, number][]): [string, number][] {
  const carbon = counts.some(([symbol]) => symbol === 'C');
  const rank = (symbol: string): string =>
    carbon && symbol === 'C' ? ' ' : carbon && symbol === 'H' ? '!' : symbol;
  return [...counts].sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1));
}

/** The formula unit in the order of a CIF file (Hill 1900), as in `F Fe4 O7`, and how many the cell holds. */
export function formulaUnit(atoms: readonly Pick<Atom, 'element'>[]): {
  formula: string;
  units: number;
} {
  const counts = hillOrder(elementCounts(atoms));
  const units = commonOf(counts);
  const one = ([symbol, count]: [string, number]): string =>
    `${symbol}${count === units ? '' : count / units}`;
  return { formula: counts.map(one).join(' '), units };
}

/** Element counts divided by their greatest common divisor, as in `Fe4O7F`. */
export function reducedFormula(atoms: readonly Pick<Atom, 'element'>[]): string {
  const counts = elementCounts(atoms);
  const common = commonOf(counts);
  return counts
    .map(([symbol, count]) => `${symbol}${count === common ? '' : count / common}`)
    .join('');
}

/**
 * The material of a crystal: reduced formula and space group, as in `NaCl-225`. Entries that
 * share it (other temperatures, pressures, refinements) count as one material.
 */
export const materialKey = (atoms: readonly Pick<Atom, 'element'>[], spaceGroup: number): string =>
  `${reducedFormula(atoms)}-${spaceGroup}`;
