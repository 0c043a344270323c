import { Stream } from '../../src/common/stream.ts';
import { conformCell } from '../../src/crystal/cell.ts';
import { atomicRadius, atomicVolume, isAnion } from '../../src/crystal/composition.ts';
import type { Cell, Vec3 } from '../../src/crystal/crystal.ts';
import { electronegativity } from '../../src/crystal/elements.ts';
import type { Operation } from '../../src/crystal/operation.ts';
import {
  centring,
  centringVectors,
  crystalSystem,
  latticeSystem,
} from '../../src/crystal/spacegroup.ts';
import { standardZones } from '../../src/crystal/zone.ts';
import { type Tensor2D, type Tensor3D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { scatteringFactors } from '../../src/simulate/scattering.ts';
import type { PairDistances } from './clashes.ts';
import { NEIGHBOURS, surroundingsOf } from './neighbours.ts';
import { likeElements } from './priors.ts';
import type { SkeletonCrystal } from './skeletons.ts';

/** Largest skeleton that the networks see: sites, elements and atoms of the primitive cell. */
export const MOST = { sites: 12, slots: 6, atoms: 96 } as const;

/** Whether the networks can take a crystal. */
export const fits = (
  { skeleton }: SkeletonCrystal,
  elements: ReadonlySet<number>,
  own: readonly number[],
): boolean =>
  skeleton.sites.length <= MOST.sites &&
  skeleton.slots <= MOST.slots &&
  skeleton.sites.reduce((sum, site) => sum + site.multiplicity, 0) <=
    MOST.atoms * centringVectors(skeleton.spaceGroup).length &&
  own.every((element) => elements.has(element));

/** Numbers that say what a site is, beside its coordinates. */
export const SITE_FACTS = 6;
/** Numbers that tell elements apart beside their properties. */
const MARKS = 12;
/** Numbers of the table of element properties. */
export const PROPERTIES = 7 + MARKS;
/** Reflections of each zone axis that the discriminator sees. */
export const REFLECTIONS = 14;
/** Widths (square angstrom) of the Gaussians that scattering factors are written in. */
export const FACTOR_WIDTHS = [0.3, 1, 3, 9, 27, 80] as const;

/** What the networks know of the elements that they choose from. */
export interface ElementTables {
  /** Atomic numbers, ascending: the elements of training crystals. */
  elements: readonly number[];
  /** (E, PROPERTIES) electronegativity, volume, role, row and block of the periodic table. */
  properties: Float32Array;
  /** (E) cubic angstrom. */
  volumes: Float32Array;
  /** (E, 6) weights of Gaussians in the electron scattering factor. */
  factors: Float32Array;
  /** (E, E) usual and least distances of pairs, angstrom. */
  usual: Float32Array;
  least: Float32Array;
  /** (E, E) logarithm of how like an element is to another: what a slot starts from. */
  likeness: Float32Array;
}

const PERIODS = [2, 10, 18, 36, 54, 86, 118];

function properties(element: number): number[] {
  const row = PERIODS.findIndex((last) => element <= last);
  const first = row === 0 ? 0 : PERIODS[row - 1]!;
  const length = PERIODS[row]! - first;
  const column = (element - first - 0.5) / length;
  return [
    (electronegativity(element) - 2.2) / 0.8,
    (Math.log(atomicVolume(element)) - 2.6) / 0.5,
    isAnion(element) ? 1 : -1,
    row - 3,
    Math.cos(2 * Math.PI * column),
    Math.sin(2 * Math.PI * column),
    atomicRadius(element) - 1.5,
    // A random direction for each element: properties alone cannot tell how often each one occurs.
    ...new Stream(element, 'marks of elements').normals(MARKS, 0.5),
  ];
}

/** Least squares fit of a scattering factor by Gaussians of fixed widths, up to 1.6 1/angstrom. */
function gaussians(element: number): number[] {
  const squares = Array.from({ length: 40 }, (_, i) => (0.02 + 0.04 * i) ** 2);
  const rows = squares.map((q) => FACTOR_WIDTHS.map((width) => Math.exp(-width * q)));
  const factor = scatteringFactors('kirkland');
  const values = squares.map((q) => factor(element, q));
  const n = FACTOR_WIDTHS.length;
  const matrix = Array.from({ length: n }, (_, i) => [
    ...Array.from({ length: n }, (_, j) =>
      rows.reduce((s, r) => s + r[i]! * r[j]!, i === j ? 1e-6 : 0),
    ),
    rows.reduce((s, r, at) => s + r[i]! * values[at]!, 0),
  ]);
  for (let i = 0; i < n; i++) {
    const pivot = matrix[i]![i]!;
    for (let k = i; k <= n; k++) matrix[i]![k]! /= pivot;
    for (let j = 0; j < n; j++) {
      const share = matrix[j]![i]!;
      if (j === i || share === 0) continue;
      for (let k = i; k <= n; k++) matrix[j]![k]! -= share * matrix[i]![k]!;
    }
  }
  return matrix.map((row) => row[n]!);
}

/** Elements of another role start this far down in the logits. */
const OTHER_ROLE = -8;

/** The tables of some elements. */
export function elementTables(
  elements: readonly number[],
  distances: PairDistances,
): ElementTables {
  const pairs = (of: (a: number, b: number) => number): Float32Array =>
    Float32Array.from(elements.flatMap((a) => elements.map((b) => of(a, b))));
  const likeness = elements.flatMap((a) => {
    const like = likeElements(a, elements);
    const weight = new Map(like.elements.map((b, i) => [b, like.weights[i]!]));
    return elements.map((b) => Math.max(OTHER_ROLE, Math.log(weight.get(b) ?? 0)));
  });
  return {
    elements,
    properties: Float32Array.from(elements.flatMap(properties)),
    volumes: Float32Array.from(elements, atomicVolume),
    factors: Float32Array.from(elements.flatMap(gaussians)),
    usual: pairs((a, b) => distances.usual(a, b)),
    least: pairs((a, b) => distances.least(a, b)),
    likeness: Float32Array.from(likeness),
  };
}

/** Whether a centring lets a reflection light up. */
function isAllowed(spaceGroup: number, [h, k, l]: Vec3): boolean {
  switch (centring(spaceGroup)) {
    case 'P':
      return true;
    case 'A':
      return (k + l) % 2 === 0;
    case 'C':
      return (h + k) % 2 === 0;
    case 'I':
      return (h + k + l) % 2 === 0;
    case 'F':
      return (h + k) % 2 === 0 && (k + l) % 2 === 0;
    case 'R':
      return (((-h + k + l) % 3) + 3) % 3 === 0;
  }
}

const reflectionLists = new Map<number, Float32Array>();

/** Miller indices (3 x REFLECTIONS, 3) of the lowest reflections of the zones of a group, half of each. */
function reflectionsOf(spaceGroup: number): Float32Array {
  const known = reflectionLists.get(spaceGroup);
  if (known) return known;
  const hexagonal = ['trigonal', 'hexagonal'].includes(crystalSystem(spaceGroup));
  const long = latticeSystem(spaceGroup) === 'rhombohedral' ? 2.4 : 1.3;
  const square = ([h, k, l]: Vec3): number =>
    (hexagonal ? (4 / 3) * (h * h + h * k + k * k) : h * h + k * k) +
    (crystalSystem(spaceGroup) === 'cubic' ? l * l : (l * l) / (hexagonal ? long * long : 1));
  const range = Array.from({ length: 17 }, (_, i) => i - 8);
  const list = standardZones(spaceGroup).flatMap(([u, v, w]) => {
    const found: Vec3[] = [];
    for (const h of range)
      for (const k of range)
        for (const l of range) {
          const positive = h > 0 || (h === 0 && (k > 0 || (k === 0 && l > 0)));
          if (!positive || h * u + k * v + l * w !== 0) continue;
          if (isAllowed(spaceGroup, [h, k, l])) found.push([h, k, l]);
        }
    return found.sort((a, b) => square(a) - square(b)).slice(0, REFLECTIONS);
  });
  const out = Float32Array.from(list.flat());
  reflectionLists.set(spaceGroup, out);
  return out;
}

/** Projects changes of (log a, log b, log c, alpha, beta, gamma) onto what a lattice system leaves free. */
export function cellFreedom(spaceGroup: number): Float32Array {
  const system = latticeSystem(spaceGroup);
  const out = new Float32Array(36);
  const tie = (members: readonly number[]): void => {
    for (const i of members) for (const j of members) out[6 * i + j] = 1 / members.length;
  };
  if (system === 'cubic') tie([0, 1, 2]);
  else if (system === 'tetragonal' || system === 'hexagonal' || system === 'rhombohedral') {
    tie([0, 1]);
    tie([2]);
  } else for (const i of [0, 1, 2]) tie([i]);
  if (system === 'triclinic') for (const i of [3, 4, 5]) tie([i]);
  if (system === 'monoclinic') tie([4]);
  return out;
}

/** Images of sites: (B, n, S) site of each, (B, n, 3, 3) rotations acting on rows, (B, n, 3) translations. */
export interface Images {
  site: Tensor3D;
  rotation: Tensor4D;
  translation: Tensor3D;
}

/** Crystals of a batch as tensors: their skeletons, and the numbers that stand in them. */
export interface CrystalBatch {
  count: number;
  /** (B, S, SITE_FACTS) and (B, S, 1): what sites are, and which there are. */
  facts: Tensor3D;
  mask: Tensor3D;
  /** (B, S, 1) atoms of each site. */
  multiplicity: Tensor3D;
  /** (B, S, K) slot of each site; (B, K, 1) which slots there are. */
  slots: Tensor3D;
  slotMask: Tensor3D;
  /** (B, S, 3, 3) projectors as they act on rows of coordinates. */
  freedom: Tensor4D;
  /**
   * Atoms of the primitive cell: (B, A, S) site of each, (B, A, 3, 3) rotations acting on rows,
   * (B, A, 3) translations; (B, 1, 1) lattice points of the conventional cell.
   */
  atoms: Images;
  centres: Tensor3D;
  /** The same for the neighbours of each site, (B, S N, ...); (B, S, N) which there are. */
  neighbours: Images;
  neighbourMask: Tensor3D;
  /** (B, H, 3) reflections; (B, 6, 6) what the lattice system leaves free. */
  reflections: Tensor3D;
  cellFreedom: Tensor3D;
  /** (B, S, 3), (B, K, E) one-hot, (B, 6): log lengths and angles in radians. */
  positions: Tensor3D;
  species: Tensor3D;
  cells: Tensor2D;
}

const RADIAN = Math.PI / 180;

/** Images of sites on their way into tensors. */
class ImageArrays {
  private readonly count: number;
  private readonly each: number;
  private readonly site: Float32Array;
  private readonly rotation: Float32Array;
  private readonly translation: Float32Array;

  constructor(count: number, each: number) {
    this.count = count;
    this.each = each;
    this.site = new Float32Array(count * each * MOST.sites);
    this.rotation = new Float32Array(count * each * 9);
    this.translation = new Float32Array(count * each * 3);
  }

  put(row: number, place: number, site: number, { rotation, translation }: Operation): void {
    const at = row * this.each + place;
    this.site[at * MOST.sites + site] = 1;
    // Rows of coordinates are multiplied from the right, so matrices are transposed.
    for (let i = 0; i < 9; i++) {
      this.rotation[at * 9 + i] = rotation[3 * (i % 3) + Math.floor(i / 3)]!;
    }
    this.translation.set(translation, at * 3);
  }

  tensors(): Images {
    const { count, each } = this;
    return {
      site: tf.tensor3d(this.site, [count, each, MOST.sites]),
      rotation: tf.tensor4d(this.rotation, [count, each, 3, 3]),
      translation: tf.tensor3d(this.translation, [count, each, 3]),
    };
  }
}

/** Writes crystals into tensors, padded; dispose them with `disposeBatch`. */
export function encodeCrystals(
  crystals: readonly SkeletonCrystal[],
  elements: readonly number[],
): CrystalBatch {
  const count = crystals.length;
  const { sites: S, slots: K, atoms: A } = MOST;
  const E = elements.length;
  const array = (each: number): Float32Array => new Float32Array(count * each);
  const facts = array(S * SITE_FACTS);
  const [mask, multiplicity] = [array(S), array(S)];
  const [slots, slotMask] = [array(S * K), array(K)];
  const freedom = array(S * 9);
  const atoms = new ImageArrays(count, A);
  const neighbours = new ImageArrays(count, S * NEIGHBOURS);
  const [neighbourMask, centres] = [array(S * NEIGHBOURS), array(1)];
  const [positions, species, cells] = [array(S * 3), array(K * E), array(6)];
  const reflections = array(9 * REFLECTIONS);
  const cellFree = array(36);
  const at = new Map(elements.map((element, i) => [element, i]));
  crystals.forEach((crystal, row) => {
    const { skeleton, positions: points, elements: own, cell } = crystal;
    const { spaceGroup, sites } = skeleton;
    const { neighbours: around, primitive } = surroundingsOf(crystal);
    centres[row] = centringVectors(spaceGroup).length;
    let atom = 0;
    sites.forEach((site, s) => {
      const place = row * S + s;
      mask[place] = 1;
      multiplicity[place] = site.multiplicity;
      facts.set(
        [
          site.freedom - 1.5,
          site.freedom === 0 ? 1 : 0,
          Math.log2(site.multiplicity) - 2,
          Math.log2(site.order) - 1.5,
          (sites.length - 4) / 4,
          skeleton.slots - 3,
        ],
        place * SITE_FACTS,
      );
      slots[place * K + site.slot] = 1;
      // Rows of coordinates are multiplied from the right, so matrices are transposed.
      for (let i = 0; i < 9; i++) {
        freedom[place * 9 + i] = site.projector[3 * (i % 3) + Math.floor(i / 3)]!;
      }
      positions.set(points[s]!, place * 3);
      for (const image of primitive[s]!) atoms.put(row, atom++, s, image);
      around[s]!.forEach((neighbour, n) => {
        neighbours.put(row, s * NEIGHBOURS + n, neighbour.site, neighbour.operation);
        neighbourMask[(row * S + s) * NEIGHBOURS + n] = 1;
      });
    });
    own.forEach((element, k) => {
      slotMask[row * K + k] = 1;
      species[(row * K + k) * E + at.get(element)!] = 1;
    });
    cells.set(
      cell.map((value, i) => (i < 3 ? Math.log(value) : value * RADIAN)),
      row * 6,
    );
    reflections.set(reflectionsOf(spaceGroup), row * 9 * REFLECTIONS);
    cellFree.set(cellFreedom(spaceGroup), row * 36);
  });
  const cube = (values: Float32Array, b: number, c: number): Tensor3D =>
    tf.tensor3d(values, [count, b, c]);
  return {
    count,
    facts: cube(facts, S, SITE_FACTS),
    mask: cube(mask, S, 1),
    multiplicity: cube(multiplicity, S, 1),
    slots: cube(slots, S, K),
    slotMask: cube(slotMask, K, 1),
    freedom: tf.tensor4d(freedom, [count, S, 3, 3]),
    atoms: atoms.tensors(),
    centres: cube(centres, 1, 1),
    neighbours: neighbours.tensors(),
    neighbourMask: cube(neighbourMask, S, NEIGHBOURS),
    reflections: cube(reflections, 3 * REFLECTIONS, 3),
    cellFreedom: cube(cellFree, 6, 6),
    positions: cube(positions, S, 3),
    species: cube(species, K, E),
    cells: tf.tensor2d(cells, [count, 6]),
  };
}

export function disposeBatch({ count: _, atoms, neighbours, ...tensors }: CrystalBatch): void {
  tf.dispose([tensors, { ...atoms }, { ...neighbours }]);
}

/** The open numbers of a batch as numbers: (B, S, 3), (B, K, E), (B, 6). */
export interface OpenNumbers {
  positions: Float32Array;
  species: Float32Array;
  cells: Float32Array;
}

/** A row of open numbers put into its skeleton: the reverse of `encodeCrystals`. */
export function decodeCrystal(
  { skeleton, positions: start }: SkeletonCrystal,
  { positions, species, cells }: OpenNumbers,
  row: number,
  elements: readonly number[],
): SkeletonCrystal {
  const { sites: S, slots: K } = MOST;
  const E = elements.length;
  const points = skeleton.sites.map((site, s): Vec3 => {
    const at = (row * S + s) * 3;
    // Where nothing is free the exact numbers stay.
    if (site.freedom === 0) return start[s]!;
    return [positions[at]!, positions[at + 1]!, positions[at + 2]!];
  });
  const own = Array.from({ length: skeleton.slots }, (_, k) => {
    const at = (row * K + k) * E;
    let best = 0;
    for (let e = 1; e < E; e++) if (species[at + e]! > species[at + best]!) best = e;
    return elements[best]!;
  });
  const numbers = Array.from(cells.subarray(row * 6, row * 6 + 6), (value, i) =>
    i < 3 ? Math.exp(value) : value / RADIAN,
  );
  const cell = conformCell(numbers as unknown as Cell, latticeSystem(skeleton.spaceGroup));
  return { skeleton, positions: points, elements: own, cell };
}
