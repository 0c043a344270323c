import type { Vec3 } from './crystal.ts';
import { symmetryLibrary, tabulatedOperations } from './moyo.ts';

export type CrystalSystem =
  | 'triclinic'
  | 'monoclinic'
  | 'orthorhombic'
  | 'tetragonal'
  | 'trigonal'
  | 'hexagonal'
  | 'cubic';

/** Trigonal groups have a hexagonal or a rhombohedral lattice. */
export type LatticeSystem = Exclude<CrystalSystem, 'trigonal'> | 'rhombohedral';

export type Centring = 'P' | 'A' | 'C' | 'I' | 'F' | 'R';

/** One set of Wyckoff positions of a group in its standard setting. */
export interface WyckoffPosition {
  letter: string;
  /** Atoms in the conventional cell. */
  multiplicity: number;
  siteSymmetry: string;
  /** Coordinates of a representative, such as `x,2x,1/4`. */
  coordinates: string;
}

/** All space-group numbers, 1 to 230. */
export const SPACE_GROUPS: readonly number[] = Array.from({ length: 230 }, (_, i) => i + 1);

/** Whether a value is a space-group number. */
export const isSpaceGroup = (value: number): boolean =>
  Number.isInteger(value) && value >= 1 && value <= 230;

/** Computes once for each space group; refuses numbers outside 1 to 230. */
function perGroup<T>(compute: (spaceGroup: number) => T): (spaceGroup: number) => T {
  const known = new Map<number, T>();
  return (spaceGroup) => {
    if (!isSpaceGroup(spaceGroup)) {
      throw new RangeError(`space group ${spaceGroup} is not a number from 1 to 230`);
    }
    if (!known.has(spaceGroup)) known.set(spaceGroup, compute(spaceGroup));
    return known.get(spaceGroup) as T;
  };
}

const facts = perGroup((spaceGroup) => symmetryLibrary().space_group_type(spaceGroup));

/** The crystal system by the point group. */
export const crystalSystem = (spaceGroup: number): CrystalSystem =>
  facts(spaceGroup).crystal_system.toLowerCase() as CrystalSystem;

/** The lattice system by the Bravais lattice. */
export const latticeSystem = (spaceGroup: number): LatticeSystem =>
  facts(spaceGroup).lattice_system.toLowerCase() as LatticeSystem;

/** Hermann-Mauguin symbol of the point group, such as `-43m`. */
export const pointGroup = (spaceGroup: number): string => facts(spaceGroup).geometric_crystal_class;

/** Short Hermann-Mauguin symbol without spaces, such as `P2_1/c` or `Fd-3m`. */
export const hermannMauguin = (spaceGroup: number): string =>
  facts(spaceGroup).hm_short.replaceAll(' ', '');

/** Centring of the standard conventional cell (obverse hexagonal axes for R). */
export const centring = (spaceGroup: number): Centring => facts(spaceGroup).hm_short[0] as Centring;

const CENTRING_VECTORS: Record<Centring, readonly Vec3[]> = {
  P: [[0, 0, 0]],
  A: [
    [0, 0, 0],
    [0, 1 / 2, 1 / 2],
  ],
  C: [
    [0, 0, 0],
    [1 / 2, 1 / 2, 0],
  ],
  I: [
    [0, 0, 0],
    [1 / 2, 1 / 2, 1 / 2],
  ],
  F: [
    [0, 0, 0],
    [0, 1 / 2, 1 / 2],
    [1 / 2, 0, 1 / 2],
    [1 / 2, 1 / 2, 0],
  ],
  R: [
    [0, 0, 0],
    [2 / 3, 1 / 3, 1 / 3],
    [1 / 3, 2 / 3, 2 / 3],
  ],
};

/** Lattice points of the conventional cell; the origin comes first. */
export const centringVectors = (spaceGroup: number): readonly Vec3[] =>
  CENTRING_VECTORS[centring(spaceGroup)];

/**
 * The symmetry operations of the standard conventional cell, centring included: unique axis b,
 * C-centred monoclinic cells, hexagonal axes, origin choice 2 (International Tables A).
 */
export const operations = perGroup((spaceGroup) =>
  tabulatedOperations(spaceGroup, { type: 'Standard' }),
);

/** The Wyckoff positions of the standard setting, general position first. */
export const wyckoffPositions = perGroup((spaceGroup): readonly WyckoffPosition[] =>
  symmetryLibrary()
    .wyckoff_positions(facts(spaceGroup).hall_number)
    .map((w) => ({
      letter: w.letter,
      multiplicity: w.multiplicity,
      siteSymmetry: w.site_symmetry,
      coordinates: w.coordinates,
    })),
);

const ENANTIOMORPHIC_PAIRS: readonly (readonly [number, number])[] = [
  [76, 78],
  [91, 95],
  [92, 96],
  [144, 145],
  [151, 153],
  [152, 154],
  [169, 170],
  [171, 172],
  [178, 179],
  [180, 181],
  [212, 213],
];

const PARTNERS = new Map(
  ENANTIOMORPHIC_PAIRS.flatMap(
    ([a, b]) =>
      [
        [a, b],
        [b, a],
      ] as const,
  ),
);

/** The group that a mirror image of the crystal has, for the 22 groups of enantiomorphic pairs. */
export const enantiomorph = (spaceGroup: number): number | null => PARTNERS.get(spaceGroup) ?? null;
