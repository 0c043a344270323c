import { groupBy, tally } from '../../src/common/group.ts';
import type { Stream } from '../../src/common/stream.ts';
import { Stream as Streams } from '../../src/common/stream.ts';
import { atomicVolume } from '../../src/crystal/composition.ts';
import type { Cell, Crystal, Vec3 } from '../../src/crystal/crystal.ts';
import { hasClash, PairDistances } from './clashes.ts';
import { fits } from './codec.ts';
import { surroundingsOf } from './neighbours.ts';
import { fitPriors, likeElements, type Priors, tryFitted } from './priors.ts';
import { projected, type SkeletonCrystal, skeletonName, skeletonOf } from './skeletons.ts';
import { type Subgroup, subgroupPaths } from './subgroups.ts';
import { breakSymmetry, distort } from './symmetry-breaking.ts';

/** Where the skeleton of a proposal comes from. */
const SKELETON_SOURCES = ['known', 'broken', 'new'] as const;
export type SourceName = (typeof SKELETON_SOURCES)[number];

/** Share of each source among proposals; they need not add up to 1. */
export type SourceShares = Readonly<Record<SourceName, number>>;

/** What a reference crystal was made from, for passports. */
export interface Ancestry {
  source: SourceName;
  /** Name and material of the training crystal; null for a new skeleton. */
  parent: string | null;
  material: string | null;
  /** Space group of the parent where symmetry was broken, and the amplitude in angstrom. */
  from: number | null;
  amplitude: number | null;
}

/** A crystal that a generator starts from. */
export interface ReferenceCrystal extends Ancestry {
  crystal: SkeletonCrystal;
}

/** A training crystal and its skeleton. */
export interface KnownCrystal {
  crystal: Crystal;
  sited: SkeletonCrystal;
}

/** Sites of known crystals are moved by this (angstrom, standard deviation) before the generator sees them. */
const MOVED = 0.08;
/** Amplitudes of distortions, angstrom. */
const AMPLITUDES = [0.35, 1.1] as const;
/** Share of broken crystals in which elements are ordered on a split orbit as well. */
const ORDERED = 0.5;
const BREAK_TRIES = 24;
const NEW_TRIES = 120;
/** New skeletons that a training sees of each class. */
const POOL = 16;

/** Sites moved at random along what their symmetry leaves free. */
export function moveSites(sited: SkeletonCrystal, by: number, stream: Stream): SkeletonCrystal {
  const [a, b, c] = sited.cell;
  return {
    ...sited,
    positions: sited.positions.map((p, i): Vec3 => {
      const site = sited.skeleton.sites[i]!;
      if (site.freedom === 0) return p;
      const move: Vec3 = [
        (by * stream.normal()) / a,
        (by * stream.normal()) / b,
        (by * stream.normal()) / c,
      ];
      const [x, y, z] = projected(site.projector, move);
      return [p[0] + x, p[1] + y, p[2] + z];
    }),
  };
}

/** Elements replaced by like ones, each with a probability; the volume follows. */
export function substituted(
  sited: SkeletonCrystal,
  { among, share, stream }: { among: readonly number[]; share: number; stream: Stream },
): SkeletonCrystal {
  const elements = sited.elements.map((element) => {
    if (stream.uniform() >= share) return element;
    const like = likeElements(element, among);
    return like.elements[stream.weighted(like.weights)] ?? element;
  });
  return withElements(sited, elements);
}

/** Other elements in the slots; the cell grows or shrinks with the volumes of the atoms. */
function withElements(sited: SkeletonCrystal, elements: readonly number[]): SkeletonCrystal {
  const volume = (own: readonly number[]): number =>
    sited.skeleton.sites.reduce((sum, s) => sum + s.multiplicity * atomicVolume(own[s.slot]!), 0);
  const factor = Math.cbrt(volume(elements) / volume(sited.elements));
  const [a, b, c, ...angles] = sited.cell;
  const cell: Cell = [a * factor, b * factor, c * factor, ...angles];
  return { ...sited, elements, cell };
}

/** How many ways to crystals of a class there are. */
export interface SourceCounts {
  crystals: number;
  skeletons: number;
  /** Further training crystals that the networks cannot take: too many sites, elements or atoms. */
  tooLarge: number;
  /** Further ones whose atoms are not orbits of their group. */
  unsited: number;
  /** Pairs of a training crystal of a supergroup and a subgroup of its operations. */
  paths: number;
  supergroups: readonly number[];
}

