import { inputError } from '../../common/errors.ts';
import { cellVolume, isCell } from '../cell.ts';
import type { Cell, Vec3 } from '../crystal.ts';
import { maybeWater, readLabel, readTypeSymbol, type SiteMeaning } from './labels.ts';
import {
  type CifBlock,
  type CifLoop,
  cifNumber,
  excerpt,
  isGiven,
  oneValue,
  valuesOf,
} from './text.ts';

/** Atoms of the cell that can be simulated. */
export const MOST_ATOMS = 1000;

/** What is wrong with a cell of so many atoms. */
export const tooManyAtoms = (file: string, count: number) =>
  inputError(`${file}: ${count} atoms in the cell, more than ${MOST_ATOMS}`, 'give a smaller cell');

const CELL_TAGS = ['length_a', 'length_b', 'length_c', 'angle_alpha', 'angle_beta', 'angle_gamma'];
/** Lengths of a cell, angstrom: from below the shortest bond to the longest polytypes. */
const LENGTHS = [1.5, 1000] as const;
/** Angles of a cell, degrees. */
const ANGLES = [5, 175] as const;
/** A stated volume may differ by this share from the one of the cell. */
const VOLUME_ROUNDING = 0.02;

/** The cell of a block: lengths in angstrom, angles in degrees. */
export function statedCell(block: CifBlock, file: string): Cell {
  const values = CELL_TAGS.map((name, i) => {
    const tag = `_cell_${name}`;
    const text = oneValue(block, tag, file);
    if (text === null) throw inputError(`${file}: no ${tag}`, 'a crystal needs its unit cell');
    const value = cifNumber(text);
    if (value === null) throw inputError(`${file}: ${tag} "${excerpt(text)}" is no number`);
    const [least, most] = i < 3 ? LENGTHS : ANGLES;
    if (value > 0 && (value < least || value > most)) {
      const unit = i < 3 ? 'angstrom' : 'degrees';
      throw inputError(
        `${file}: ${tag} ${excerpt(text)} is not from ${least} to ${most} ${unit}`,
        'check the unit and the decimal point',
      );
    }
    return value;
  });
  if (!isCell(values)) throw inputError(`${file}: no cell has the parameters ${values.join(' ')}`);
  const cell = values as unknown as Cell;
  const volume = oneValue(block, '_cell_volume', file);
  const said = volume === null ? null : cifNumber(volume);
  if (said !== null && said > 0 && Math.abs(said / cellVolume(cell) - 1) > VOLUME_ROUNDING) {
    throw inputError(
      `${file}: its cell has ${cellVolume(cell).toFixed(1)} cubic angstrom, but _cell_volume says ${excerpt(volume!)}`,
      'check the cell',
    );
  }
  return cell;
}

/** One site of the asymmetric unit. */
export interface CifSite {
  /** The label, for messages. */
  name: string;
  /** Atomic numbers that its name can stand for, at least one. */
  elements: readonly number[];
  position: Vec3;
  /** Mean square displacement, square angstrom, where the file gives it. */
  uIso?: number;
  /** Read as tungsten, but nothing in the file says that it is no water. */
  maybeWater?: true;
}

type Row = ReadonlyMap<string, string>;

const PREFIX = '_atom_site_';
const [LABEL, TYPE, X] = ['label', 'type_symbol', 'fract_x'];
/** Columns of the atom sites that are read; all others may come and go as they like. */
const COLUMNS = [
  LABEL,
  TYPE,
  X,
  'fract_y',
  'fract_z',
  'occupancy',
  'u_iso_or_equiv',
  'b_iso_or_equiv',
  'adp_type',
  'thermal_displace_type',
  'calc_flag',
  'disorder_assembly',
  'disorder_group',
] as const;

/** The read columns of a loop, without the prefix. */
function rowsOf(loop: CifLoop): Row[] {
  const columns = COLUMNS.filter((name) => loop.columns.has(PREFIX + name));
  return Array.from(
    { length: loop.rows },
    (_, i) => new Map(columns.map((name) => [name, loop.columns.get(PREFIX + name)![i]!])),
  );
}

/** A single atom may stand in items instead of a loop. */
function loneAtom(block: CifBlock): CifLoop[] {
  const items = COLUMNS.filter((name) => block.items.has(PREFIX + name));
  if (items.length === 0) return [];
  const columns = new Map(items.map((name) => [PREFIX + name, block.items.get(PREFIX + name)!]));
  return [{ columns, rows: 1 }];
}

const sameRows = (a: readonly Row[], b: readonly Row[]): boolean =>
  a.length === b.length &&
  a.every((row, i) => row.size === b[i]!.size && [...row].every(([k, v]) => b[i]!.get(k) === v));

