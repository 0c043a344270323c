import { MODES, type PatternDiscs } from '../../src/codec/discs.ts';
import type { Aperture } from '../../src/codec/footprint.ts';
import { latticeGeometry } from '../../src/codec/geometry.ts';
import type { Stream } from '../../src/common/stream.ts';

/** A pattern of a random lattice with bright discs that fade outward. */
export function randomDiscs(
  stream: Stream,
  options: { size?: number; aperture?: Aperture; spacing?: number; fill?: number } = {},
): PatternDiscs {
  const { size = 64, aperture = 'smooth', spacing = 7, fill = 0.42 } = options;
  const angle = stream.between(0, Math.PI);
  const opening = stream.between(1.2, 1.9);
  const long = spacing * stream.between(1, 1.5);
  const geometry = latticeGeometry({
    size,
    centre: (size - 1) / 2,
    aperture,
    basis: [
      spacing * Math.cos(angle),
      spacing * Math.sin(angle),
      long * Math.cos(angle + opening),
      long * Math.sin(angle + opening),
    ],
    radius: fill * spacing * Math.min(1, Math.sin(opening) * 1.05),
  });
  const coefficients = new Float32Array(geometry.h.length * MODES);
  geometry.h.forEach((h, disc) => {
    const { basis } = geometry;
    const k = geometry.k[disc]!;
    const far = Math.hypot(h * basis[0] + k * basis[2], h * basis[1] + k * basis[3]) / size;
    coefficients[disc * MODES] = 12 - 8 * far + stream.normal();
    for (let m = 1; m < MODES; m++) coefficients[disc * MODES + m] = 0.25 * stream.normal();
  });
  return { geometry, coefficients, background: null };
}