/**
 * Training crystals, what was fitted on them, and the references that proposals start from. Everything
 * is a function of the crystals, so that a model need only keep these.
 */
export class CrystalSources {
  readonly crystals: readonly Crystal[];
  readonly distances: PairDistances;
  readonly priors: Priors;
  /** Elements of training crystals, ascending. */
  readonly elements: readonly number[];
  /** Training crystals whose atoms are not orbits of their group, by group. */
  private readonly unsited: ReadonlyMap<number, number>;
  private readonly usable: ReadonlySet<number>;
  private readonly byGroup: ReadonlyMap<number, readonly KnownCrystal[]>;
  private readonly paths = new Map<
    number,
    { parent: KnownCrystal; subgroups: readonly Subgroup[] }[]
  >();
  private readonly pool = new Map<string, SkeletonCrystal | null>();

  /** @param crystals training crystals, of the task's groups and of others. */
  constructor(crystals: readonly Crystal[]) {
    const unsited: number[] = [];
    const sited = crystals.flatMap((crystal): KnownCrystal[] => {
      const own = skeletonOf(crystal);
      if (!own) unsited.push(crystal.spaceGroup);
      return own ? [{ crystal, sited: own }] : [];
    });
    this.unsited = tally(unsited);
    this.crystals = crystals;
    this.elements = [...new Set(sited.flatMap((one) => one.sited.elements))].sort((a, b) => a - b);
    const all = sited.map((one) => one.sited);
    this.distances = PairDistances.fit(all);
    this.priors = fitPriors(all);
    this.usable = new Set(this.elements);
    this.byGroup = groupBy(
      sited.filter((one) => this.takes(one.sited)),
      (one) => one.crystal.spaceGroup,
    );
  }

  /** Space groups of training crystals, ascending. */
  get groups(): number[] {
    return [...this.byGroup.keys()].sort((a, b) => a - b);
  }

  /** Training crystals of a group that the networks can take. */
  known(spaceGroup: number): readonly KnownCrystal[] {
    return this.byGroup.get(spaceGroup) ?? [];
  }

  /** Training crystals of supergroups, and the subgroups that lead to a group. */
  private pathsTo(spaceGroup: number) {
    const kept = this.paths.get(spaceGroup);
    if (kept) return kept;
    const found = [...this.byGroup].flatMap(([group, members]) => {
      const subgroups = group === spaceGroup ? [] : subgroupPaths(group, spaceGroup);
      return subgroups.length === 0 ? [] : members.map((parent) => ({ parent, subgroups }));
    });
    this.paths.set(spaceGroup, found);
    return found;
  }

  counts(spaceGroup: number): SourceCounts {
    const own = this.byGroup.get(spaceGroup) ?? [];
    const paths = this.pathsTo(spaceGroup);
    const all = this.crystals.filter((crystal) => crystal.spaceGroup === spaceGroup).length;
    const unsited = this.unsited.get(spaceGroup) ?? 0;
    return {
      crystals: own.length,
      tooLarge: all - unsited - own.length,
      unsited,
      skeletons: new Set(own.map(({ sited }) => skeletonName(sited.skeleton))).size,
      paths: paths.reduce((sum, { subgroups }) => sum + subgroups.length, 0),
      supergroups: [...new Set(paths.map(({ parent }) => parent.crystal.spaceGroup))].sort(
        (a, b) => a - b,
      ),
    };
  }

  private fromKnown(spaceGroup: number, stream: Stream): ReferenceCrystal | null {
    const own = this.byGroup.get(spaceGroup);
    if (!own || own.length === 0) return null;
    const { crystal, sited } = stream.pick(own);
    // Neighbours are those of the crystal as it is, before any move.
    surroundingsOf(sited);
    return {
      source: 'known',
      parent: crystal.id,
      material: crystal.material,
      from: null,
      amplitude: null,
      crystal: moveSites(sited, MOVED, stream),
    };
  }

