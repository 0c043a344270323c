/**
 * How a pattern is sampled: square, x to the right, y up (row 0 is the top).
 * Scattering vector g (1/angstrom) falls on column `centre + g_x / pixel`, row `centre - g_y / pixel`.
 */
export interface Camera {
  /** Pixels a side. */
  size: number;
  /** Reciprocal size of a pixel, 1/angstrom. */
  pixel: number;
  /** Position of the direct beam in pixels from the centre of pixel (0, 0). */
  centre: number;
}

/** The default camera of simulated data: |g| up to 1.28 1/angstrom on a side of `size` pixels. */
export const defaultCamera = (size: number): Camera => cameraFor(size, 1.28);

/** A camera that holds |g| up to `field` (1/angstrom) along each axis, the direct beam in the middle. */
export const cameraFor = (size: number, field: number): Camera => ({
  size,
  pixel: (2 * field) / size,
  centre: (size - 1) / 2,
});
