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

/** The side of the square, in 1/angstrom, that intensities are given for (see Sample.stack). */
const UNIT_SIDE = 0.01;

/** Points of a pattern: positions in 1/angstrom and the fraction of the probe at each. */
export interface Points {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  weight: ArrayLike<number>;
}

/**
 * Adds points to a pattern (size x size, row 0 the top), each shared between its four nearest
 * pixels in proportion to nearness. Points outside the camera are lost.
 */
export function splat(image: Float32Array, camera: Camera, points: Points): void {
  const { size, pixel, centre } = camera;
  const scale = (UNIT_SIDE / pixel) ** 2;
  for (let i = 0; i < points.weight.length; i++) {
    if (points.weight[i] === 0) continue;
    const column = centre + points.x[i]! / pixel;
    const row = centre - points.y[i]! / pixel;
    const c = Math.floor(column);
    const r = Math.floor(row);
    const u = column - c;
    const v = row - r;
    const w = points.weight[i]! * scale;
    for (let dr = 0; dr < 2; dr++) {
      for (let dc = 0; dc < 2; dc++) {
        if (r + dr < 0 || r + dr >= size || c + dc < 0 || c + dc >= size) continue;
        image[(r + dr) * size + c + dc]! += w * (dr ? v : 1 - v) * (dc ? u : 1 - u);
      }
    }
  }
}