  private fromBroken(spaceGroup: number, stream: Stream): ReferenceCrystal | null {
    const paths = this.pathsTo(spaceGroup);
    if (paths.length === 0) return null;
    for (let t = 0; t < BREAK_TRIES; t++) {
      const { parent, subgroups } = stream.pick(paths);
      const ordered = stream.uniform() < ORDERED;
      const path = breakSymmetry({
        parent: parent.sited,
        subgroup: stream.pick(subgroups),
        stream,
        substitute: ordered ? (element) => this.likeElement(element, stream) : undefined,
      });
      if (!path) continue;
      const amplitude = stream.between(...AMPLITUDES);
      const start = distort(path, amplitude);
      const crystal = withElements(
        { ...start, elements: parentElements(start, parent.sited) },
        start.elements,
      );
      if (!this.takes(crystal) || hasClash(crystal, this.distances)) continue;
      return {
        source: 'broken',
        parent: parent.crystal.id,
        material: parent.crystal.material,
        from: parent.crystal.spaceGroup,
        amplitude,
        crystal,
      };
    }
    return null;
  }

  private likeElement(element: number, stream: Stream): number {
    const like = likeElements(
      element,
      this.elements.filter((other) => other !== element),
    );
    return like.elements[stream.weighted(like.weights)] ?? element;
  }

  /** A new skeleton from the priors, with atoms where they fit; the group is not verified. */
  fitted(spaceGroup: number, stream: Stream): SkeletonCrystal | null {
    const { priors, distances } = this;
    for (let t = 0; t < NEW_TRIES; t++) {
      const made = tryFitted({ spaceGroup, priors, distances, stream }, t);
      if (made && this.takes(made)) return made;
    }
    return null;
  }

  private fromNew(spaceGroup: number, stream: Stream): ReferenceCrystal | null {
    const crystal = this.fitted(spaceGroup, stream);
    if (!crystal) return null;
    return { source: 'new', parent: null, material: null, from: null, amplitude: null, crystal };
  }

  /** A reference of a group from a source drawn by its share; another source where that has none. */
  draw(spaceGroup: number, shares: SourceShares, stream: Stream): ReferenceCrystal | null {
    const left = new Map(SKELETON_SOURCES.map((name) => [name, shares[name]]));
    while (left.size > 0) {
      const names = [...left.keys()];
      const weights = names.map((name) => left.get(name)!);
      if (weights.every((weight) => weight === 0)) return null;
      const name = names[stream.weighted(weights)]!;
      const found =
        name === 'known'
          ? this.fromKnown(spaceGroup, stream)
          : name === 'broken'
            ? this.fromBroken(spaceGroup, stream)
            : this.fromNew(spaceGroup, stream);
      if (found) return found;
      left.delete(name);
    }
    return null;
  }

  /** The same for a training, which sees few new and broken skeletons of each class again and again. */
  drawPooled(
    spaceGroup: number,
    { shares, seed, stream }: { shares: SourceShares; seed: number; stream: Stream },
  ): SkeletonCrystal | null {
    const total = SKELETON_SOURCES.reduce((sum, name) => sum + shares[name], 0);
    if (stream.uniform() * total < shares.known) {
      const known = this.fromKnown(spaceGroup, stream);
      if (known) return known.crystal;
    }
    const name = `${spaceGroup}/${stream.index(POOL)}`;
    if (!this.pool.has(name)) {
      const own = new Streams(seed, `references/${name}`);
      const others = { ...shares, known: 0 };
      this.pool.set(name, this.draw(spaceGroup, others, own)?.crystal ?? null);
    }
    return this.pool.get(name) ?? this.fromKnown(spaceGroup, stream)?.crystal ?? null;
  }

  /** Whether the networks can take a crystal. */
  takes(sited: SkeletonCrystal): boolean {
    return fits(sited, this.usable, sited.elements);
  }
}

/** Elements that a distorted crystal would have had without ordering: its slots' first ones. */
function parentElements(start: SkeletonCrystal, parent: SkeletonCrystal): readonly number[] {
  return start.elements.map((element) =>
    parent.elements.includes(element) ? element : nearestOf(element, parent.elements),
  );
}

const nearestOf = (element: number, among: readonly number[]): number => {
  const { elements, weights } = likeElements(element, among);
  if (elements.length === 0) return element;
  return elements[weights.indexOf(Math.max(...weights))]!;
};
