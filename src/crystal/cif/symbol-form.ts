import type { Operation } from '../operation.ts';
import { pointGroup } from '../spacegroup.ts';
import { symbolAlone } from '../symbols.ts';

/**
 * Symbols that no table has: other axes than the 530 settings (`C -1`, `F 4/m m m`, `B 1 21/d 1`).
 * Beside listed operations their form still says what lattice and what point group is meant.
 */

/** Lattice points beside the origin by the letter of a lattice, in sixths; both ways of R. */
const LATTICES: Readonly<Record<string, readonly string[]>> = {
  P: [''],
  A: ['033'],
  B: ['303'],
  C: ['330'],
  I: ['333'],
  F: ['033 303 330'],
  R: ['', '244 422', '224 442'],
  H: ['240 420', '244 422'],
};

const isIdentity = ({ rotation }: Operation): boolean =>
  rotation.every((value, i) => value === (i % 4 === 0 ? 1 : 0));

/** Whether the pure translations among operations are those of a lattice of this letter. */
function hasLattice(letter: string, operations: readonly Operation[]): boolean {
  const points = operations
    .filter(isIdentity)
    .map(({ translation }) => translation.map((t) => Math.round(6 * t) % 6).join(''))
    .filter((point) => point !== '000')
    .sort()
    .join(' ');
  return LATTICES[letter.toUpperCase()]?.includes(points) ?? false;
}

/** One symmetry element of a symbol: a rotation or screw, a mirror or glide, or both. */
const ELEMENT = /^\s*(?:(-?[12346])(?:_?\(?([1-5])\)?)?(?:\s*\/\s*([a-emn]))?|([a-emn]))/i;

/** Every way to read symmetry elements one after the other: `312` is 3, 1, 2 or 3_1, 2. */
function* elements(text: string): Generator<string[]> {
  if (text.trim() === '') {
    yield [];
    return;
  }
  const found = ELEMENT.exec(text);
  if (!found) return;
  const [all, rotation, screw, glide, mirror] = found;
  const after = text.slice(all.length);
  if (mirror !== undefined) {
    for (const rest of elements(after)) yield ['m', ...rest];
    return;
  }
  const isScrew = screw !== undefined && Number(screw) < Number(rotation);
  const element = glide === undefined ? rotation! : `${rotation}/m`;
  if (screw === undefined || isScrew) for (const rest of elements(after)) yield [element, ...rest];
  if (screw === undefined || /[_(]/.test(all)) return;
  const next = text.slice(/^\s*-?\d/.exec(text)![0].length);
  for (const rest of elements(next)) yield [rotation!, ...rest];
}

/** A name of the point group of these elements, whatever axes they stand along. */
function pointGroupOf(all: readonly string[]): string {
  const here = all.map((element) => (element === '-2' ? 'm' : element)).filter((e) => e !== '1');
  if (here.length < 2) return here[0] ?? '1';
  if (/^-?3$/.test(here[1]!)) {
    const [first, , third] = here.map((element) => element.replace(/^[24]\/m$/, 'm'));
    return `cubic ${first} ${third ?? ''}`;
  }
  return here
    .map((element) => element.replace('2/m', 'm'))
    .sort()
    .join(' ');
}

const pointGroupsOf = (text: string): Set<string> =>
  new Set([...elements(text)].filter(({ length }) => length > 0 && length < 4).map(pointGroupOf));

/**
 * Whether a Hermann-Mauguin symbol of other axes than the tables have means these operations of a
 * group: by its lattice and its point group.
 */
export function suitsOperations(
  symbol: string,
  operations: readonly Operation[],
  spaceGroup: number,
): boolean {
  const [letter, ...rest] = symbolAlone(symbol);
  if (letter === undefined || !hasLattice(letter, operations)) return false;
  const meant = pointGroup(spaceGroup).match(/-?[12346](\/m)?|m/g)!;
  return pointGroupsOf(rest.join('')).has(pointGroupOf(meant));
}

/** Whether the lattice of a Hall symbol that no table has is that of these operations. */
export function hallSuitsOperations(symbol: string, operations: readonly Operation[]): boolean {
  const letter = /^\s*-?\s*([PABCIFRH])\s+-?[12346]/i.exec(symbol)?.[1];
  return letter !== undefined && hasLattice(letter, operations);
}
