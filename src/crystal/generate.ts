import type { Stream } from '../common/stream.ts';
import { atomicRadius, atomicVolume, type Composition, drawComposition } from './composition.ts';
import type { Atom, Crystal, Vec3 } from './crystal.ts';
import { CLOSENESS, Spacing } from './distances.ts';
import { exactlyOf } from './exact-group.ts';
import { cellFormula } from './formula.ts';
import type { Operation } from './operation.ts';
import { applyOperation, orbitOf } from './orbit.ts';
import { drawCell } from './shape.ts';
import { centringVectors, latticeSystem, operations, wyckoffPositions } from './spacegroup.ts';
import { parseTriplet } from './triplet.ts';

export interface GenerateOptions {
  /** 1 to 230. */
  spaceGroup: number;
  stream: Stream;
  /** Name of the crystal and of its material; the stream's name by default. */
  id?: string;
}

/** A Wyckoff position as a map from free parameters to coordinates. */
interface Place {
  multiplicity: number;
  map: Operation;
  /** Free parameters, 0 to 3; a position without any can be taken once. */
  freedom: number;
}

interface Orbit {
  place: Place;
  element: number;
}

const ATTEMPTS = 400;
const PLACE_TRIES = 30;
/** Atoms of the primitive cell that a crystal aims at: as the built-in minerals, 5 % to 95 %. */
const ATOMS = [2, 48] as const;
const MERGE: Vec3 = [1e-6, 1e-6, 1e-6];

const places = new Map<number, Place[]>();

function placesOf(spaceGroup: number): Place[] {
  if (!places.has(spaceGroup)) {
    places.set(
      spaceGroup,
      wyckoffPositions(spaceGroup).map(({ multiplicity, coordinates }) => {
        const map = parseTriplet(coordinates)!;
        const column = (i: number): boolean => [0, 3, 6].some((row) => map.rotation[row + i] !== 0);
        return { multiplicity, map, freedom: [0, 1, 2].filter(column).length };
      }),
    );
  }
  return places.get(spaceGroup)!;
}

/**
 * Wyckoff positions until about `budget` atoms of the conventional cell are spent. With growing
 * `insistence` positions with free parameters are preferred: they break unwanted symmetry.
 */
function drawPlaces(
  all: readonly Place[],
  budget: number,
  insistence: number,
  stream: Stream,
): Place[] {
  const chosen: Place[] = [];
  let left = budget;
  for (;;) {
    const open = all.filter(
      (p) => p.multiplicity <= left && (p.freedom > 0 || !chosen.includes(p)),
    );
    if (open.length === 0) break;
    const place = open[stream.weighted(open.map((p) => 1 + p.freedom * insistence))]!;
    chosen.push(place);
    left -= place.multiplicity;
  }
  return chosen;
}

/** Elements for the positions: every element once where it can be, anions in the drawn share. */
function assign(drawn: readonly Place[], composition: Composition, stream: Stream): Orbit[] {
  const { cations, anions } = composition;
  const share = anions.length === 0 ? 0 : stream.between(0.45, 0.75);
  const waiting = { anion: [...anions], cation: [...cations] };
  let [anionAtoms, total] = [0, 0];
  return drawn.map((place) => {
    const role = anionAtoms < share * (total + place.multiplicity) ? 'anion' : 'cation';
    const element = waiting[role].shift() ?? stream.pick(role === 'anion' ? anions : cations);
    if (role === 'anion') anionAtoms += place.multiplicity;
    total += place.multiplicity;
    return { place, element };
  });
}

/** Coordinates for one orbit that keep the distances to itself and to the atoms before it. */
function placeOrbit(
  orbit: Orbit,
  before: readonly Atom[],
  room: { spacing: Spacing; symmetry: readonly Operation[]; stream: Stream },
): Atom[] | null {
  const { element, place } = orbit;
  const { stream, spacing } = room;
  const apart = (other: number): number =>
    CLOSENESS * (atomicRadius(element) + atomicRadius(other));
  for (let t = 0; t < (place.freedom > 0 ? PLACE_TRIES : 1); t++) {
    const free: Vec3 = [stream.uniform(), stream.uniform(), stream.uniform()];
    const first = applyOperation(place.map, free);
    if (before.some((atom) => spacing.between(first, atom.position) < apart(atom.element)))
      continue;
    const images = orbitOf(first, room.symmetry, MERGE);
    if (images.length !== place.multiplicity) continue;
    const own = apart(element);
    if (images.some((image, i) => i > 0 && spacing.between(images[0]!, image) < own)) continue;
    return images.map((position) => ({ element, position }));
  }
  return null;
}

/** One try at a crystal; null where the atoms do not fit. */
function attempt(spaceGroup: number, number: number, stream: Stream) {
  const points = centringVectors(spaceGroup).length;
  const all = placesOf(spaceGroup);
  const most = Math.max(ATOMS[1], (1.3 * all[0]!.multiplicity) / points);
  const aim = ATOMS[0] * (most / ATOMS[0]) ** stream.uniform();
  const smallest = Math.min(...all.map((place) => place.multiplicity));
  const drawn = drawPlaces(all, Math.max(smallest, aim * points), number / 5, stream);
  const orbits = assign(drawn, drawComposition(stream), stream);
  const full = orbits.reduce((v, o) => v + o.place.multiplicity * atomicVolume(o.element), 0);
  const loosened = Math.min(1.5, 1 + number / 100);
  const volume = full * loosened * Math.exp(0.1 * stream.normal());
  const cell = drawCell(latticeSystem(spaceGroup), volume, stream);
  const reach = 2 * CLOSENESS * Math.max(...orbits.map((o) => atomicRadius(o.element)));
  const spacing = new Spacing(cell, reach);
  if (spacing.toItself < reach) return null;
  const room = { spacing, symmetry: operations(spaceGroup), stream };
  const atoms: Atom[] = [];
  for (const orbit of orbits.sort((a, b) => a.place.freedom - b.place.freedom)) {
    const placed = placeOrbit(orbit, atoms, room);
    if (!placed) return null;
    atoms.push(...placed);
  }
  return { cell, atoms };
}

/**
 * A random crystal of a space group: Wyckoff positions filled at random, elements and volumes as
 * in the built-in minerals, no two atoms nearer than 0.7 of the sum of their radii. The symmetry
 * is verified: exactly this group, also when positions are blurred by 0.1 angstrom. The same
 * stream gives the same crystal.
 *
 * @example
 * const crystal = generateCrystal({ spaceGroup: 194, stream: new Stream(1, 'mine') });
 * @category Crystals and simulation
 */
export function generateCrystal({
  spaceGroup,
  stream,
  id = stream.name,
}: GenerateOptions): Crystal {
  for (let number = 0; number < ATTEMPTS; number++) {
    const made = attempt(spaceGroup, number, stream);
    const standard = made && exactlyOf(spaceGroup, made);
    if (!standard) continue;
    const { cell, atoms } = standard;
    return { id, material: id, formula: cellFormula(atoms), spaceGroup, cell, atoms };
  }
  throw new Error(`no crystal of space group ${spaceGroup} in ${ATTEMPTS} attempts`);
}
