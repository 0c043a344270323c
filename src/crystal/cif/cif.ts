import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { inputError } from '../../common/errors.ts';
import { existingFile } from '../../common/files.ts';
import { bytesText } from '../../common/log.ts';
import { asFractions, cellVolume } from '../cell.ts';
import type { Atom, Cell, Crystal } from '../crystal.ts';
import { Spacing, worstClash } from '../distances.ts';
import { elementSymbol } from '../elements.ts';
import { cellFormula, materialKey } from '../formula.ts';
import type { Matrix3 } from '../matrix.ts';
import { expandSites } from '../orbit.ts';
import { operations } from '../spacegroup.ts';
import { standardise } from '../symmetry.ts';
import { chosenElements, statedComposition } from './composition.ts';
import {
  type CifSite,
  isStructure,
  MOST_ATOMS,
  statedCell,
  statedSites,
  tooManyAtoms,
} from './sites.ts';
import { cellShare, checkSymmetry, type StatedSymmetry, statedSymmetry } from './symmetry.ts';
import { type CifBlock, parseCif } from './text.ts';

/** Images of one site nearer than this (angstrom) are one atom. */
const MERGE = 0.1;
/** Atoms nearer than this (angstrom) cannot both be there. */
const NEAREST = 0.5;
/** Volume of an atom of a crystal, cubic angstrom: from compressed hydrogen to the emptiest frameworks. */
const ATOM_VOLUME = [1.5, 400] as const;
/** Bytes of a CIF file that are read; structures with all their reflections stay below. */
const MOST_BYTES = 2 ** 26;

function refuseClashes(cell: Cell, atoms: readonly Atom[], file: string): void {
  const clash = worstClash(cell, atoms, new Float64Array(atoms.length).fill(NEAREST / 2));
  if (!clash) return;
  const [a, b] = clash.pair.map((i) => elementSymbol(atoms[i]!.element));
  throw inputError(
    `${file}: two atoms (${a} and ${b}) stand ${clash.distance.toFixed(2)} angstrom apart`,
    'check coordinates, symmetry and disorder',
  );
}

/** Angstrom between oxygen and a water beside it; tungsten is nearer to its oxygen. */
const HYDROGEN_BOND = [2.4, 3.4] as const;

/** Refuses a site W that stands as far from the oxygen around it as a water does. */
function refuseWater(
  cell: Cell,
  atoms: readonly Atom[],
  { name, position }: CifSite,
  file: string,
): void {
  const spacing = new Spacing(cell, HYDROGEN_BOND[1]);
  const oxygen = atoms.filter(({ element }) => element === 8);
  const nearest = Math.min(...oxygen.map((atom) => spacing.between(atom.position, position)));
  if (nearest < HYDROGEN_BOND[0] || nearest > HYDROGEN_BOND[1]) return;
  throw inputError(
    `${file}: site ${name} may be W or O: its nearest oxygen is ${nearest.toFixed(2)} angstrom away`,
    'add _atom_site_type_symbol',
  );
}

/** Refuses a cell whose atoms are too many, or too near or too far from each other for a crystal. */
function refuseSize(cell: Cell, count: number, file: string): void {
  if (count > MOST_ATOMS) throw tooManyAtoms(file, count);
  const each = cellVolume(cell) / count;
  if (each >= ATOM_VOLUME[0] && each <= ATOM_VOLUME[1]) return;
  throw inputError(
    `${file}: ${count} atoms in a cell of ${cell.slice(0, 3).join(' x ')} angstrom, ${each.toPrecision(3)} cubic angstrom each`,
    'check the unit and the decimal point of the cell, and the symmetry',
  );
}

/** Whether directions of the file are those of the standard cell, or equivalent to them by symmetry. */
const keepsAxes = (standard: { spaceGroup: number; directions: Matrix3 }): boolean => {
  const turned = standard.directions.flat();
  return operations(standard.spaceGroup).some(({ rotation }) =>
    rotation.every((value, i) => Math.abs(value - turned[i]!) < 1e-6),
  );
};

/** The atoms of the cell that each site stands for, not yet with their elements. */
function orbitsOf(sites: readonly CifSite[], { operations }: StatedSymmetry, cell: Cell) {
  const tolerance = asFractions(MERGE, cell);
  return sites.map(({ position, uIso, elements }) => {
    const atom: Atom = { element: elements[0]!, position };
    return expandSites([uIso === undefined ? atom : { ...atom, uIso }], operations, tolerance);
  });
}

/**
 * The crystal of a CIF block in the standard setting. What a file says of its composition
 * (formula, units of the cell, density) decides what ambiguous labels mean, and a crystal that
 * contradicts it beyond hydrogen is refused. The space group is the one that the atoms have (moyo,
 * 0.01 angstrom), which may be higher than stated, as in a file written in P1, but never lower.
 * Throws an input error for partial occupancies, names that are no one element, numbers that no
 * crystal has, values given twice, clashing atoms (< 0.5 angstrom), more than 1,000 atoms, and
 * missing, impossible or contradictory cells and symmetry.
 */
export function crystalOfBlock(block: CifBlock, id: string, file = id): Crystal {
  const cell = statedCell(block, file);
  const stated = statedComposition(block, file);
  const known = stated.formula ? new Set(stated.formula.counts.keys()) : null;
  const sites = statedSites(block, known, file);
  const symmetry = statedSymmetry(block, cell, file);
  const orbits = orbitsOf(sites, symmetry, cell);
  const count = orbits.reduce((sum, orbit) => sum + orbit.length, 0);
  refuseSize(cell, count, file);
  const share = cellShare(symmetry.spaceGroup, cell);
  const multiplicities = orbits.map((orbit) => orbit.length);
  const volume = cellVolume(cell);
  const elements = chosenElements({ sites, multiplicities, volume, share, stated, file });
  const atoms = orbits.flatMap((orbit, i) => orbit.map((a) => ({ ...a, element: elements[i]! })));
  refuseClashes(cell, atoms, file);
  for (const site of sites) if (site.maybeWater) refuseWater(cell, atoms, site, file);
  const standard = standardise({ cell, atoms });
  if (!standard) throw inputError(`${file}: its symmetry could not be determined`);
  checkSymmetry(standard, symmetry, cell, file);
  refuseSize(standard.cell, standard.atoms.length, file);
  return {
    id,
    material: materialKey(standard.atoms, standard.spaceGroup),
    formula: cellFormula(standard.atoms),
    spaceGroup: standard.spaceGroup,
    cell: standard.cell,
    atoms: standard.atoms,
    ...(keepsAxes(standard) ? {} : { directions: standard.directions }),
  };
}

/** The blocks of a CIF file that describe a structure; an input error where there is none. */
export function structureBlocks(path: string): CifBlock[] {
  const { size } = statSync(existingFile(path));
  if (size > MOST_BYTES) {
    throw inputError(`${path}: ${bytesText(size)} is more than a CIF file of a crystal has`);
  }
  const structures = parseCif(readFileSync(path, 'utf8'), path).filter(isStructure);
  if (structures.length === 0)
    throw inputError(`${path}: no structure in it (no cell, no atom sites)`);
  return structures;
}

/**
 * The crystal of a CIF file (of its first structure, where it holds several).
 *
 * @example
 * const crystal = readCif('quartz.cif');
 * console.log(crystal.spaceGroup, crystal.formula);
 * @category Crystals and simulation
 */
export const readCif = (path: string): Crystal =>
  crystalOfBlock(structureBlocks(path)[0]!, `cif:${basename(path)}`, path);
