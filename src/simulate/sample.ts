import type { Cell, Crystal, Vec3 } from '../crystal/crystal.ts';
import type { Camera } from './camera.ts';

type Three<T> = readonly [T, T, T];

/** What is known of a triplet beside its pixels; null where a source does not give it soundly. */
export interface SampleFacts {
  /** 1 to 230. */
  spaceGroup: number;
  /** Splits never separate two samples of one material. */
  material: string;
  formula: string;
  /** Accelerating voltage in kV (beam energy in keV). */
  energy: number;
  /** Zone axis of each pattern, direct-lattice indices of the conventional cell. */
  zones: Three<Vec3>;
  /** Direct-lattice direction that points up in each pattern. */
  inPlane: Three<Vec3> | null;
  /** Semi-convergence angles in rad. */
  semiAngles: Three<number> | null;
  /** Interplanar spacings in angstrom that chose the zones; null for standard axes. */
  spacings: Three<number> | null;
  cell: Cell | null;
  /** Specimen thickness in angstrom. */
  thickness: number | null;
  /** The crystal that was simulated; absent where it is not known, as of measured patterns. */
  crystal?: Crystal;
}

/** One CBED triplet. */
export interface Sample extends SampleFacts {
  /** Group name in a Summit file, `sample_{material}_{energy}`. */
  key: string;
  camera: Camera;
  /**
   * (3, size, size) intensities: the fraction of the probe that falls on an area of
   * (0.01 1/angstrom)^2, the pixel of the Summit data.
   */
  stack: Float32Array;
}
