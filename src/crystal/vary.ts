import type { Stream } from '../common/stream.ts';
import { atomicRadius, atomicVolume, isAnion } from './composition.ts';
import type { Atom, Cell, Crystal } from './crystal.ts';
import { CLOSENESS, worstClash } from './distances.ts';
import { electronegativity } from './elements.ts';
import { cellFormula } from './formula.ts';
import { moveCrystal } from './move.ts';

/** Probability that an element is replaced. */
const REPLACED = 0.7;
/** How unlike a substitute may be: standard deviations of log volume and of electronegativity. */
const LIKENESS = { volume: 0.25, electronegativity: 0.3 } as const;
/** Standard deviation of the logarithm of the lattice lengths beyond what the atoms ask for. */
const BREATH = 0.03;
/** Size of the symmetry-keeping move that follows, as `moveCrystal` counts it. */
const STEP = 0.1;
const TRIES = 8;

export interface VaryOptions {
  /** In the standard setting, as every source of crystals gives it. */
  crystal: Crystal;
  /** Elements that may come in, such as those of all training crystals. */
  among: readonly number[];
  stream: Stream;
  /** Name of the new crystal and of its material. */
  id: string;
}

/** An element of the same role and like volume and electronegativity, none of those taken. */
function likeElement(
  element: number,
  among: readonly number[],
  taken: ReadonlySet<number>,
  stream: Stream,
): number {
  const open = among.filter((other) => isAnion(other) === isAnion(element) && !taken.has(other));
  const weights = open.map((other) => {
    const volume = Math.log(atomicVolume(other) / atomicVolume(element)) / LIKENESS.volume;
    const pull =
      (electronegativity(other) - electronegativity(element)) / LIKENESS.electronegativity;
    return Math.exp(-(volume ** 2 + pull ** 2) / 2);
  });
  return weights.some((weight) => weight > 0) ? open[stream.weighted(weights)]! : element;
}

/** The atoms with some elements replaced; two elements never become one. */
function substituteElements(
  atoms: readonly Atom[],
  among: readonly number[],
  stream: Stream,
): Atom[] {
  const elements = [...new Set(atoms.map(({ element }) => element))];
  const other = new Map(elements.map((element) => [element, element]));
  for (const element of elements) {
    if (stream.uniform() >= REPLACED) continue;
    other.set(element, likeElement(element, among, new Set(other.values()), stream));
  }
  return atoms.map((atom) => ({ ...atom, element: other.get(atom.element)! }));
}

/** Closeness that relatives may have: that of made crystals, or a little more than their parent's. */
function closenessOf({ cell, atoms }: Crystal): number {
  const radii = atoms.map(({ element }) => atomicRadius(element));
  const worst = worstClash(cell, atoms, radii);
  if (!worst) return CLOSENESS;
  const [i, j] = worst.pair;
  return Math.min(CLOSENESS, (0.93 * worst.distance) / (radii[i]! + radii[j]!));
}

const volumeOf = (atoms: readonly Atom[]): number =>
  atoms.reduce((sum, { element }) => sum + atomicVolume(element), 0);

/**
 * A relative of a known crystal: its structure with each element replaced (probability 0.7) by one
 * of the same role and like volume and electronegativity, the cell scaled with the volumes of its
 * atoms and exp(0.03 n), then a symmetry-keeping move of cell and free coordinates. The space group
 * is verified exactly and with a margin of 0.1 angstrom, and no two atoms come nearer than in made
 * crystals or, where that is nearer, in the parent (C-O, O-H); null where no draw of eight gives such a crystal. The same stream gives the same crystal.
 */
export function varyCrystal({ crystal, among, stream, id }: VaryOptions): Crystal | null {
  const closeness = closenessOf(crystal);
  for (let number = 0; number < TRIES; number++) {
    const draws = stream.split(`try ${number}`);
    const atoms = substituteElements(crystal.atoms, among, draws.split('elements'));
    const breath = Math.exp(BREATH * draws.split('breath').normal());
    const factor = breath * Math.cbrt(volumeOf(atoms) / volumeOf(crystal.atoms));
    const [a, b, c, ...angles] = crystal.cell;
    const cell: Cell = [a * factor, b * factor, c * factor, ...angles];
    const replaced = { ...crystal, cell, atoms };
    const move = draws.split('move');
    const moved = moveCrystal({ crystal: replaced, step: STEP, stream: move, closeness });
    if (moved) return { ...moved, id, material: id, formula: cellFormula(moved.atoms) };
  }
  return null;
}
