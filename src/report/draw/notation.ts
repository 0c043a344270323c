import { greatestDivisor } from '../../crystal/lattice.ts';
import { hermannMauguin } from '../../crystal/spacegroup.ts';

/** How pictures write what crystallographers write with bars and lowered numbers. */

const lowered = (digits: string): string =>
  digits.replaceAll(/\d/g, (digit) => String.fromCodePoint(0x2080 + Number(digit)));

/** A number of indices with bars over negative ones, such as 11̅0; spaces where one has two digits. */
export function indicesText(indices: readonly number[]): string {
  const one = (value: number): string =>
    value < 0 ? [...String(-value)].map((digit) => `${digit}\u0305`).join('') : String(value);
  return indices.map(one).join(indices.some((value) => Math.abs(value) > 9) ? ' ' : '');
}

/** Zone axes one after another, such as [001] [110] [111]; what is not known (all zero) is left out. */
export const zonesText = (zones: readonly (readonly number[])[]): string =>
  zones
    .filter((zone) => zone.some(Boolean))
    .map((zone) => `[${indicesText(zone)}]`)
    .join(' ');

/**
 * A space group as its symbol and number, such as P6₃mc (186). The minus of Fm-3m stays one: a bar that is
 * lost in a small picture would name another group.
 */
export const groupText = (spaceGroup: number): string =>
  `${hermannMauguin(spaceGroup).replaceAll(/_(\d)/g, (_, digit: string) => lowered(digit))} (${spaceGroup})`;

/**
 * A formula with its numbers lowered. What a cell holds, elements apart from each other, is divided down to
 * the formula unit: `Ti4 O8` is TiO₂, `Ca(OH)2` is Ca(OH)₂.
 */
export function formulaText(formula: string): string {
  const held = [...formula.matchAll(/(?:^|\s)([A-Z][a-z]?)(\d*)(?=\s|$)/g)];
  const counts = held.map(([, , count]) => Number(count || 1));
  const divisor = counts.includes(0) ? 1 : greatestDivisor(counts);
  const unit = held.map(
    ([, element], i) => element! + (counts[i] === divisor ? '' : counts[i]! / divisor),
  );
  const whole = held.length === formula.trim().split(/\s+/).length;
  return (whole ? unit.join('') : formula.replaceAll(' ', '')).replaceAll(
    /(?<=[A-Za-z)\]])\d+(?:\.\d+)?/g,
    lowered,
  );
}

/** The formula of a crystal that stands as CIF text beside a sample; null where there is none. */
export function formulaOfCif(cif: string | null | undefined): string | null {
  const stated = /^_chemical_formula_sum +'?([^'\n]+)'?$/m.exec(cif ?? '')?.[1];
  return stated === undefined ? null : formulaText(stated);
}

/** The longest round length in 1/angstrom that takes at most a quarter of a pattern this wide. */
export const barLength = (width: number): number =>
  [2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01].find((one) => one <= width / 4) ?? 0.01;
