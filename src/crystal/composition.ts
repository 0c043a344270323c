import { readFileSync } from 'node:fs';
import { dataFile } from '../common/paths.ts';
import type { Stream } from '../common/stream.ts';
import { atomicNumber, electronegativity } from './elements.ts';

/** What the built-in minerals say of an element. */
interface ElementUse {
  symbol: string;
  /** Materials that hold it. */
  materials: number;
  /** Volume that an atom takes, cubic angstrom. */
  volume: number;
}

/** The elements of a crystal by role; anions may be empty (metals and alloys). */
export interface Composition {
  cations: readonly number[];
  anions: readonly number[];
}

// Among the built-in minerals (one crystal a material): share of materials by number of elements,
// share that hold an element at least as electronegative as carbon, and of these, with two or more.
const KINDS = [0.06, 0.32, 0.4, 0.18, 0.04];
const WITH_ANION = 0.8;
const SECOND_ANION = 0.24;
const ANION_FROM = 2.55;

let known: Map<number, ElementUse> | undefined;

function uses(): Map<number, ElementUse> {
  if (!known) {
    const rows = JSON.parse(readFileSync(dataFile('elements.json'), 'utf8')) as ElementUse[];
    known = new Map(rows.map((row) => [atomicNumber(row.symbol)!, row]));
  }
  return known;
}

/** Volume of an atom in a crystal, cubic angstrom; the mean of all for an element never seen. */
export const atomicVolume = (element: number): number => uses().get(element)?.volume ?? 18;

/** Radius of the sphere of the atom's volume, angstrom. */
export const atomicRadius = (element: number): number =>
  Math.cbrt((3 * atomicVolume(element)) / (4 * Math.PI));

/** Whether an element takes electrons in compounds: at least as electronegative as carbon. */
export const isAnion = (element: number): boolean => electronegativity(element) >= ANION_FROM;

// Noble gases; Tc, Pm, Po to Ac, Pa and all beyond uranium, whose isotopes are short-lived.
const SELDOM = new Set([2, 10, 18, 36, 54, 86, 43, 61, 84, 85, 87, 88, 89, 91]);

/** Whether crystals hardly hold an element: a noble gas, or one that decays. */
export const isSeldom = (element: number): boolean => SELDOM.has(element) || element > 92;

/** Draws different elements, each as often as materials hold it. */
function drawWithout(pool: readonly number[], count: number, stream: Stream): number[] {
  const left = [...pool];
  const drawn: number[] = [];
  while (drawn.length < count && left.length > 0) {
    const at = stream.weighted(left.map((element) => uses().get(element)!.materials));
    drawn.push(...left.splice(at, 1));
  }
  return drawn;
}

/** The elements of a new crystal: one to five, weighted like the built-in minerals. */
export function drawComposition(stream: Stream): Composition {
  const elements = [...uses().keys()];
  const kinds = stream.weighted(KINDS) + 1;
  const anionCount =
    kinds === 1 || stream.uniform() >= WITH_ANION
      ? 0
      : kinds > 2 && stream.uniform() < SECOND_ANION
        ? 2
        : 1;
  const anions = drawWithout(elements.filter(isAnion), anionCount, stream);
  const others = elements.filter((element) => !isAnion(element));
  return { cations: drawWithout(others, kinds - anions.length, stream), anions };
}
