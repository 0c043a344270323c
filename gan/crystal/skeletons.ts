import type { Atom, Cell, Crystal, Vec3 } from '../../src/crystal/crystal.ts';
import { cellFormula } from '../../src/crystal/formula.ts';
import type { Operation } from '../../src/crystal/operation.ts';
import {
  applyOperation,
  nearestImage,
  onSpecialPosition,
  wrapped,
} from '../../src/crystal/orbit.ts';
import { operations, wyckoffPositions } from '../../src/crystal/spacegroup.ts';
import { parseTriplet } from '../../src/crystal/triplet.ts';

/** A Wyckoff position of a space group, with what its stabiliser leaves free. */
export interface WyckoffSite {
  letter: string;
  /** Atoms in the conventional cell. */
  multiplicity: number;
  /** International Tables symbol of the site symmetry, such as `-43m`. */
  siteSymmetry: string;
  /** Operations that keep a point of the position where it is. */
  order: number;
  /** Free coordinates, 0 to 3. */
  freedom: number;
  /** From three free numbers to a point of the representative. */
  map: Operation;
}

/** One orbit of a skeleton. */
export interface SkeletonSite {
  letter: string;
  multiplicity: number;
  siteSymmetry: string;
  order: number;
  freedom: number;
  /** Sites of one slot hold the same element. */
  slot: number;
  /**
   * Projects a displacement (fractions of the cell) onto the fixed space of the stabiliser: nine
   * numbers by rows, the mean of the rotations that keep the site where it is.
   */
  projector: readonly number[];
  /** Operations that give each atom of the orbit from the site; the identity comes first. */
  images: readonly Operation[];
}

/** The sites of a crystal and which of them share an element: everything but its numbers. */
export interface Skeleton {
  spaceGroup: number;
  sites: readonly SkeletonSite[];
  /** Number of elements. */
  slots: number;
}

/** A crystal as its skeleton and the numbers that it leaves open. */
export interface SkeletonCrystal {
  skeleton: Skeleton;
  /** Fractional coordinates of each site. */
  positions: readonly Vec3[];
  /** Atomic number of each slot. */
  elements: readonly number[];
  cell: Cell;
}

const NO_SHIFT: Vec3 = [0, 0, 0];
/** Fractions of the cell within which positions of an exact crystal are the same. */
const SAME = 2e-3;
const SAME_EACH: Vec3 = [SAME, SAME, SAME];

const near = (a: Vec3, b: Vec3, tolerance = SAME): boolean =>
  nearestImage(a, b).every((d) => Math.abs(d) <= tolerance);

/** The operations that bring a position back to itself, modulo the lattice. */
export const stabiliser = (position: Vec3, all: readonly Operation[]): Operation[] =>
  all.filter((operation) => near(applyOperation(operation, position), position));

/** Mean of the rotations of some operations, nine numbers by rows. */
export const meanRotation = (some: readonly Operation[]): number[] =>
  Array.from(
    { length: 9 },
    (_, i) => some.reduce((sum, { rotation }) => sum + rotation[i]!, 0) / some.length,
  );

/** A displacement (fractions) without the part that a projector takes away. */
export const projected = (projector: readonly number[], move: Vec3): Vec3 =>
  applyOperation({ rotation: projector, translation: NO_SHIFT }, move);

/** Operations that give each atom of an orbit, one an atom, the identity first. */
function orbitImages(position: Vec3, all: readonly Operation[]): Operation[] {
  const seen: Vec3[] = [];
  const images: Operation[] = [];
  for (const operation of all) {
    const image = applyOperation(operation, position);
    if (seen.some((known) => near(known, image))) continue;
    seen.push(image);
    images.push(operation);
  }
  return images;
}

const trace = (projector: readonly number[]): number =>
  Math.round(projector[0]! + projector[4]! + projector[8]!);

const tables = new Map<number, readonly WyckoffSite[]>();
/** Coordinates of no special position. */
const GENERIC: Vec3 = [0.1137, 0.2719, 0.3931];

