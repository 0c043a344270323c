import { usageError } from '../common/errors.ts';

/** Equal slices from one recorded thickness to the next. */
export interface Stage {
  slices: number;
  /** Slice thickness, angstrom. */
  step: number;
}

/**
 * Cuts the way to each thickness (ascending, angstrom) into equal slices no thicker than asked
 * (to a tenth of a per cent, so that 100 over 2.5 is 40).
 *
 * @throws usage error for thicknesses that do not ascend from above zero.
 */
export function stagesOf(thicknesses: readonly number[], sliceThickness: number): Stage[] {
  let from = 0;
  return thicknesses.map((thickness) => {
    if (!(thickness > from)) {
      throw usageError(`thickness ${thickness}`, 'give thicknesses in ascending order, above 0');
    }
    const length = thickness - from;
    from = thickness;
    const slices = Math.max(1, Math.ceil(length / sliceThickness - 1e-3));
    return { slices, step: length / slices };
  });
}
