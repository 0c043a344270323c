import { inputError } from '../../common/errors.ts';
import { cellMatrix, cellVolume } from '../cell.ts';
import type { Atom, Cell } from '../crystal.ts';
import { determinant, type Matrix3, multiply, norm, transpose } from '../matrix.ts';
import {
  distinctOperations,
  isGroup,
  type Operation,
  sameButOrigin,
  sameOperations,
} from '../operation.ts';
import { expandSites } from '../orbit.ts';
import {
  centringVectors,
  hermannMauguin,
  isSpaceGroup,
  latticeSystem,
  operations,
} from '../spacegroup.ts';
import {
  operationsOfSetting,
  type Setting,
  settingsOfHall,
  settingsOfNumber,
  settingsOfSymbol,
} from '../symbols.ts';
import { findSymmetry, type StandardStructure } from '../symmetry.ts';
import { parseTriplet } from '../triplet.ts';
import { hallSuitsOperations, suitsOperations } from './symbol-form.ts';
import { type CifBlock, cifNumber, excerpt, valuesOf } from './text.ts';

const OPERATION_TAGS = ['_space_group_symop_operation_xyz', '_symmetry_equiv_pos_as_xyz'];

type Kind = 'hall' | 'symbol' | 'reference' | 'number';

/** What names a space group: the tags, and the settings that a value can mean; none where unknown. */
const NAMES: readonly {
  kind: Kind;
  tags: readonly string[];
  settings: (value: string) => readonly Setting[];
}[] = [
  {
    kind: 'hall',
    tags: ['_space_group_name_hall', '_symmetry_space_group_name_hall'],
    settings: settingsOfHall,
  },
  {
    kind: 'symbol',
    tags: [
      '_space_group_name_h-m_alt',
      '_space_group_name_h-m',
      '_symmetry_space_group_name_h-m',
      '_space_group_name_h-m_full',
      '_symmetry_space_group_name_h-m_full',
    ],
    settings: settingsOfSymbol,
  },
  // The symbol of the reference setting, which need not be the one of the file.
  { kind: 'reference', tags: ['_space_group_name_h-m_ref'], settings: settingsOfSymbol },
  {
    kind: 'number',
    tags: ['_space_group_it_number', '_symmetry_int_tables_number'],
    settings: settingsOfText,
  },
];

function settingsOfText(value: string): readonly Setting[] {
  const number = cifNumber(value);
  return number !== null && isSpaceGroup(number) ? settingsOfNumber(number) : [];
}

/** What programs write where they know no symbol, and the number 0 for it. */
const NO_NAME = /^(unknown|undefined|none|not given|n\/?a|-+|0)$/i;

/** One thing that a file says of its space group. */
interface Name {
  text: string;
  kind: Kind;
  settings: readonly Setting[];
}

/** What a CIF block says of its symmetry. */
export interface StatedSymmetry {
  operations: readonly Operation[];
  /** Whether the operations stand in the file; otherwise they are those of its symbol. */
  listed: boolean;
  /** 1 to 230 where a symbol or number states it. */
  spaceGroup: number | null;
}

/** Whether a matrix maps a lattice onto itself as rotations in crystal axes do. */
const isRotation = ({ rotation: r }: Operation): boolean =>
  r.every((value) => Math.abs(value) <= 1 && Number.isInteger(value)) &&
  Math.abs(determinant(matrixOf(r))) === 1;

const matrixOf = (r: readonly number[]): Matrix3 => [
  [r[0]!, r[1]!, r[2]!],
  [r[3]!, r[4]!, r[5]!],
  [r[6]!, r[7]!, r[8]!],
];

function operationsOf(triplets: readonly string[], file: string): Operation[] {
  const all = triplets.map((text) => {
    const operation = parseTriplet(text);
    if (!operation || !isRotation(operation)) {
      throw inputError(`${file}: "${excerpt(text)}" is no symmetry operation`);
    }
    return operation;
  });
  const distinct = distinctOperations(all);
  if (distinct.length > 192 || !isGroup(distinct)) {
    throw inputError(
      `${file}: its ${distinct.length} symmetry operations do not form a group`,
      'list all of them, with the centring',
    );
  }
  return distinct;
}

