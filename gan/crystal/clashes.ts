import { atomicRadius, isAnion } from '../../src/crystal/composition.ts';
import type { Atom } from '../../src/crystal/crystal.ts';
import { CLOSENESS, Spacing } from '../../src/crystal/distances.ts';
import { applyOperation } from '../../src/crystal/orbit.ts';
import { atomsOf, type SkeletonCrystal } from './skeletons.ts';

/** Two elements, whichever comes first. */
const pairKey = (a: number, b: number): number => (a < b ? a * 128 + b : b * 128 + a);

type Roles = 'anions' | 'cations' | 'both';

const rolesOf = (a: number, b: number): Roles =>
  isAnion(a) !== isAnion(b) ? 'both' : isAnion(a) ? 'anions' : 'cations';

/** Share of the shortest distance that training crystals show, to which atoms may come nearer. */
const SLACK = 0.95;
/** Share of crystals whose distance is taken for a mistake. */
const LEAST_SHARE = 0.02;
/** Pairs of elements in fewer crystals than this go by their roles alone. */
const LEAST_SEEN = 3;
/** Of pairs of elements of equal roles, this share may come as near as the limit of the role. */
const QUANTILE = 0.1;
/** Nearest distances above this (angstrom) say nothing. */
const FARTHEST = 6;

/** Shortest distance of each pair of elements in a crystal, angstrom, up to `FARTHEST`. */
function shortestDistances(sited: SkeletonCrystal): Map<number, number> {
  const atoms = atomsOf(sited);
  const spacing = new Spacing(sited.cell, FARTHEST);
  const own = spacing.toItself;
  const shortest = new Map<number, number>();
  let first = 0;
  for (const site of sited.skeleton.sites) {
    const a = atoms[first]!;
    for (let j = 0; j < atoms.length; j++) {
      const b = atoms[j]!;
      const distance = j === first ? own : spacing.between(a.position, b.position);
      const key = pairKey(a.element, b.element);
      if (distance < FARTHEST && !(shortest.get(key)! <= distance)) shortest.set(key, distance);
    }
    first += site.multiplicity;
  }
  return shortest;
}

const quantile = (values: number[], share: number): number => {
  values.sort((a, b) => a - b);
  return values[Math.floor(share * (values.length - 1))]!;
};

/** How near two atoms come in a set of crystals, as plain data. */
export interface PairDistancesData {
  /** Key, least and median nearest distance (angstrom) of the pairs that were seen. */
  pairs: readonly (readonly [key: number, least: number, usual: number])[];
  /** The same as shares of the sum of radii for pairs that were not, by their roles. */
  roles: Readonly<Record<Roles, readonly [least: number, usual: number]>>;
}

/**
 * How near atoms of two elements come. In half of the minerals some atoms (S and O, C and O, Si and
 * O) stand nearer than 0.7 of the sum of the radii of their volumes, so limits are learned from
 * training crystals: the shortest distance of each pair of elements, and for pairs that
 * were not seen the share of the radii that pairs of the same roles keep.
 */
export class PairDistances {
  readonly data: PairDistancesData;
  private readonly known: Map<number, readonly [number, number]>;

  constructor(data: PairDistancesData) {
    this.data = data;
    this.known = new Map(data.pairs.map(([key, least, usual]) => [key, [least, usual]]));
  }

  static fit(crystals: readonly SkeletonCrystal[]): PairDistances {
    const seen = new Map<number, number[]>();
    for (const crystal of crystals) {
      for (const [key, distance] of shortestDistances(crystal)) {
        const list = seen.get(key);
        if (list) list.push(distance);
        else seen.set(key, [distance]);
      }
    }
    const ratios: Record<Roles, number[]> = { anions: [], cations: [], both: [] };
    const pairs: [number, number, number][] = [];
    for (const [key, list] of [...seen].sort(([a], [b]) => a - b)) {
      const [a, b] = [Math.floor(key / 128), key % 128];
      const usual = quantile(list, 0.5);
      const least = quantile(list, LEAST_SHARE);
      if (list.length >= LEAST_SEEN) pairs.push([key, SLACK * least, usual]);
      ratios[rolesOf(a, b)].push(least / (atomicRadius(a) + atomicRadius(b)));
    }
    const ofRole = (role: Roles): [number, number] => {
      const list = ratios[role];
      if (list.length < 10) return [CLOSENESS, 1];
      return [Math.max(0.4, quantile(list, QUANTILE)), quantile(list, 0.5)];
    };
    const roles = { anions: ofRole('anions'), cations: ofRole('cations'), both: ofRole('both') };
    return new PairDistances({ pairs, roles });
  }

  private of(a: number, b: number, which: 0 | 1): number {
    const known = this.known.get(pairKey(a, b));
    if (known) return known[which];
    return this.data.roles[rolesOf(a, b)][which] * (atomicRadius(a) + atomicRadius(b));
  }

  /** Atoms of two elements may not come nearer than this, angstrom. */
  least(a: number, b: number): number {
    return this.of(a, b, 0);
  }

  /** Median distance of nearest atoms of two elements in a crystal that holds both, angstrom. */
  usual(a: number, b: number): number {
    return this.of(a, b, 1);
  }
}

/** Whether any two atoms of a crystal stand nearer than allowed, images included. */
export function hasClash(
  { skeleton, positions, elements, cell }: SkeletonCrystal,
  distances: PairDistances,
): boolean {
  const kinds = [...new Set(elements)];
  const most = Math.max(...kinds.flatMap((a) => kinds.map((b) => distances.least(a, b))));
  const spacing = new Spacing(cell, most);
  const own = spacing.toItself;
  const atoms: Atom[][] = skeleton.sites.map((site, i) =>
    site.images.map((image) => ({
      element: elements[site.slot]!,
      position: applyOperation(image, positions[i]!),
    })),
  );
  for (const [i, orbit] of atoms.entries()) {
    const { element, position } = orbit[0]!;
    if (own < distances.least(element, element)) return true;
    for (let j = 0; j <= i; j++) {
      const least = distances.least(element, atoms[j]![0]!.element);
      for (let k = j === i ? 1 : 0; k < atoms[j]!.length; k++) {
        if (spacing.between(position, atoms[j]![k]!.position) < least) return true;
      }
    }
  }
  return false;
}
