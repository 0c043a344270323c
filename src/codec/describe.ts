import { CbedError, inputError } from '../common/errors.ts';
import type { Stream } from '../common/stream.ts';
import { reduceStack, resampledCamera } from '../dataset/intensity/transform.ts';
import { isStore, openStore } from '../dataset/store/store.ts';
import { resolveSources } from '../dataset/summit/sources.ts';
import { readSummit } from '../dataset/summit/summit.ts';
import type { Camera } from '../simulate/camera.ts';
import type { SampleFacts } from '../simulate/sample.ts';
import { analysePattern, type PatternAnalysis } from './analysis.ts';
import { detectLattice } from './detect.ts';
import { sampleGeometry } from './encode.ts';
import type { Aperture } from './footprint.ts';
import type { PatternGeometry } from './geometry.ts';

/** How the lattice of a pattern came to be known. */
export type GeometrySource = 'cell' | 'pattern';

/**
 * One pattern as discs, or why it cannot be described; `because` says why the cell was not used
 * where the lattice comes from the pattern.
 */
export type PatternDescription =
  | { ok: PatternAnalysis; source: GeometrySource; because: string | null }
  | { failed: string; because: string | null };

export interface DescriptionRequest {
  /** (size, size, 3) stored values, NHWC. */
  pixels: ArrayLike<number>;
  facts: SampleFacts;
  camera: Camera;
  /** Look for the lattice in the pattern even where the cell is known. */
  detect?: boolean;
}

const APERTURES: readonly Aperture[] = ['mesh', 'smooth'];

/** The better of both apertures. */
function analyseBoth(plane: Float32Array, geometry: PatternGeometry): PatternAnalysis {
  const [mesh, smooth] = APERTURES.map((aperture) =>
    analysePattern(plane, { ...geometry, aperture }),
  ) as [PatternAnalysis, PatternAnalysis];
  return mesh.residualShare <= smooth.residualShare ? mesh : smooth;
}

function describeUnknown(
  plane: Float32Array,
  camera: Camera,
  because: string | null,
): PatternDescription {
  try {
    const { geometry } = detectLattice(plane, { size: camera.size, centre: camera.centre });
    return { ok: analyseBoth(plane, geometry), source: 'pattern', because };
  } catch (error) {
    if (error instanceof CbedError) return { failed: error.message, because };
    throw error;
  }
}

/**
 * Describes the three patterns of a sample by discs: with the lattice of its cell where that is
 * known, with the one found in the pattern otherwise.
 */
export function describeTriplet(request: DescriptionRequest): PatternDescription[] {
  const { pixels, facts, camera, detect = false } = request;
  const known = detect ? null : sampleGeometry(facts, camera);
  return [0, 1, 2].map((channel) => {
    const plane = new Float32Array(camera.size ** 2);
    for (let at = 0; at < plane.length; at++) plane[at] = pixels[3 * at + channel]!;
    if (known === null || typeof known === 'string') return describeUnknown(plane, camera, known);
    const ok = analyseBoth(plane, known[channel as 0 | 1 | 2]);
    return { ok, source: 'cell', because: null };
  });
}

/** A triplet to be looked at, at the size of a store. */
export interface Specimen {
  key: string;
  facts: SampleFacts;
  camera: Camera;
  /** (size, size, 3) stored values, NHWC. */
  pixels: Uint8Array;
}

export interface SpecimenRequest {
  /** One prepared store, or files in the Summit layout. */
  files: readonly string[];
  /** Triplets wanted. */
  count: number;
  /** Pixels a side to which the patterns of Summit files are averaged. */
  size: number;
  /** Chooses the rows of a store. */
  stream: Stream;
}

async function fromStore(path: string, { count, stream }: SpecimenRequest): Promise<Specimen[]> {
  const store = await openStore(path);
  try {
    const rows = stream.permutation(store.count).slice(0, count);
    return rows.map((row) => ({
      key: store.rows.key[row]!,
      facts: store.facts(row),
      camera: store.camera,
      pixels: store.images([row]),
    }));
  } finally {
    store.close();
  }
}

/**
 * Triplets of a prepared store, drawn at random, or the first ones of Summit files.
 *
 * @throws input error where there is none.
 */
export async function specimens(request: SpecimenRequest): Promise<Specimen[]> {
  const { files, count, size } = request;
  if (files.length === 1 && (await isStore(files[0]!))) return fromStore(files[0]!, request);
  const out: Specimen[] = [];
  for await (const found of readSummit(resolveSources(files).paths)) {
    if (!('ok' in found)) continue;
    const { key, camera, stack, ...facts } = found.ok;
    const side = Math.min(size, camera.size);
    const { pixels } = reduceStack(stack, camera.size, side);
    out.push({ key, facts, camera: resampledCamera(camera, side), pixels });
    if (out.length === count) break;
  }
  if (out.length === 0) throw inputError(`no triplet can be read in ${files.join(', ')}`);
  return out;
}
