import type { Cell, Crystal, Vec3 } from '../crystal/crystal.ts';
import type { Camera } from './camera.ts';
import { wavelength } from './electron.ts';
import type { SimulationOptions } from './options.ts';
import type { ZoneView } from './zone-views.ts';

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

/** The pictures of one crystal. */
export interface Patterns {
  views: readonly ZoneView[];
  /** Aperture radii in 1/angstrom, by view and energy. */
  radii: readonly (readonly number[])[];
  /** (3, size, size) stacks by energy and thickness. */
  stacks: readonly (readonly Float32Array[])[];
}

const three = <T>(values: readonly T[]): [T, T, T] => [values[0]!, values[1]!, values[2]!];

/** Number of the energy in a key: 0 to 9 for 100 to 190 kV, as in the Summit data; else the place. */
const energyNumber = (energies: readonly number[], position: number): number => {
  const summit = energies.every((energy) => energy % 10 === 0 && energy >= 100 && energy <= 190);
  return summit ? (energies[position]! - 100) / 10 : position;
};

/** The samples of a crystal: one an energy and thickness. `index` numbers it in the dataset. */
export function* samplesOf(
  { crystal, index }: { crystal: Crystal; index: number },
  { views, radii, stacks }: Patterns,
  options: SimulationOptions,
  camera: Camera,
): Generator<Sample> {
  for (const [e, energy] of options.energies.entries()) {
    for (const [t, thickness] of options.thicknesses.entries()) {
      const suffix = options.thicknesses.length > 1 ? `_${t}` : '';
      yield {
        key: `sample_${index}_${energyNumber(options.energies, e)}${suffix}`,
        spaceGroup: crystal.spaceGroup,
        material: crystal.material,
        formula: crystal.formula,
        energy,
        zones: three(views.map((view) => view.zone)),
        inPlane: three(views.map((view) => view.frame.inPlane)),
        semiAngles: three(radii.map((radius) => radius[e]! * wavelength(energy))),
        spacings: views.every((view) => view.spacing !== null)
          ? three(views.map((view) => view.spacing!))
          : null,
        cell: crystal.cell,
        thickness,
        crystal,
        camera,
        stack: stacks[e]![t]!,
      };
    }
  }
}
