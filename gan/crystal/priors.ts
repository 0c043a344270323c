import type { Stream } from '../../src/common/stream.ts';
import { cellVolume } from '../../src/crystal/cell.ts';
import { atomicVolume, isAnion, isSeldom } from '../../src/crystal/composition.ts';
import type { Cell, Vec3 } from '../../src/crystal/crystal.ts';
import { Spacing } from '../../src/crystal/distances.ts';
import { electronegativity } from '../../src/crystal/elements.ts';
import { applyOperation } from '../../src/crystal/orbit.ts';
import { drawCell } from '../../src/crystal/shape.ts';
import {
  centringVectors,
  type LatticeSystem,
  latticeSystem,
  operations,
  SPACE_GROUPS,
} from '../../src/crystal/spacegroup.ts';
import type { PairDistances } from './clashes.ts';
import { type SkeletonCrystal, siteAt, type WyckoffSite, wyckoffSites } from './skeletons.ts';

/** What one training crystal says of how many sites, elements and atoms crystals have. */
interface Size {
  /** Binary logarithm of the order of the point group. */
  order: number;
  sites: number;
  slots: number;
  /** Atoms of the primitive cell. */
  atoms: number;
}

/** Elements of one training crystal, the most frequent first, and atoms of each. */
interface Recipe {
  elements: readonly number[];
  counts: readonly number[];
}

/** One cell: logarithms of b/a and c/a, angles in degrees, logarithm of volume over atomic volumes. */
type Shape = readonly [number, number, number, number, number, number];

/** How often Wyckoff positions of a kind are taken, and how far free ones are repeated. */
type Habit = [taken: number, offered: number];

/** Priors of crystals, fitted on training crystals of all groups; plain data. */
export interface Priors {
  sizes: readonly Size[];
  recipes: readonly Recipe[];
  /** By freedom and order of the site symmetry. */
  habits: Readonly<Record<string, Habit>>;
  shapes: Readonly<Partial<Record<LatticeSystem, readonly Shape[]>>>;
}

const pointOrder = (spaceGroup: number): number =>
  Math.log2(operations(spaceGroup).length / centringVectors(spaceGroup).length);

/** Positions of equal freedom and order of site symmetry are taken alike often. */
const habitKey = ({ freedom, order }: Pick<WyckoffSite, 'freedom' | 'order'>): string =>
  `${freedom}/${Math.min(16, order)}`;

const atomicVolumes = ({ skeleton, elements }: SkeletonCrystal): number =>
  skeleton.sites.reduce((sum, s) => sum + s.multiplicity * atomicVolume(elements[s.slot]!), 0);

/** Volume of the cell over the sum of the volumes of its atoms. */
export const packing = (sited: SkeletonCrystal): number =>
  cellVolume(sited.cell) / atomicVolumes(sited);

function crystalShape(sited: SkeletonCrystal): Shape {
  const [a, b, c, alpha, beta, gamma] = sited.cell;
  return [Math.log(b / a), Math.log(c / a), alpha, beta, gamma, Math.log(packing(sited))];
}

function recipeOf({ skeleton, elements }: SkeletonCrystal): Recipe {
  const counts = elements.map((_, slot) =>
    skeleton.sites.reduce((sum, s) => sum + (s.slot === slot ? s.multiplicity : 0), 0),
  );
  const order = elements.map((_, slot) => slot).sort((a, b) => counts[b]! - counts[a]!);
  return { elements: order.map((s) => elements[s]!), counts: order.map((s) => counts[s]!) };
}

/** Fits priors on training crystals, of all groups together. */
export function fitPriors(crystals: readonly SkeletonCrystal[]): Priors {
  const habits: Record<string, Habit> = {};
  const shapes: Partial<Record<LatticeSystem, Shape[]>> = {};
  const habitOf = (site: Pick<WyckoffSite, 'freedom' | 'order'>): Habit => {
    habits[habitKey(site)] ??= [0, 0];
    return habits[habitKey(site)]!;
  };
  for (const group of SPACE_GROUPS) for (const site of wyckoffSites(group)) habitOf(site);
  for (const sited of crystals) {
    const { spaceGroup, sites } = sited.skeleton;
    for (const site of wyckoffSites(spaceGroup)) habitOf(site)[1]++;
    for (const site of sites) habitOf(site)[0]++;
    const system = latticeSystem(spaceGroup);
    shapes[system] ??= [];
    shapes[system].push(crystalShape(sited));
  }
  const sizes = crystals.map(({ skeleton: { spaceGroup, sites, slots } }): Size => {
    const atoms = sites.reduce((sum, { multiplicity }) => sum + multiplicity, 0);
    return {
      order: pointOrder(spaceGroup),
      sites: sites.length,
      slots,
      atoms: atoms / centringVectors(spaceGroup).length,
    };
  });
  return { sizes, recipes: crystals.map(recipeOf), habits, shapes };
}

