import { analyseTriplet } from '../src/codec/analysis.ts';
import type { TripletDiscs } from '../src/codec/discs.ts';
import { type TripletGeometry, tripletGeometry } from '../src/codec/geometry.ts';
import type { StoreExamples } from '../src/dataset/store-examples.ts';
import { CbedError, inputError } from '../src/ground/errors.ts';
import { type ProgressFactory, silentProgress } from '../src/ground/progress.ts';
import type { Camera } from '../src/simulate/camera.ts';
import { wavelength } from '../src/simulate/electron.ts';
import type { SampleFacts } from '../src/simulate/sample.ts';
import type { CodecSample } from './space.ts';

/** The training triplets of a GAN in the codec's terms, and where they come from. */
export interface GanData {
  classes: readonly number[];
  camera: Camera;
  samples: readonly CodecSample[];
  /** Material of each sample. */
  materials: readonly string[];
  /** Digest of the prepared store. */
  store: string;
  /** Triplets that could not be used, by reason. */
  leftOut: Readonly<Record<string, number>>;
}

/** Geometry of a triplet from what is known of its sample; a reason where that does not do. */
function geometryOf(facts: SampleFacts, camera: Camera): TripletGeometry | string {
  const { cell, spaceGroup, zones, inPlane, semiAngles, energy } = facts;
  if (!cell) return 'no unit cell';
  if (zones.some((zone) => zone.every((index) => index === 0))) return 'no zone axes';
  const radii = semiAngles?.map((angle) => angle / wavelength(energy));
  try {
    return tripletGeometry({
      cell,
      spaceGroup,
      zones,
      camera,
      inPlane,
      radii: radii as [number, number, number] | undefined,
    });
  } catch (error) {
    if (error instanceof CbedError) return 'a lattice that the camera cannot show';
    throw error;
  }
}

/** Only what decoding needs of an analysis. */
const withoutResidual = (discs: TripletDiscs): TripletDiscs =>
  discs.map(({ geometry, coefficients, background }) => ({
    geometry,
    coefficients,
    background,
  })) as unknown as TripletDiscs;

const CHUNK = 64;

/**
 * Analyses the triplets of a training split into discs. Triplets without a cell or zone axes are
 * left out and counted.
 *
 * @throws input error where no triplet can be used.
 */
export function ganData(
  examples: StoreExamples,
  progress: ProgressFactory = silentProgress,
): GanData {
  const { store, rows, classes, size } = examples;
  const bar = progress('reading discs', examples.count);
  const samples: CodecSample[] = [];
  const materials: string[] = [];
  const leftOut: Record<string, number> = {};
  for (let from = 0; from < examples.count; from += CHUNK) {
    const to = Math.min(examples.count, from + CHUNK);
    const pixels = examples.images(Array.from({ length: to - from }, (_, i) => from + i));
    for (let i = from; i < to; i++) {
      const facts = store.facts(rows[i]!);
      const geometry = geometryOf(facts, store.camera);
      if (typeof geometry === 'string') {
        leftOut[geometry] = (leftOut[geometry] ?? 0) + 1;
        continue;
      }
      const each = size * size * 3;
      const own = pixels.subarray((i - from) * each, (i - from + 1) * each);
      samples.push({
        label: examples.labels[i]!,
        cell: facts.cell!,
        zones: facts.zones,
        discs: withoutResidual(analyseTriplet(own, geometry)),
      });
      materials.push(examples.materials[i]!);
    }
    bar.advance(to - from);
  }
  bar.done();
  if (samples.length === 0) {
    const reasons = Object.keys(leftOut).join(', ') || 'it is empty';
    throw inputError(`${store.path}: no training triplet can be read as discs (${reasons})`);
  }
  return { classes, camera: store.camera, samples, materials, store: store.digest, leftOut };
}
