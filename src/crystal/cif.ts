import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { inputError } from '../common/errors.ts';
import { existingFile } from '../common/files.ts';
import { asFractions } from './cell.ts';
import { cellFrom, MOST_ATOMS, sitesFrom, tooMany } from './cifatoms.ts';
import { cifSymmetry, type StatedSymmetry } from './cifsymmetry.ts';
import { type CifBlock, parseCif } from './ciftext.ts';
import type { Atom, Cell, Crystal } from './crystal.ts';
import { worstClash } from './distances.ts';
import { elementSymbol } from './elements.ts';
import { cellFormula, materialKey } from './formula.ts';
import { expandSites } from './orbit.ts';
import { centringVectors, hermannMauguin, operations } from './spacegroup.ts';
import { standardise } from './symmetry.ts';

/** Images of one site nearer than this (angstrom) are one atom. */
const MERGE = 0.1;
/** Atoms nearer than this (angstrom) cannot both be there. */
const NEAREST = 0.5;
function refuseClashes(cell: Cell, atoms: readonly Atom[], file: string): void {
  const clash = worstClash(cell, atoms, new Float64Array(atoms.length).fill(NEAREST / 2));
  if (!clash) return;
  const [a, b] = clash.pair.map((i) => elementSymbol(atoms[i]!.element));
  throw inputError(
    `${file}: two atoms (${a} and ${b}) stand ${clash.distance.toFixed(2)} angstrom apart`,
    'check coordinates, symmetry and disorder',
  );
}

/** Refuses a crystal with less symmetry than its file states: some of its atoms are not there. */
function refuseLost(stated: StatedSymmetry, found: number, file: string): void {
  if (stated.spaceGroup === null || stated.spaceGroup === found) return;
  const order = (group: number) => operations(group).length / centringVectors(group).length;
  if (order(found) >= order(stated.spaceGroup)) return;
  const names = [stated.spaceGroup, found].map((n) => `${hermannMauguin(n)} (${n})`);
  throw inputError(
    `${file}: it states ${names[0]} but its atoms have ${names[1]}`,
    'list all symmetry operations',
  );
}

/**
 * The crystal of a CIF block in the standard setting. The space group is the one that its atoms
 * have (moyo, 0.01 angstrom), which may be higher than stated, as in a file written in P1.
 * Throws an input error for partial occupancies, unknown elements, clashing atoms (< 0.5
 * angstrom), more than 1,000 atoms, and missing or impossible cells and symmetry.
 */
export function crystalOfBlock(block: CifBlock, id: string, file = id): Crystal {
  const cell = cellFrom(block, file);
  const sites = sitesFrom(block, file);
  const stated = cifSymmetry(block, cell, file);
  const atoms = expandSites(sites, stated.operations, asFractions(MERGE, cell));
  if (atoms.length > MOST_ATOMS) throw tooMany(file, atoms.length);
  refuseClashes(cell, atoms, file);
  const standard = standardise({ cell, atoms });
  if (!standard) throw inputError(`${file}: its symmetry could not be determined`);
  refuseLost(stated, standard.spaceGroup, file);
  return {
    id,
    material: materialKey(standard.atoms, standard.spaceGroup),
    formula: cellFormula(standard.atoms),
    spaceGroup: standard.spaceGroup,
    cell: standard.cell,
    atoms: standard.atoms,
  };
}

/** The blocks of a CIF file that describe a structure; an input error where there is none. */
export function structureBlocks(path: string): CifBlock[] {
  const blocks = parseCif(readFileSync(existingFile(path), 'utf8'), path);
  const structures = blocks.filter((b) =>
    [...b.values.keys()].some((tag) => /^_(atom_site_|cell_length)/.test(tag)),
  );
  if (structures.length === 0)
    throw inputError(`${path}: no structure in it (no cell, no atom sites)`);
  return structures;
}

/** The crystal of a CIF file (of its first structure, where it holds several). */
export const readCif = (path: string): Crystal =>
  crystalOfBlock(structureBlocks(path)[0]!, `cif:${basename(path)}`, path);
