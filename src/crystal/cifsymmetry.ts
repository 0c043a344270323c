import { inputError } from '../common/errors.ts';
import { type CifBlock, firstValue } from './ciftext.ts';
import type { Cell } from './crystal.ts';
import { determinant } from './matrix.ts';
import { distinctOperations, isGroup } from './operation.ts';
import { isSpaceGroup, type Operation } from './spacegroup.ts';
import {
  operationsOfSetting,
  type Setting,
  settingOfHall,
  settingsOfNumber,
  settingsOfSymbol,
} from './symbols.ts';
import { parseTriplet } from './triplet.ts';

const OPERATION_TAGS = ['_space_group_symop_operation_xyz', '_symmetry_equiv_pos_as_xyz'];
const HALL_TAGS = ['_space_group_name_hall', '_symmetry_space_group_name_hall'];
const SYMBOL_TAGS = [
  '_space_group_name_h-m_alt',
  '_symmetry_space_group_name_h-m',
  '_space_group_name_h-m_full',
];
const NUMBER_TAGS = ['_space_group_it_number', '_symmetry_int_tables_number'];

/** What a CIF block says of its symmetry. */
export interface StatedSymmetry {
  operations: readonly Operation[];
  /** 1 to 230 where a symbol or number states it. */
  spaceGroup: number | null;
}

/** Whether a matrix maps a lattice onto itself as rotations in crystal axes do. */
const isRotation = ({ rotation: r }: Operation): boolean =>
  r.every((value) => Math.abs(value) <= 1 && Number.isInteger(value)) &&
  Math.abs(
    determinant([
      [r[0]!, r[1]!, r[2]!],
      [r[3]!, r[4]!, r[5]!],
      [r[6]!, r[7]!, r[8]!],
    ]),
  ) === 1;

function listedOperations(triplets: readonly string[], file: string): Operation[] {
  const operations = triplets.map((text) => {
    const operation = parseTriplet(text);
    if (!operation || !isRotation(operation)) {
      throw inputError(`${file}: "${text}" is no symmetry operation`);
    }
    return operation;
  });
  const distinct = distinctOperations(operations);
  if (distinct.length > 192 || !isGroup(distinct)) {
    throw inputError(
      `${file}: its ${distinct.length} symmetry operations do not form a group`,
      'list all of them, with the centring',
    );
  }
  return distinct;
}

/** Whether the metric of a cell suits the axes of a setting. */
function suits(setting: Setting, cell: Cell): boolean {
  const { spaceGroup, name } = setting;
  const rhombohedral = Math.abs(cell[5] - 120) > 0.5;
  if (name === 'H' || name === 'R') return (name === 'R') === rhombohedral;
  if (spaceGroup < 3 || spaceGroup > 15) return true;
  const unique = name.replace('-', '')[0];
  const [alpha, beta, gamma] = cell.slice(3).map((angle) => Math.abs(angle - 90) > 0.01);
  return !((alpha && unique !== 'a') || (beta && unique !== 'b') || (gamma && unique !== 'c'));
}

/** One setting of several that a symbol can mean. */
function choose(candidates: readonly Setting[], said: string, cell: Cell, file: string): Setting {
  const choice = /:\s*([12HR])/i.exec(said)?.[1]?.toUpperCase();
  const fitting = candidates.filter((s) => suits(s, cell));
  const chosen = choice ? fitting.filter((s) => s.name.startsWith(choice)) : fitting;
  const first = chosen[0];
  if (!first) throw inputError(`${file}: the cell does not suit the space group "${said}"`);
  if (!choice && first.name.startsWith('1')) {
    throw inputError(
      `${file}: "${said}" has two choices of origin`,
      `list the symmetry operations, or write "${said}:1" or "${said}:2"`,
    );
  }
  return first;
}

function statedSetting(block: CifBlock, cell: Cell, file: string): Setting | null {
  const hall = firstValue(block, HALL_TAGS);
  const byHall = hall ? settingOfHall(hall) : null;
  if (byHall) return byHall;
  const symbol = firstValue(block, SYMBOL_TAGS);
  if (symbol) {
    const known = settingsOfSymbol(symbol.replace(/:.*$/, ''));
    if (known.length > 0) return choose(known, symbol, cell, file);
  }
  const number = Number(firstValue(block, NUMBER_TAGS) ?? Number.NaN);
  if (isSpaceGroup(number)) return choose(settingsOfNumber(number), String(number), cell, file);
  if (symbol) throw inputError(`${file}: the space group "${symbol}" is not known`);
  return null;
}

/** The space group that symbol or number name, whatever the setting; null where they name none. */
function statedNumber(block: CifBlock): number | null {
  const symbol = firstValue(block, SYMBOL_TAGS)?.replace(/:.*$/, '') ?? '';
  const groups = new Set(settingsOfSymbol(symbol).map((setting) => setting.spaceGroup));
  const number = Number(firstValue(block, NUMBER_TAGS) ?? Number.NaN);
  if (groups.size === 1) return [...groups][0]!;
  return isSpaceGroup(number) ? number : null;
}

/**
 * The symmetry of a CIF block: its operations, or else those of its Hall symbol, Hermann-Mauguin
 * symbol or number. Throws an input error where there is none, where the operations do not form
 * a group, and where a symbol leaves the origin open.
 */
export function cifSymmetry(block: CifBlock, cell: Cell, file: string): StatedSymmetry {
  const tag = OPERATION_TAGS.find((name) => block.values.has(name));
  const listed = tag ? block.values.get(tag)!.filter((text) => /[xyz]/i.test(text)) : [];
  if (listed.length > 0) {
    return { operations: listedOperations(listed, file), spaceGroup: statedNumber(block) };
  }
  const setting = statedSetting(block, cell, file);
  if (!setting) {
    throw inputError(
      `${file}: no symmetry is given`,
      'add _space_group_symop_operation_xyz or _space_group_name_H-M_alt',
    );
  }
  return { operations: operationsOfSetting(setting), spaceGroup: setting.spaceGroup };
}
