import { inputError } from '../common/errors.ts';
import { isCell } from './cell.ts';
import { type CifBlock, firstValue } from './ciftext.ts';
import type { Atom, Cell } from './crystal.ts';
import { atomicNumber } from './elements.ts';

/** Atoms of the cell that can be simulated. */
export const MOST_ATOMS = 1000;

/** What is wrong with a cell of so many atoms. */
export const tooMany = (file: string, count: number) =>
  inputError(`${file}: ${count} atoms in the cell, more than ${MOST_ATOMS}`, 'give a smaller cell');

/** `5.431(2)` without its uncertainty; null where it is no number. */
function cifNumber(text: string | undefined): number | null {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\(\d+\))?$/.exec(text ?? '');
  return match ? Number(match[1]) : null;
}

const CELL_TAGS = ['length_a', 'length_b', 'length_c', 'angle_alpha', 'angle_beta', 'angle_gamma'];

/** The cell of a block: lengths in angstrom, angles in degrees. */
export function cellFrom(block: CifBlock, file: string): Cell {
  const values = CELL_TAGS.map((tag) => {
    const text = firstValue(block, [`_cell_${tag}`]);
    if (text === null)
      throw inputError(`${file}: no _cell_${tag}`, 'a crystal needs its unit cell');
    const value = cifNumber(text);
    if (value === null) throw inputError(`${file}: _cell_${tag} "${text}" is no number`);
    return value;
  });
  if (!isCell(values)) throw inputError(`${file}: no cell has the parameters ${values.join(' ')}`);
  return values as unknown as Cell;
}

/**
 * The element of a type symbol (`Fe3+`, `CL`) or, with `label`, of a site label (`Fe1`, `OW2`,
 * `HO1`), where a second capital begins another word. Deuterium counts as hydrogen: electrons
 * see no difference.
 */
function elementFrom(text: string, label: boolean): number | null {
  const letters = /^[A-Za-z]+/.exec(text)?.[0] ?? '';
  const one = letters.slice(0, 1).toUpperCase();
  const two = one + letters.slice(1, 2).toLowerCase();
  if (letters === 'D' || letters === 'T') return 1;
  const oneLetter = atomicNumber(one);
  if (label && oneLetter !== null && /^.[A-Z]/.test(letters)) return oneLetter;
  if (letters.length === 1) return oneLetter;
  return atomicNumber(two) ?? (label ? oneLetter : null);
}

/** Reads one row of the atom-site loop; `column` gives the value of a tag in that row. */
function siteFrom(column: (tag: string) => string | undefined, file: string): Atom {
  const type = column('type_symbol');
  const name = column('label') ?? type ?? '?';
  const given = type !== undefined && type !== '?' && type !== '.';
  const element = given ? elementFrom(type, false) : elementFrom(name, true);
  if (element === null) {
    throw inputError(`${file}: site ${name} names no element ("${given ? type : name}")`);
  }
  const occupancy = cifNumber(column('occupancy')) ?? 1;
  if (occupancy < 0.995) {
    throw inputError(
      `${file}: site ${name} has occupancy ${occupancy}`,
      'partly occupied sites cannot be simulated; give an ordered structure',
    );
  }
  const position = ['x', 'y', 'z'].map((axis) => {
    const text = column(`fract_${axis}`);
    const value = cifNumber(text);
    if (value === null)
      throw inputError(`${file}: site ${name} has no fract_${axis} ("${text ?? ''}")`);
    return value;
  }) as [number, number, number];
  const u = cifNumber(column('u_iso_or_equiv'));
  const b = cifNumber(column('b_iso_or_equiv'));
  const uIso = u ?? (b === null ? null : b / (8 * Math.PI ** 2));
  return uIso !== null && uIso > 0 ? { element, position, uIso } : { element, position };
}

/** The atom sites of a block; an input error where one cannot be used. */
export function sitesFrom(block: CifBlock, file: string): Atom[] {
  const columns = (tag: string) => block.values.get(`_atom_site_${tag}`);
  const count = columns('fract_x')?.length ?? 0;
  if (count === 0) {
    throw inputError(`${file}: no atom sites with fractional coordinates (_atom_site_fract_x)`);
  }
  if (count > MOST_ATOMS) throw tooMany(file, count);
  const rows = Array.from({ length: count }, (_, i) => i);
  return rows
    .filter((i) => columns('calc_flag')?.[i]?.toLowerCase() !== 'dum')
    .map((i) => siteFrom((tag) => columns(tag)?.[i], file));
}