/** Adds the columns of a further loop to the rows of the same labels. */
function joined(rows: readonly Row[], further: readonly Row[], file: string): Row[] {
  const byLabel = new Map(further.map((row) => [row.get(LABEL) ?? '', row]));
  const labels = new Set(rows.map((row) => row.get(LABEL) ?? ''));
  if (byLabel.has('') || labels.has('')) {
    throw inputError(`${file}: it has two loops of atom sites and no labels to join them by`);
  }
  if (byLabel.size !== further.length || labels.size !== rows.length) {
    throw inputError(`${file}: it has two loops of atom sites, and a label stands twice in one`);
  }
  const stranger = [...byLabel.keys()].find((label) => !labels.has(label));
  if (stranger !== undefined) {
    throw inputError(
      `${file}: its second loop of atom sites names ${excerpt(stranger)}, its first does not`,
    );
  }
  return rows.map((row) => {
    const more = byLabel.get(row.get(LABEL)!) ?? new Map<string, string>();
    for (const [name, value] of more) {
      const before = row.get(name);
      if (isGiven(before) && isGiven(value) && before !== value) {
        throw inputError(
          `${file}: site ${excerpt(row.get(LABEL)!)} has ${name} ${excerpt(before)} in one loop and ${excerpt(value)} in another`,
          'keep the right one',
        );
      }
    }
    return new Map([...more, ...[...row].filter(([name, v]) => isGiven(v) || !more.has(name))]);
  });
}

/** The atom sites as one table: a second loop is joined by label, never by row. */
function siteTable(block: CifBlock, file: string): Row[] {
  const tables = [...block.loops, ...loneAtom(block)].map(rowsOf).filter((rows) => rows[0]?.size);
  const at = tables.findIndex((rows) => rows[0]!.has(X));
  if (at < 0) {
    throw inputError(`${file}: no atom sites with fractional coordinates (_atom_site_fract_x)`);
  }
  const main = tables[at]!;
  if (main.length > MOST_ATOMS) throw tooManyAtoms(file, main.length);
  let rows: Row[] = main;
  for (const table of tables) if (!sameRows(table, main)) rows = joined(rows, table, file);
  return rows;
}

/** The number in a column; null where it is absent or unknown. */
function numberIn(row: Row, column: string, site: string, file: string): number | null {
  const text = row.get(column);
  if (text === undefined || /^\s*[?.]\s*$/.test(text)) return null;
  const value = cifNumber(text);
  if (value === null) {
    throw inputError(
      `${file}: site ${site} has the ${column} "${excerpt(text)}", which is no number`,
    );
  }
  return value;
}

/** Occupancies from here to just above 1 count as full. */
const FULL = [0.995, 1.005] as const;

/** Refuses a site that is not there, or not always. */
function checkOccupancy(row: Row, site: string, file: string): void {
  const occupancy = numberIn(row, 'occupancy', site, file) ?? 1;
  if (occupancy >= FULL[0] && occupancy <= FULL[1]) return;
  throw inputError(
    `${file}: site ${site} has occupancy ${occupancy}`,
    occupancy < 1 && occupancy >= 0
      ? 'partly occupied sites cannot be simulated; give an ordered structure'
      : 'an occupancy is from 0 to 1',
  );
}

/** Coordinates beyond this many cells are no fractions (a lost decimal point, angstrom). */
const FARTHEST = 10;

function positionOf(row: Row, site: string, file: string): Vec3 {
  return ['x', 'y', 'z'].map((axis) => {
    const text = row.get(`fract_${axis}`);
    const value = text === undefined ? null : cifNumber(text);
    if (value === null)
      throw inputError(`${file}: site ${site} has no fract_${axis} ("${excerpt(text ?? '')}")`);
    if (Math.abs(value) > FARTHEST)
      throw inputError(
        `${file}: site ${site} has fract_${axis} ${value}, which is no fraction of a cell`,
      );
    return value;
  }) as unknown as Vec3;
}

/** Largest mean square displacement that an atom of a crystal can have, square angstrom. */
const LARGEST_U = 0.5;
/** The quietest atom of a crystal moves less than this; where none does, U is B under another name. */
const LARGEST_LEAST_U = 0.2;
const B_TO_U = 1 / (8 * Math.PI ** 2);
/** U and B of one site that are rounded apart. */
const ROUNDED_APART = 0.25;

/**
 * The displacement U of a site. The column of U may hold B where adp_type says so; 0 stands for
 * a value that was not refined.
 */