/** The listed operations; null where there are none. Lists that contradict each other are refused. */
function listedOperations(block: CifBlock, file: string): Operation[] | null {
  const lists = OPERATION_TAGS.flatMap((tag) => [
    ...block.loops.map((loop) => loop.columns.get(tag) ?? []),
    block.items.get(tag) ?? [],
  ])
    .map((list) => list.filter((text) => !/^\s*[?.]?\s*$/.test(text)))
    .filter((list) => list.length > 0)
    .map((list) => operationsOf(list, file));
  const [first, ...others] = lists;
  const other = others.find((list) => !sameOperations(first!, list));
  if (other) {
    throw inputError(
      `${file}: it lists its symmetry twice, once as ${first!.length} and once as ${other.length} operations`,
      'keep the right list',
    );
  }
  return first ?? null;
}

const SAME_LENGTH = 2.5e-3;
const SAME_ANGLE = 0.05;

/** Whether the metric of a cell is that of the axes of a setting. */
function suits({ spaceGroup, name }: Setting, cell: Cell): boolean {
  const [a, b, c, alpha, beta, gamma] = cell;
  const same = (p: number, q: number): boolean => Math.abs(p / q - 1) < SAME_LENGTH;
  const is = (angle: number, degrees: number): boolean => Math.abs(angle - degrees) < SAME_ANGLE;
  const right = is(alpha, 90) && is(beta, 90) && is(gamma, 90);
  switch (latticeSystem(spaceGroup)) {
    case 'triclinic':
      return true;
    case 'monoclinic': {
      const unique = name.replace('-', '')[0];
      return ([alpha, beta, gamma] as const).every(
        (angle, i) => is(angle, 90) || 'abc'[i] === unique,
      );
    }
    case 'orthorhombic':
      return right;
    case 'tetragonal':
      return right && same(a, b);
    case 'cubic':
      return right && same(a, b) && same(b, c);
    case 'rhombohedral':
      if (name === 'R') {
        const equal = Math.abs(alpha - beta) < SAME_ANGLE && Math.abs(beta - gamma) < SAME_ANGLE;
        return same(a, b) && same(b, c) && equal;
      }
      return is(alpha, 90) && is(beta, 90) && is(gamma, 120) && same(a, b);
    case 'hexagonal':
      return is(alpha, 90) && is(beta, 90) && is(gamma, 120) && same(a, b);
  }
}

/** Whether rotations keep the lengths and angles of a cell. */
function keepsCell(listed: readonly Operation[], cell: Cell): boolean {
  const rows = cellMatrix(cell);
  const metric = (m: Matrix3): number[] => multiply(m, transpose(m)).flat();
  const scale = rows.flatMap((p) => rows.map((q) => norm(p) * norm(q)));
  const before = metric(rows);
  return listed.every(({ rotation }) => {
    const after = metric(multiply(transpose(matrixOf(rotation)), rows));
    return after.every((value, i) => Math.abs(value - before[i]!) < 2 * SAME_LENGTH * scale[i]!);
  });
}

/** A name of a space group that no table has. */
interface UnknownName {
  text: string;
  kind: Kind;
}

/** What names the space group in a block. */
function namesOf(block: CifBlock): { names: Name[]; unknown: UnknownName[] } {
  const names: Name[] = [];
  const unknown: UnknownName[] = [];
  for (const { kind, tags, settings: settingsFor } of NAMES) {
    for (const text of new Set(valuesOf(block, tags).map((value) => value.trim()))) {
      const settings = settingsFor(text);
      if (settings.length > 0) names.push({ text, settings, kind });
      // A Hall symbol behind a change of axes tells the group, not the setting.
      const isKnown = settings.length === 1 || (settings.length > 0 && kind !== 'hall');
      if (!isKnown && !NO_NAME.test(text)) unknown.push({ text, kind });
    }
  }
  return { names, unknown };
}

/**
 * Refuses listed operations beside a name that no table has and that does not mean them either,
 * where no other name confirms them: one of both is wrong.
 */