/** The Wyckoff positions of a space group, the general one first. */
export function wyckoffSites(spaceGroup: number): readonly WyckoffSite[] {
  const known = tables.get(spaceGroup);
  if (known) return known;
  const all = operations(spaceGroup);
  const sites = wyckoffPositions(spaceGroup).map(
    ({ letter, multiplicity, siteSymmetry, coordinates }): WyckoffSite => {
      const map = parseTriplet(coordinates)!;
      const order = all.length / multiplicity;
      const projector = meanRotation(stabiliser(applyOperation(map, GENERIC), all));
      return { letter, multiplicity, siteSymmetry, order, freedom: trace(projector), map };
    },
  );
  tables.set(spaceGroup, sites);
  return sites;
}

/** The Wyckoff position that an orbit takes. */
function wyckoffOf(
  spaceGroup: number,
  multiplicity: number,
  orbit: readonly Vec3[],
): WyckoffSite | undefined {
  const fitting = wyckoffSites(spaceGroup).filter((site) => site.multiplicity === multiplicity);
  if (fitting.length === 1) return fitting[0];
  // A free coordinate stands in its own place of the representative, so the map keeps its points.
  return fitting.find(({ map }) => orbit.some((point) => near(applyOperation(map, point), point)));
}

/** A site at a position of a space group; the position must stand exactly where it belongs. */
export function siteAt(spaceGroup: number, position: Vec3, slot: number): SkeletonSite {
  const all = operations(spaceGroup);
  const images = orbitImages(position, all);
  const orbit = images.map((image) => applyOperation(image, position));
  const projector = meanRotation(stabiliser(position, all));
  const wyckoff = wyckoffOf(spaceGroup, images.length, orbit);
  return {
    letter: wyckoff?.letter ?? '?',
    multiplicity: images.length,
    siteSymmetry: wyckoff?.siteSymmetry ?? '?',
    order: all.length / images.length,
    freedom: trace(projector),
    slot,
    projector,
    images,
  };
}

/**
 * A crystal in the standard setting as skeleton and numbers; null where its atoms are not orbits
 * of its space group.
 */
export function skeletonOf(
  crystal: Pick<Crystal, 'spaceGroup' | 'cell' | 'atoms'>,
): SkeletonCrystal | null {
  const { spaceGroup, cell, atoms } = crystal;
  const all = operations(spaceGroup);
  const elements: number[] = [];
  const sites: SkeletonSite[] = [];
  const positions: Vec3[] = [];
  const taken = new Uint8Array(atoms.length);
  for (const [i, atom] of atoms.entries()) {
    if (taken[i]) continue;
    const position = onSpecialPosition(atom.position, all, SAME_EACH);
    if (!elements.includes(atom.element)) elements.push(atom.element);
    const site = siteAt(spaceGroup, position, elements.indexOf(atom.element));
    for (const image of site.images) {
      const there = applyOperation(image, position);
      const at = atoms.findIndex(
        (other, j) => !taken[j] && other.element === atom.element && near(other.position, there),
      );
      if (at < 0) return null;
      taken[at] = 1;
    }
    sites.push(site);
    positions.push(position);
  }
  return { skeleton: { spaceGroup, sites, slots: elements.length }, positions, elements, cell };
}

/** Every atom of the conventional cell. */
export const atomsOf = ({ skeleton, positions, elements }: SkeletonCrystal): Atom[] =>
  skeleton.sites.flatMap((site, i) =>
    site.images.map((image) => ({
      element: elements[site.slot]!,
      position: wrapped(applyOperation(image, positions[i]!)),
    })),
  );

/** The crystal of a skeleton and its numbers, under a name of its own. */
export function crystalOf(sited: SkeletonCrystal, id: string): Crystal {
  const atoms = atomsOf(sited);
  const { spaceGroup } = sited.skeleton;
  return { id, material: id, formula: cellFormula(atoms), spaceGroup, cell: sited.cell, atoms };
}

/**
 * A name for a skeleton: group, and the letters of the sites of each slot, slots in order of
 * their letters, such as `225: a | b`. Crystals of one structure type share it.
 */
export function skeletonName({ spaceGroup, sites, slots }: Skeleton): string {
  const words = Array.from({ length: slots }, (_, slot) =>
    sites
      .filter((site) => site.slot === slot)
      .map(({ letter }) => letter)
      .sort()
      .join(''),
  );
  return `${spaceGroup}: ${words.sort().join(' | ')}`;
}
