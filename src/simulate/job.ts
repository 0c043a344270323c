import type { Stage } from './depth.ts';
import type { Tilts } from './disc.ts';
import type { Beams, Coefficients } from './transmission.ts';

/** One zone axis at one energy: everything the multislice of one projected cell needs. */
export interface Job {
  /** Waves up to this scattering vector are kept, 1/angstrom. */
  band: number;
  beams: Beams;
  tilts: Tilts;
  /** Wavelength, angstrom. */
  lambda: number;
  stages: readonly Stage[];
  /** Transmission function of a slice of each stage. */
  slices: readonly Coefficients[];
}

/**
 * What a job gives for each stage: the intensity of every beam (rows) for every tilt (columns), as
 * a fraction of the incident plane wave.
 */
export type Intensities = readonly Float32Array[];