function refuseUnknownName(
  listed: readonly Operation[],
  unknown: readonly UnknownName[],
  cell: Cell,
  file: string,
): void {
  const group = groupOfOperations(listed, cell);
  const suits = ({ kind, text }: UnknownName): boolean => {
    if (kind === 'hall') return hallSuitsOperations(text, listed);
    return (
      (kind === 'symbol' || kind === 'reference') &&
      group !== null &&
      suitsOperations(text, listed, group)
    );
  };
  const strange = unknown.find((name) => !suits(name));
  if (!strange) return;
  const have = group === null ? 'none that is known' : symbolOf(group);
  throw inputError(
    `${file}: the space group "${excerpt(strange.text)}" is not known, and its operations are those of ${have}`,
    'correct the one that is wrong, or remove the symbol where the operations are right',
  );
}

/** The number that all names agree on, null where there is none; refuses names that do not agree. */
function agreedGroup(names: readonly Name[], file: string): number | null {
  const groups = (name: Name): Set<number> => new Set(name.settings.map((s) => s.spaceGroup));
  let left: Set<number> | null = null;
  let first = '';
  for (const name of names) {
    const here = groups(name);
    const both: Set<number> = new Set([...here].filter((group) => !left || left.has(group)));
    if (both.size === 0) {
      const numbers = [[...left!], [...here]].map((list) => list.join(' or '));
      throw inputError(
        `${file}: its space group is "${excerpt(first)}" (${numbers[0]}) and "${excerpt(name.text)}" (${numbers[1]})`,
        'keep the right one',
      );
    }
    left = both;
    first ||= name.text;
  }
  return left?.size === 1 ? [...left][0]! : null;
}

/**
 * Refuses as many operations as a name means that are not those: of other axes (P 2_1/c beside
 * `P 1 21/n 1`), or of the other choice of origin. The coordinates go with one of both. A
 * Hall symbol tells the origin; a Hermann-Mauguin symbol only where it chooses between two.
 */
function refuseOtherSetting(listed: readonly Operation[], names: readonly Name[], file: string) {
  for (const { text, kind, settings } of names) {
    const isSetting = kind === 'symbol' || (kind === 'hall' && settings.length === 1);
    if (!isSetting) continue;
    const meant = settings
      .map(operationsOfSetting)
      .filter(({ length }) => length === listed.length);
    if (meant.length === 0 || meant.some((all) => sameOperations(all, listed))) continue;
    const group = settings[0]!.spaceGroup;
    const isOther = settingsOfNumber(group).some((setting) =>
      sameOperations(operationsOfSetting(setting), listed),
    );
    const tellsOrigin = kind === 'hall' || isOther;
    if (!tellsOrigin && meant.some((all) => sameButOrigin(all, listed))) continue;
    throw inputError(
      `${file}: its symmetry operations are not those of "${excerpt(text)}"`,
      'the operations go with the coordinates: keep the right ones, and the symbol that goes with them',
    );
  }
}

/** One setting of those that all names allow. */
function chosenSetting(names: readonly Name[], cell: Cell, file: string): Setting | null {
  const [first, ...others] = names;
  if (!first) return null;
  const said = names.map(({ text }) => `"${excerpt(text)}"`).join(' and ');
  const allowed = first.settings.filter((setting) =>
    others.every(({ settings }) => settings.some((s) => s.hallNumber === setting.hallNumber)),
  );
  if (allowed.length === 0) {
    throw inputError(`${file}: ${said} are different settings`, 'list the symmetry operations');
  }
  const fitting = allowed.filter((setting) => suits(setting, cell));
  const chosen = fitting[0];
  if (!chosen) {
    throw inputError(
      `${file}: the cell ${cell.join(' ')} does not suit the space group ${said}`,
      'check the cell and the symbol',
    );
  }
  if (chosen.name.startsWith('1') && fitting.some((setting) => setting.name.startsWith('2'))) {
    const symbol = first.text.replace(/\s*:.*$/, '');
    throw inputError(
      `${file}: ${said} has two choices of origin`,
      `list the symmetry operations, or write "${symbol}:1" or "${symbol}:2"`,
    );
  }
  return chosen;
}

/**
 * The symmetry of a CIF block: its operations, or else those of its Hall symbol, Hermann-Mauguin
 * symbol and number. Throws an input error where there is none, where operations form no group or
 * do not suit the cell, where symbols contradict each other, and where they leave the origin open.
 */
