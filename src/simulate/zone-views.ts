import { inputError } from '../common/errors.ts';
import type { Crystal, Vec3 } from '../crystal/crystal.ts';
import { greatestDivisor } from '../crystal/lattice.ts';
import { matrixVector } from '../crystal/matrix.ts';
import { centring } from '../crystal/spacegroup.ts';
import { standardZones, type ZoneFrame, zoneFrame } from '../crystal/zone.ts';
import type { SimulationOptions } from './options.ts';
import { strongestZones } from './strongest-zones.ts';

/** A zone axis of a crystal and the spacing (angstrom) that chose it, if one did. */
export interface ZoneView {
  zone: Vec3;
  spacing: number | null;
  frame: ZoneFrame;
}

/** Most denominators of a direction's indices after a change of axes. */
const DENOMINATORS = 24;

/**
 * A direction in the axes of the crystal's cell; it is given in those of its source, such as a CIF
 * file with a monoclinic cell of other axes.
 */
export function directionOf(crystal: Crystal, zone: Vec3): Vec3 {
  const { directions } = crystal;
  if (!directions) return zone;
  const turned = matrixVector(directions, zone);
  for (let n = 1; n <= DENOMINATORS; n++) {
    const whole = turned.map((index) => Math.round(n * index) + 0);
    if (turned.every((index, i) => Math.abs(n * index - whole[i]!) < 1e-4)) {
      const divisor = greatestDivisor(whole);
      return [whole[0]! / divisor + 0, whole[1]! / divisor + 0, whole[2]! / divisor + 0];
    }
  }
  throw inputError(
    `${crystal.id}: zone axis [${zone.join(' ')}] of its file is no lattice direction of the standard cell`,
  );
}

/** The three views of a crystal that the settings ask for. */
export function zoneViews(crystal: Crystal, zones: SimulationOptions['zones']): ZoneView[] {
  const chosen =
    zones === 'strongest'
      ? strongestZones(crystal)
      : (zones === 'standard'
          ? standardZones(crystal.spaceGroup)
          : zones.map((zone) => directionOf(crystal, zone))
        ).map((zone) => ({
          zone,
          spacing: null,
        }));
  const lattice = { cell: crystal.cell, centring: centring(crystal.spaceGroup) };
  return chosen.map(({ zone, spacing }) => ({
    zone,
    spacing,
    frame: zoneFrame({ ...lattice, zone }),
  }));
}

/** Largest slice thickness of a view, angstrom. */
export function sliceOf(view: ZoneView, options: SimulationOptions): number {
  if (options.sliceThickness !== 'spacing') return options.sliceThickness;
  if (view.spacing) return view.spacing;
  throw inputError('slices of one spacing need zones from reflections', 'use --zones strongest');
}
