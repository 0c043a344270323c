import { type Box, eachFrequency } from './grid.ts';

/**
 * The anti-alias aperture, (1, rows, columns): 1 inside the band, 0 outside, falling as a cosine
 * over the outermost `taper` (a share of the band).
 */
export function aperture(box: Box, taper: number): Float32Array {
  const out = new Float32Array(box.rows * box.columns);
  eachFrequency(box, (at, x, y) => {
    const share = Math.sqrt(x * x + y * y) / box.band;
    if (share > 1) return;
    const inner = 1 - taper;
    out[at] = share <= inner ? 1 : (1 + Math.cos((Math.PI * (share - inner)) / taper)) / 2;
  });
  return out;
}

/**
 * exp(-i pi lambda step k^2) times the anti-alias aperture, (2, rows, columns): real and imaginary
 * parts.
 */
export function propagator(
  box: Box,
  lambda: number,
  step: number,
  mask: Float32Array,
): Float32Array {
  const out = new Float32Array(2 * mask.length);
  eachFrequency(box, (at, x, y) => {
    if (mask[at] === 0) return;
    const phase = Math.PI * lambda * step * (x * x + y * y);
    out[at] = Math.cos(phase) * mask[at]!;
    out[mask.length + at] = -Math.sin(phase) * mask[at]!;
  });
  return out;
}