export function statedSymmetry(block: CifBlock, cell: Cell, file: string): StatedSymmetry {
  const listed = listedOperations(block, file);
  const { names, unknown } = namesOf(block);
  const spaceGroup = agreedGroup(names, file);
  if (listed) {
    if (names.length === 0) refuseUnknownName(listed, unknown, cell, file);
    if (!keepsCell(listed, cell)) {
      throw inputError(
        `${file}: the cell ${cell.join(' ')} does not suit its symmetry operations`,
        'check the cell and the operations',
      );
    }
    refuseOtherSetting(listed, names, file);
    return { operations: listed, listed: true, spaceGroup };
  }
  // A symbol that no table knows means other axes than those of the number beside it.
  const strange = (unknown.find(({ kind }) => kind !== 'hall') ?? unknown[0])?.text;
  const isSetting = ({ kind, settings }: Name): boolean =>
    kind === 'symbol' || kind === 'reference' || (kind === 'hall' && settings.length === 1);
  if (strange !== undefined && !names.some(isSetting)) {
    throw inputError(
      `${file}: the space group "${excerpt(strange)}" is not known`,
      'list the symmetry operations',
    );
  }
  const setting = chosenSetting(names, cell, file);
  if (!setting) {
    throw inputError(
      `${file}: no symmetry is given`,
      'add _space_group_symop_operation_xyz or _space_group_name_H-M_alt',
    );
  }
  return {
    operations: operationsOfSetting(setting),
    listed: false,
    spaceGroup: setting.spaceGroup,
  };
}

const symbolOf = (group: number): string => `${hermannMauguin(group)} (${group})`;

/**
 * File cells in the conventional cell of the stated group: 1, or 2 to 4 where the file gives a
 * primitive cell, whose metric is not the one of the conventional axes.
 */
export function cellShare(spaceGroup: number | null, cell: Cell): number {
  if (spaceGroup === null) return 1;
  const points = centringVectors(spaceGroup).length;
  const conventional = settingsOfNumber(spaceGroup)
    .filter(({ name }) => name !== 'R')
    .some((setting) => suits(setting, cell));
  return conventional ? 1 : points;
}

/** Points that no symmetry relates, and elements that tell them apart. */
const GENERIC: readonly Atom[] = [
  { element: 1, position: [0.1127, 0.2819, 0.0643] },
  { element: 2, position: [0.3761, 0.1483, 0.4297] },
  { element: 3, position: [0.2219, 0.4271, 0.3313] },
];

/** The space group that operations make up in a cell; null where it cannot be found. */
function groupOfOperations(listed: readonly Operation[], cell: Cell): number | null {
  const atoms = expandSites(GENERIC, listed, [1e-6, 1e-6, 1e-6]);
  return findSymmetry({ cell, atoms }, 1e-3)?.spaceGroup ?? null;
}

/**
 * Refuses a crystal whose atoms have less symmetry than its file states (some of them are not
 * there), or another one than the listed operations. Counts operations a volume, so that a
 * primitive cell may go with the symbol of its centred group.
 */
export function checkSymmetry(
  found: StandardStructure,
  stated: StatedSymmetry,
  cell: Cell,
  file: string,
): void {
  const { spaceGroup, listed } = stated;
  if (spaceGroup === null) return;
  const inFileCell = operations(spaceGroup).length / cellShare(spaceGroup, cell);
  const have = (operations(found.spaceGroup).length * cellVolume(cell)) / cellVolume(found.cell);
  if (have < 0.99 * inFileCell) {
    const lost =
      found.spaceGroup === spaceGroup
        ? `in ${Math.round(inFileCell / have)} times this volume`
        : symbolOf(found.spaceGroup);
    throw inputError(
      `${file}: it states ${symbolOf(spaceGroup)} but its atoms have ${lost}`,
      listed
        ? 'list all symmetry operations, with the centring'
        : 'check the cell, the coordinates and the symbol',
    );
  }
  if (!listed || found.spaceGroup === spaceGroup) return;
  const group = groupOfOperations(stated.operations, cell);
  if (group === null || group === spaceGroup || stated.operations.length === 1) return;
  throw inputError(
    `${file}: it states ${symbolOf(spaceGroup)} but lists the operations of ${symbolOf(group)}`,
    'keep the right ones',
  );
}
