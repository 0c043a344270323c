import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { inputError } from '../common/errors.ts';
import { dataFile } from '../common/paths.ts';
import type { Atom, Cell, Crystal } from './crystal.ts';
import { atomicNumber, elementSymbol } from './elements.ts';
import { cellFormula, materialKey } from './formula.ts';
import { expandSites } from './orbit.ts';
import { type LatticeSystem, latticeSystem, operations } from './spacegroup.ts';

/** Where the built-in minerals come from. */
export const MINERALS_CITATION =
  'Downs, R. T. & Hall-Wallace, M. (2003). The American Mineralogist crystal structure database. ' +
  'American Mineralogist 88, 247-250.';

/** One entry of the table: the asymmetric unit in the standard setting. */
export interface MineralEntry {
  /** `_database_code_amcsd` as a number. */
  code: number;
  spaceGroup: number;
  cell: Cell;
  sites: readonly Atom[];
}

/** Positions in cell lengths and angles that the lattice system leaves free. */
const FREE: Record<LatticeSystem, readonly number[]> = {
  triclinic: [0, 1, 2, 3, 4, 5],
  monoclinic: [0, 1, 2, 4],
  orthorhombic: [0, 1, 2],
  tetragonal: [0, 2],
  hexagonal: [0, 2],
  rhombohedral: [0, 2],
  cubic: [0],
};

const decimals = (value: number, places: number): string =>
  String(Number(value.toFixed(places))).replace(/^(-?)0\./, '$1.');

/** One line of the table: code, group, free cell parameters, then symbol x y z for each site. */
export function mineralLine({ code, spaceGroup, cell, sites }: MineralEntry): string {
  const free = FREE[latticeSystem(spaceGroup)].map((i) => decimals(cell[i]!, 4));
  const atoms = sites.map(({ element, position }) =>
    [elementSymbol(element), ...position.map((x) => decimals(x, 5))].join(' '),
  );
  return [code, spaceGroup, ...free, ...atoms].join(' ');
}

function fullCell(spaceGroup: number, free: readonly number[]): Cell {
  const system = latticeSystem(spaceGroup);
  const [a, second, third] = free as [number, number, number];
  switch (system) {
    case 'cubic':
      return [a, a, a, 90, 90, 90];
    case 'tetragonal':
      return [a, a, second, 90, 90, 90];
    case 'hexagonal':
    case 'rhombohedral':
      return [a, a, second, 90, 90, 120];
    case 'orthorhombic':
      return [a, second, third, 90, 90, 90];
    case 'monoclinic':
      return [a, second, third, 90, free[3]!, 90];
    case 'triclinic':
      return free as unknown as Cell;
  }
}

/** Reads one line of the table. */
export function parseMineralLine(line: string): MineralEntry {
  const words = line.split(' ');
  const spaceGroup = Number(words[1]);
  const start = 2 + FREE[latticeSystem(spaceGroup)].length;
  const sites: Atom[] = [];
  for (let at = start; at < words.length; at += 4) {
    const element = atomicNumber(words[at]!);
    if (element === null) throw inputError(`the minerals table names no element at "${words[at]}"`);
    const position = [Number(words[at + 1]), Number(words[at + 2]), Number(words[at + 3])] as const;
    sites.push({ element, position });
  }
  const cell = fullCell(spaceGroup, words.slice(2, start).map(Number));
  return { code: Number(words[0]), spaceGroup, cell, sites };
}

// Coordinates are kept to five places; sums of a few stay within this.
const ROUNDING = [3e-4, 3e-4, 3e-4] as const;

/** The crystal of an entry: every atom of the conventional cell, on exact special positions. */
function mineralCrystal({ code, spaceGroup, cell, sites }: MineralEntry): Crystal {
  const atoms = expandSites(sites, operations(spaceGroup), ROUNDING);
  return {
    id: `amcsd:${String(code).padStart(7, '0')}`,
    material: materialKey(atoms, spaceGroup),
    formula: cellFormula(atoms),
    spaceGroup,
    cell,
    atoms,
  };
}

/**
 * The built-in minerals, by database code. `groups` keeps only these space groups.
 *
 * @example
 * const garnets = loadMinerals(new Set([230]));
 * @category Crystals and simulation
 */
export function loadMinerals(groups?: ReadonlySet<number>): Crystal[] {
  const text = gunzipSync(readFileSync(dataFile('minerals.txt.gz'))).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .filter((line) => !groups || groups.has(Number(line.split(' ', 2)[1])))
    .map((line) => mineralCrystal(parseMineralLine(line)));
}
