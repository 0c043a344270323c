import { kernels } from '../../engine/kernels.ts';
import { fastSize } from '../fourier.ts';
import { composedBox } from './composed.ts';
import { fusedBox } from './fused.ts';
import type { Box } from './grid.ts';
import type { SlicePotentials, SpeciesAtoms } from './potential.ts';
import type { ProbePosition } from './probe.ts';

/** Transmission functions met again are kept while all of them take at most this many bytes. */
export const KEPT_BYTES = 1 << 30;

/** A specimen in slices, met in turn and then again from the first. */
export interface SlicedAtoms {
  /** Slice thickness, angstrom. */
  step: number;
  /** Atoms of each slice. */
  slices: readonly (readonly SpeciesAtoms[])[];
  /** Share of the potential of the listed atoms that a slice carries; 1 where absent. */
  weight?: number;
}

export interface BoxRun {
  box: Box;
  potentials: SlicePotentials;
  specimen: SlicedAtoms;
  /** Wavelength in angstrom and interaction parameter in rad/(V angstrom) of each energy. */
  beams: readonly { lambda: number; sigma: number }[];
  /** Radius of the probe-forming aperture of each energy, 1/angstrom. */
  radii: readonly number[];
  positions: readonly ProbePosition[];
  /** Numbers of slices after which the intensity is recorded, ascending. */
  records: readonly number[];
  absorption: number;
  /** Share of the band over which the anti-alias aperture falls. */
  taper: number;
}

/**
 * Multislice of probes through a box: transmit, propagate, slice by slice; every energy shares the
 * potentials. Gives, for each energy and record, the intensity over the transform of the box
 * (row-major), a fraction of the probe, averaged over the probe positions. `composedBox` and
 * `fusedBox` state their memory.
 */
export function boxMultislice(run: BoxRun): Float32Array[][] {
  const fused = kernels();
  const { rows, columns } = run.box;
  const even = fastSize(rows) === rows && fastSize(columns) === columns;
  return fused && even ? fusedBox(fused, run) : composedBox(run);
}