/** Crystals whose point group has twice the operations count e times less. */
function drawSize(sizes: readonly Size[], order: number, stream: Stream): Size {
  if (sizes.length === 0) return { order, sites: 3, slots: 2, atoms: 12 };
  const weights = sizes.map((size) => Math.exp(-Math.abs(size.order - order)));
  return sizes[stream.weighted(weights)]!;
}

/** Wyckoff positions as often as training crystals take such ones, about as many as a size says. */
function drawSites(
  spaceGroup: number,
  size: Size,
  { habits, insistence, stream }: Pick<Priors, 'habits'> & { insistence: number; stream: Stream },
): WyckoffSite[] {
  const all = wyckoffSites(spaceGroup);
  const centres = centringVectors(spaceGroup).length;
  const smallest = Math.min(...all.map(({ multiplicity }) => multiplicity));
  let left = Math.max(centres * size.atoms * Math.exp(0.25 * stream.normal()), smallest);
  const most = size.sites + stream.index(2) + Math.floor(insistence);
  const chosen: WyckoffSite[] = [];
  while (chosen.length < most) {
    const open = all.filter(
      (s) => s.multiplicity <= left * 1.2 && (s.freedom > 0 || !chosen.includes(s)),
    );
    if (open.length === 0) break;
    const weights = open.map((site) => {
      const [taken, offered] = habits[habitKey(site)] ?? [0, 0];
      return ((taken + 0.5) / (offered + 2)) * (1 + site.freedom * insistence);
    });
    const site = open[stream.weighted(weights)]!;
    chosen.push(site);
    left -= site.multiplicity;
  }
  return chosen;
}

/** Elements of a training crystal for slots, the most frequent element for the largest slot. */
function drawElements(
  recipes: readonly Recipe[],
  atoms: readonly number[],
  stream: Stream,
): number[] {
  const fitting = recipes.filter(({ elements }) => elements.length === atoms.length);
  if (fitting.length === 0)
    return stream.shuffled([8, 14, 26, 16, 20, 13, 11, 9]).slice(0, atoms.length);
  const { elements } = stream.pick(fitting);
  const order = atoms
    .map((_, slot) => slot)
    .sort((a, b) => atoms[b]! * Math.exp(0.2 * stream.normal()) - atoms[a]!);
  const out: number[] = [];
  order.forEach((slot, rank) => {
    out[slot] = elements[rank]!;
  });
  return out;
}

/** A cell of a lattice system as training crystals have them, for atoms of this volume. */
function drawShape(
  { shapes }: Priors,
  system: LatticeSystem,
  { volume, loose, stream }: { volume: number; loose: number; stream: Stream },
): Cell {
  const known = shapes[system] ?? [];
  const packings = known.length > 0 ? known : Object.values(shapes).flat();
  const pack = packings.length > 0 ? stream.pick(packings)[5] : 0;
  const filled = volume * Math.exp(pack + loose + 0.05 * stream.normal());
  if (known.length < 3) return drawCell(system, filled, stream);
  const [b, c, alpha, beta, gamma] = stream.pick(known);
  const wide = (free: boolean, value: number, by: number): number =>
    free ? value + by * stream.normal() : value;
  const low = system === 'triclinic' || system === 'monoclinic' || system === 'orthorhombic';
  const shape: Cell = [
    1,
    Math.exp(wide(low, b, 0.08)),
    Math.exp(wide(system !== 'cubic', c, 0.08)),
    wide(system === 'triclinic', alpha, 2),
    wide(system === 'triclinic' || system === 'monoclinic', beta, 2),
    wide(system === 'triclinic', gamma, 2),
  ];
  const factor = Math.cbrt(filled / cellVolume(shape));
  return [factor, factor * shape[1], factor * shape[2], shape[3], shape[4], shape[5]];
}

const PLACE_TRIES = 25;

