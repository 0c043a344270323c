import { CbedError } from '../common/errors.ts';
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
