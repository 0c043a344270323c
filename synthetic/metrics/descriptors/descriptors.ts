import { polarGrid, samplePolar } from '../../../src/dataset/intensity/polar.ts';
import { intensityOf } from '../../../src/dataset/intensity/transform.ts';
import type { Features } from '../features.ts';
import { discLattices } from './lattice.ts';
import { FOLDS, symmetryResiduals } from './symmetry.ts';

/** What a descriptor speaks of. */
export type DescriptorGroup = 'profile' | 'symmetry' | 'lattice' | 'central disc';

export interface Descriptor {
  name: string;
  group: DescriptorGroup;
}

/** Stored pixels of some triplets. */
export interface Triplets {
  /** (count, size, size, 3). */
  readonly pixels: Uint8Array;
  readonly count: number;
  readonly size: number;
  /** Column and row of the direct beam; the middle by default. */
  readonly centre?: number;
}

/** Rings of the radial profile. */
const RINGS = 16;

/** Radius of the central disc as a share of the side: the largest disc of the simulated data. */
const CENTRAL = 1 / 16;

const OF_PATTERN: readonly Descriptor[] = [
  ...Array.from({ length: RINGS }, (_, ring) => ({
    name: `mean level in ring ${ring + 1} of ${RINGS}`,
    group: 'profile' as const,
  })),
  ...FOLDS.map((fold) => ({ name: `${fold}-fold residual`, group: 'symmetry' as const })),
  { name: 'mirror residual', group: 'symmetry' },
  { name: 'cross-mirror residual', group: 'symmetry' },
  { name: 'shortest disc distance', group: 'lattice' },
  { name: 'second disc distance', group: 'lattice' },
  { name: 'angle of the net', group: 'lattice' },
  { name: 'order of the net', group: 'lattice' },
  { name: 'central-disc share', group: 'central disc' },
];

/** All descriptors of a triplet, pattern by pattern. */
export const DESCRIPTORS: readonly Descriptor[] = [1, 2, 3].flatMap((pattern) =>
  OF_PATTERN.map(({ name, group }) => ({ name: `pattern ${pattern}: ${name}`, group })),
);

/** Triplets that are described at once. */
const BATCH = 64;

/** For each pixel its ring of the profile (-1 outside) and whether it is in the central disc. */
function zonesOf(size: number, centre: number): { ring: Int8Array; central: Uint8Array } {
  const ring = new Int8Array(size * size).fill(-1);
  const central = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const radius = Math.hypot(x - centre, y - centre);
      const at = Math.floor((2 * RINGS * radius) / size);
      if (at < RINGS) ring[y * size + x] = at;
      if (radius <= CENTRAL * size) central[y * size + x] = 1;
    }
  }
  return { ring, central };
}

const INTENSITIES = Float64Array.from({ length: 256 }, (_, value) => intensityOf(value));

/** Radial profile (0 to 1) and central-disc share of one pattern. */
function levels(
  triplet: Uint8Array,
  channel: number,
  { ring, central }: ReturnType<typeof zonesOf>,
): { profile: Float64Array; share: number } {
  const sums = new Float64Array(RINGS);
  const counts = new Float64Array(RINGS);
  let [inside, all] = [0, 0];
  for (let at = 0; at < ring.length; at++) {
    const value = triplet[3 * at + channel]!;
    const intensity = INTENSITIES[value]!;
    all += intensity;
    if (central[at]) inside += intensity;
    if (ring[at]! < 0) continue;
    sums[ring[at]!]! += value / 255;
    counts[ring[at]!]!++;
  }
  return {
    profile: sums.map((sum, r) => (counts[r] ? sum / counts[r]! : 0)),
    share: all > 0 ? inside / all : 0,
  };
}

function describeBatch(batch: Triplets, centre: number, out: Float64Array): void {
  const { pixels, count, size } = batch;
  const grid = polarGrid(size, centre);
  const zones = zonesOf(size, centre);
  const polar = new Float32Array(3 * count * grid.rings * grid.angles);
  const planes = new Float32Array(3 * count * size * size);
  const triplets = Array.from({ length: count }, (_, i) =>
    pixels.subarray(i * size * size * 3, (i + 1) * size * size * 3),
  );
  for (let n = 0; n < 3 * count; n++) {
    const pattern = { triplet: triplets[Math.floor(n / 3)]!, channel: n % 3 };
    samplePolar(grid, pattern, polar, n * grid.rings * grid.angles);
    for (let p = 0; p < size * size; p++) {
      planes[n * size * size + p] = pattern.triplet[3 * p + pattern.channel]! / 255;
    }
  }
  const symmetries = symmetryResiduals(grid, polar, 3 * count);
  const lattices = discLattices(planes, 3 * count, size);
  for (let n = 0; n < 3 * count; n++) {
    const { profile, share } = levels(triplets[Math.floor(n / 3)]!, n % 3, zones);
    const { rotations, mirror, crossMirror } = symmetries[n]!;
    const { a, b, angle, order } = lattices[n]!;
    out.set(
      [...profile, ...rotations, mirror, crossMirror, a / size, b / size, angle / 90, order, share],
      n * OF_PATTERN.length,
    );
  }
}

/** Descriptors of sets met before: scoring asks for those of a set in several places. */
const described = new WeakMap<Triplets, Features>();

/**
 * Physics descriptors of triplets, (count, DESCRIPTORS.length), in the order of `DESCRIPTORS`;
 * computed once for the same set, whose pixels must not change.
 */
export function describe(triplets: Triplets): Features {
  const known = described.get(triplets);
  if (known) return known;
  const found = descriptorsOf(triplets);
  described.set(triplets, found);
  return found;
}

function descriptorsOf(triplets: Triplets): Features {
  const { pixels, count, size, centre = (size - 1) / 2 } = triplets;
  const width = DESCRIPTORS.length;
  const values = new Float64Array(count * width);
  const row = size * size * 3;
  for (let start = 0; start < count; start += BATCH) {
    const some = Math.min(BATCH, count - start);
    const part = pixels.subarray(start * row, (start + some) * row);
    describeBatch({ pixels: part, count: some, size }, centre, values.subarray(start * width));
  }
  return { count, width, values };
}
