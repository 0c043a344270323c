import type { Crystal } from '../crystal/crystal.ts';
import type { View } from './axes.ts';
import type { Camera } from './camera.ts';
import { wavelength } from './electron.ts';
import type { SimulationOptions } from './options.ts';
import type { Sample } from './sample.ts';

/** The pictures of one crystal. */
export interface Patterns {
  views: readonly View[];
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
