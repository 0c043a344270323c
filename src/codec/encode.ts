import { CbedError, inputError } from '../common/errors.ts';
import { type ProgressFactory, silentProgress } from '../common/progress.ts';
import { isCell } from '../crystal/cell.ts';
import type { Cell, Vec3 } from '../crystal/crystal.ts';
import { cross, dot, norm } from '../crystal/matrix.ts';
import { centring } from '../crystal/spacegroup.ts';
import { zoneFrame } from '../crystal/zone.ts';
import type { StoreExamples } from '../dataset/store/store.ts';
import type { Camera } from '../simulate/camera.ts';
import { wavelength } from '../simulate/electron.ts';
import type { SampleFacts } from '../simulate/sample.ts';
import { analyseTriplet } from './analysis.ts';
import type { TripletDiscs } from './discs.ts';
import type { Aperture } from './footprint.ts';
import { type TripletGeometry, tripletGeometry } from './geometry.ts';

/** A triplet of a data set in the codec's terms. */
export interface EncodedTriplet {
  /** Class index. */
  label: number;
  spaceGroup: number;
  material: string;
  cell: Cell;
  zones: readonly [Vec3, Vec3, Vec3];
  /** Directions that point up, where they are not those of the simulator's own frame. */
  inPlane: readonly [Vec3, Vec3, Vec3] | null;
  /** Interplanar spacings in angstrom that chose the zones; null for standard axes. */
  spacings: readonly [number, number, number] | null;
  discs: TripletDiscs;
}

/** The triplets of a data set that can be read as discs. */
export interface EncodedSet {
  classes: readonly number[];
  camera: Camera;
  /** How the discs of these patterns are filled, chosen by the smaller residual. */
  aperture: Aperture;
  triplets: readonly EncodedTriplet[];
  /** Position of each triplet among the examples it was read from; absent where it was made up. */
  examples?: Int32Array;
  /** Triplets left out, by reason. */
  leftOut: Readonly<Record<string, number>>;
  /** Mean share of the signal that the discs do not carry. */
  residualShare: number;
}

/** The upward directions of a sample; null where they are those of `zoneFrame`. */
function foreignDirections({ cell, spaceGroup, zones, inPlane }: SampleFacts) {
  if (!inPlane || !cell) return null;
  const own = zones.map(
    (zone) => zoneFrame({ cell, centring: centring(spaceGroup), zone }).inPlane,
  );
  const parallel = (a: Vec3, b: Vec3): boolean =>
    dot(a, b) > 0 && norm(cross(a, b)) < 1e-3 * norm(a) * norm(b);
  return own.every((up, i) => parallel(up, inPlane[i]!)) ? null : inPlane;
}

/**
 * The geometry that is known of a sample.
 *
 * @returns a reason instead where cell or zone axes are unknown or cannot be.
 */
export function sampleGeometry(
  facts: SampleFacts,
  camera: Camera,
  aperture?: Aperture,
): TripletGeometry | string {
  const { cell, spaceGroup, zones, semiAngles, energy, spacings } = facts;
  if (!cell) return 'no unit cell';
  if (!isCell(cell)) return 'a unit cell that does not close';
  if (zones.some((zone) => zone.every((index) => index === 0))) return 'no zone axes';
  const radii = semiAngles?.map((angle) => angle / wavelength(energy)) as
    | [number, number, number]
    | undefined;
  try {
    const inPlane = foreignDirections(facts);
    return tripletGeometry({ cell, spaceGroup, zones, camera, radii, spacings, inPlane, aperture });
  } catch (error) {
    if (error instanceof CbedError) return 'a lattice that the camera cannot show';
    throw error;
  }
}

/** Only what rendering needs of an analysis. */
const bare = (discs: TripletDiscs): TripletDiscs =>
  discs.map(({ geometry, coefficients, background }) => ({
    geometry,
    coefficients,
    background,
  })) as unknown as TripletDiscs;

/** Triplets read at a time, and triplets that decide on the aperture. */
const CHUNK = 64;
const TRIED = 12;

interface Encoded {
  example: number;
  facts: SampleFacts;
  discs: TripletDiscs;
  residualShare: number;
}

function encodeChunk(
  examples: StoreExamples,
  range: { from: number; to: number; aperture: Aperture },
): (Encoded | string)[] {
  const { store, rows, size } = examples;
  const indices = Array.from({ length: range.to - range.from }, (_, i) => range.from + i);
  const pixels = examples.images(indices);
  const each = size * size * 3;
  return indices.map((example, i) => {
    const facts = store.facts(rows[example]!);
    const geometry = sampleGeometry(facts, store.camera, range.aperture);
    if (typeof geometry === 'string') return geometry;
    const analysis = analyseTriplet(pixels.subarray(i * each, (i + 1) * each), geometry);
    const residualShare = analysis.reduce((sum, one) => sum + one.residualShare, 0) / 3;
    return { example, facts, discs: bare(analysis), residualShare };
  });
}

const meanResidual = (encoded: readonly (Encoded | string)[]): number => {
  const known = encoded.filter((one) => typeof one !== 'string');
  return known.reduce((sum, one) => sum + one.residualShare, 0) / Math.max(1, known.length);
};

/** The aperture that describes the first triplets better. */
function betterAperture(examples: StoreExamples): Aperture {
  const to = Math.min(TRIED, examples.count);
  const tried = (aperture: Aperture): number =>
    meanResidual(encodeChunk(examples, { from: 0, to, aperture }));
  return tried('mesh') <= tried('smooth') ? 'mesh' : 'smooth';
}

/**
 * Describes examples of a store by discs. Triplets without a cell or zone axes, or with a lattice
 * that the camera cannot show, are left out and counted.
 *
 * @throws input error where no triplet can be used.
 * @example
 * const { triplets } = encodeExamples(store.examples('train'));
 * @category Generators
 */
export function encodeExamples(
  examples: StoreExamples,
  progress: ProgressFactory = silentProgress,
): EncodedSet {
  const { store, classes, count } = examples;
  const bar = progress('reading discs', count);
  const triplets: EncodedTriplet[] = [];
  const read: number[] = [];
  const leftOut: Record<string, number> = {};
  const aperture = betterAperture(examples);
  let residual = 0;
  for (let from = 0; from < count; from += CHUNK) {
    const to = Math.min(count, from + CHUNK);
    for (const one of encodeChunk(examples, { from, to, aperture })) {
      if (typeof one === 'string') {
        leftOut[one] = (leftOut[one] ?? 0) + 1;
        continue;
      }
      const { cell, zones, spacings, spaceGroup } = one.facts;
      const label = examples.labels[one.example]!;
      const material = examples.materials[one.example]!;
      residual += one.residualShare;
      read.push(one.example);
      triplets.push({
        label,
        spaceGroup,
        material,
        cell: cell!,
        zones,
        inPlane: foreignDirections(one.facts),
        spacings,
        discs: one.discs,
      });
    }
    bar.advance(to - from);
  }
  bar.done();
  if (triplets.length === 0) {
    const reasons = Object.keys(leftOut).join(', ') || 'it is empty';
    throw inputError(`${store.path}: no triplet can be read as discs (${reasons})`);
  }
  const { camera } = store;
  const residualShare = residual / triplets.length;
  const examplesRead = Int32Array.from(read);
  return { classes, camera, aperture, triplets, examples: examplesRead, leftOut, residualShare };
}