function displacementOf(row: Row, site: string, file: string): number | undefined {
  const type = row.get('adp_type') ?? row.get('thermal_displace_type') ?? '';
  const [u, b] = ['u_iso_or_equiv', 'b_iso_or_equiv'].map((tag) => numberIn(row, tag, site, file));
  const isB = u === null || /^\s*b/i.test(type) || (b !== null && u! > 0 && u === b);
  if (!isB && u! > 0 && b! > 0 && Math.abs((b! * B_TO_U) / u! - 1) > ROUNDED_APART) {
    throw inputError(
      `${file}: site ${site} has U = ${u} and B = ${b} square angstrom, and B is 79 U`,
      'remove the wrong one',
    );
  }
  const given = isB ? (b ?? u) : u;
  if (given === null || given === undefined || given === 0) return undefined;
  const value = isB ? given * B_TO_U : given;
  if (value > 0 && value <= LARGEST_U) return value;
  const name = isB ? 'B' : 'U';
  throw inputError(
    `${file}: site ${site} has ${name} = ${given} square angstrom, and no atom of a crystal moves like that`,
    isB || value < 0 ? 'remove the value' : 'if it is B, say so: _atom_site_adp_type Biso',
  );
}

/** What a site is; the composition chooses later where its name can mean several elements. */
function readingOf(row: Row, known: ReadonlySet<number> | null): SiteMeaning {
  const type = row.get(TYPE);
  if (isGiven(type)) return readTypeSymbol(type, known);
  const label = row.get(LABEL);
  return isGiven(label) ? readLabel(label, known) : { elements: [], fault: 'names no element' };
}

function siteOf(row: Row, known: ReadonlySet<number> | null, file: string): CifSite {
  const name = excerpt(row.get(LABEL) ?? row.get(TYPE) ?? '?');
  const { elements, fault } = readingOf(row, known);
  if (fault) {
    const type = row.get(TYPE);
    const named = isGiven(type) ? excerpt(type) : name;
    throw inputError(
      `${file}: site ${name} ${fault} ("${named}")`,
      'only ordered crystals can be simulated; _atom_site_type_symbol says which element a site is',
    );
  }
  checkOccupancy(row, name, file);
  const uIso = displacementOf(row, name, file);
  const water = !known && !isGiven(row.get(TYPE)) && maybeWater(name);
  return {
    name,
    elements,
    position: positionOf(row, name, file),
    ...(uIso === undefined ? {} : { uIso }),
    ...(water ? { maybeWater: water } : {}),
  };
}

/** Refuses sites that all move more than the quietest atom of a crystal does. */
function checkDisplacements(sites: readonly CifSite[], file: string): void {
  const given = sites.flatMap(({ uIso }) => uIso ?? []);
  const least = Math.min(...given);
  if (given.length === 0 || least <= LARGEST_LEAST_U) return;
  throw inputError(
    `${file}: no site has less than U = ${least.toPrecision(3)} square angstrom, and not all atoms of a crystal move like that`,
    'if it is B, say so: _atom_site_adp_type Biso',
  );
}

/** Refuses sites of alternative groups: not all of them are there at once. */
function checkDisorder(rows: readonly Row[], file: string): void {
  const groups = new Map<string, string>();
  for (const row of rows) {
    const group = row.get('disorder_group');
    if (!isGiven(group)) continue;
    const assembly = row.get('disorder_assembly') ?? '';
    const other = groups.get(assembly) ?? group;
    if (other !== group || group.trim().startsWith('-')) {
      throw inputError(
        `${file}: site ${excerpt(row.get(LABEL) ?? '?')} belongs to disorder group ${excerpt(group)}`,
        'give an ordered structure',
      );
    }
    groups.set(assembly, group);
  }
}

/**
 * The atom sites of a block; an input error where one cannot be used. `known` holds the elements
 * of the formula, where the file gives one.
 */
export function statedSites(
  block: CifBlock,
  known: ReadonlySet<number> | null,
  file: string,
): CifSite[] {
  const rows = siteTable(block, file).filter(
    (row) => row.get('calc_flag')?.toLowerCase() !== 'dum',
  );
  if (rows.length === 0) throw inputError(`${file}: it has dummy atoms only`);
  const sites = rows.map((row) => siteOf(row, known, file));
  checkDisorder(rows, file);
  checkDisplacements(sites, file);
  return sites;
}

/** Whether a block describes a structure: it has a cell or atom sites. */
export const isStructure = (block: CifBlock): boolean =>
  valuesOf(block, ['_cell_length_a', PREFIX + X, PREFIX + LABEL]).length > 0;
