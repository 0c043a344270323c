import type { Stage } from './depth.ts';
import type { Tilts } from './disc.ts';
import type { Beams, Projection } from './projection.ts';

/** One zone axis at one energy: everything the multislice of one projected cell needs. */
export interface Job {
  projection: Projection;
  /** Waves whose intensity is asked for; all under the band limit are computed. */
  beams: Beams;
  tilts: Tilts;
  /** Wavelength, angstrom. */
  lambda: number;
  /** Interaction parameter, rad/(V angstrom). */
  sigma: number;
  /** Imaginary over real part of the potential; 0 for none. */
  absorption: number;
  stages: readonly Stage[];
}

/**
 * What a job gives for each stage: the intensity of every beam (rows) for every tilt (columns), as
 * a fraction of the incident plane wave.
 */
export type Intensities = readonly Float32Array[];