/** Positions for sites that keep the distances between atoms; null where none are found. */
function place(
  sites: readonly WyckoffSite[],
  room: {
    spaceGroup: number;
    cell: Cell;
    elements: readonly number[];
    distances: PairDistances;
    stream: Stream;
  },
): Vec3[] | null {
  const { spaceGroup, cell, elements, distances, stream } = room;
  const most = Math.max(...elements.flatMap((a) => elements.map((b) => distances.least(a, b))));
  const spacing = new Spacing(cell, most);
  const own = spacing.toItself;
  const all = operations(spaceGroup);
  const placed: { element: number; position: Vec3 }[] = [];
  const order = sites.map((_, i) => i).sort((a, b) => sites[a]!.freedom - sites[b]!.freedom);
  const out: Vec3[] = [];
  for (const at of order) {
    const [site, element] = [sites[at]!, elements[at]!];
    const least = distances.least(element, element);
    if (own < least) return null;
    const tries = site.freedom > 0 ? PLACE_TRIES : 1;
    for (let t = 0; t < tries && !out[at]; t++) {
      const free: Vec3 = [stream.uniform(), stream.uniform(), stream.uniform()];
      const first = applyOperation(site.map, free);
      const clashes = placed.some(
        (other) => spacing.between(first, other.position) < distances.least(element, other.element),
      );
      if (clashes) continue;
      const images: Vec3[] = [first];
      let fits = true;
      for (const operation of all) {
        const image = applyOperation(operation, first);
        const nearest = Math.min(...images.map((known) => spacing.between(known, image)));
        if (nearest < 1e-3) continue;
        if (nearest < least) {
          fits = false;
          break;
        }
        images.push(image);
      }
      if (!fits || images.length !== site.multiplicity) continue;
      out[at] = first;
      placed.push(...images.map((position) => ({ element, position })));
    }
    if (!out[at]) return null;
  }
  return out;
}

export interface FittedRequest {
  /** 1 to 230. */
  spaceGroup: number;
  priors: Priors;
  distances: PairDistances;
  stream: Stream;
}

/** Number of elements of each slot as the sites come: every element has one site at least. */
function drawSlots(count: number, slots: number, stream: Stream): number[] {
  const first = Array.from({ length: Math.min(count, slots) }, (_, i) => i);
  const rest = Array.from({ length: count - first.length }, () => stream.index(first.length));
  return stream.shuffled([...first, ...rest]);
}

/** Share of skeletons of one element that are drawn anew. */
const FEW_ELEMENTS = 0.8;

/** One try at a crystal whose skeleton comes from the priors; null where its atoms do not fit. */
export function tryFitted(
  { spaceGroup, priors, distances, stream }: FittedRequest,
  attempt: number,
): SkeletonCrystal | null {
  const size = drawSize(priors.sizes, pointOrder(spaceGroup), stream);
  const insistence = attempt / 8;
  const sites = drawSites(spaceGroup, size, { habits: priors.habits, insistence, stream });
  if (sites.length === 0) return null;
  const slotOf = drawSlots(sites.length, size.slots, stream);
  const slots = Math.max(...slotOf) + 1;
  // Few sites make elements of one kind more often than there are such crystals.
  if (slots === 1 && stream.uniform() < FEW_ELEMENTS) return null;
  const atoms = Array.from({ length: slots }, (_, slot) =>
    sites.reduce((sum, s, i) => sum + (slotOf[i] === slot ? s.multiplicity : 0), 0),
  );
  const elements = drawElements(priors.recipes, atoms, stream);
  const volume = atoms.reduce((sum, n, slot) => sum + n * atomicVolume(elements[slot]!), 0);
  const loose = Math.min(0.15, attempt / 300);
  const cell = drawShape(priors, latticeSystem(spaceGroup), { volume, loose, stream });
  const positions = place(sites, {
    spaceGroup,
    cell,
    elements: slotOf.map((slot) => elements[slot]!),
    distances,
    stream,
  });
  if (!positions) return null;
  const skeleton = {
    spaceGroup,
    sites: positions.map((position, i) => siteAt(spaceGroup, position, slotOf[i]!)),
    slots,
  };
  return { skeleton, positions, elements, cell };
}

/**
 * Elements of one role and like size and electronegativity, each with its weight. One that crystals hardly
 * hold stands in for none but such: Cr₂Ar₂O₃ has its group and is still no crystal.
 */
export function likeElements(
  element: number,
  among: readonly number[],
): { elements: number[]; weights: number[] } {
  const elements = among.filter(
    (other) => isAnion(other) === isAnion(element) && (!isSeldom(other) || isSeldom(element)),
  );
  const weights = elements.map((other) => {
    const volume = Math.log(atomicVolume(other) / atomicVolume(element)) / 0.35;
    const pull = (electronegativity(other) - electronegativity(element)) / 0.35;
    return Math.exp(-0.5 * (volume * volume + pull * pull));
  });
  return { elements, weights };
}
