import { type Box, eachFrequency } from './grid.ts';

/** Where a probe stands, as fractions of the sides of the box. */
export type ProbePosition = readonly [number, number];

/** Points of the box's reciprocal grid inside a disc. */
export function discPoints(box: Box, radius: number): { at: number; x: number; y: number }[] {
  const points: { at: number; x: number; y: number }[] = [];
  eachFrequency(box, (at, x, y) => {
    if (x * x + y * y < radius * radius) points.push({ at, x, y });
  });
  return points;
}

/**
 * Spectra of aberration-free probes with a hard aperture, one a position, each of total intensity
 * 1: (positions, 2, rows, columns), real and imaginary parts.
 */
export function probes(
  box: Box,
  radius: number,
  positions: readonly ProbePosition[],
): Float32Array {
  const disc = discPoints(box, radius);
  const [a, b] = box.sides;
  const points = box.rows * box.columns;
  const out = new Float32Array(positions.length * 2 * points);
  const amplitude = 1 / Math.sqrt(disc.length);
  positions.forEach(([u, v], p) => {
    const [x, y] = [u * a[0] + v * b[0], u * a[1] + v * b[1]];
    for (const point of disc) {
      const phase = -2 * Math.PI * (point.x * x + point.y * y);
      out[2 * p * points + point.at] = amplitude * Math.cos(phase);
      out[(2 * p + 1) * points + point.at] = amplitude * Math.sin(phase);
    }
  });
  return out;
}
