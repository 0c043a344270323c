/**
 * What a disc holds beside its level: slopes, curvature and the two astigmatic forms, in disc
 * coordinates q = (x, y) / radius with x to the right and y up, |q| <= 1. The log-intensity of a
 * disc is sum_m c_m phi_m(q).
 */
export const MODE_NAMES = ['level', 'x', 'y', '2r²-1', 'x²-y²', '2xy'] as const;

/** Coefficients of a disc: the level and five modes. */
export const MODES = MODE_NAMES.length;

/** A disc below this log-intensity (units of ln above the floor) leaves no trace in a pattern. */
export const ABSENT_LEVEL = -2;

/** Grey values (v, 0 to 255) a unit of log-intensity: v = 10 (ln I + 17). */
export const GREYS_PER_LOG = 10;

/** Largest log-intensity above the floor that a stored pixel can hold. */
export const LOG_CEILING = 255 / GREYS_PER_LOG;

/** Log-intensities outside these bounds are drawn at the bound. */
export const LOWEST_LEVEL = -8;
export const HIGHEST_LEVEL = 27;
