import { MODES } from './modes.ts';

/**
 * Turns the in-disc modes of one disc between detector axes and axes along the scattering vector
 * g. Slopes turn with the angle of g, the astigmatic pair with twice that angle; level and
 * curvature stay. Along g the modes of equal reflections agree in every crystal, whichever way the
 * lattice lies on the detector: the rocking of a beam runs along g.
 *
 * @param from coefficients (.., MODES), read at `at`.
 * @param cosine, sine of the angle by which the axes are turned: that of g to go from detector
 *   axes to axes along g, its negative to go back.
 */
export function turnModes(
  from: Float32Array,
  at: number,
  turn: { cosine: number; sine: number; to: Float32Array; toAt: number },
): void {
  const { cosine: c, sine: s, to, toAt } = turn;
  const [x, y] = [from[at + 1]!, from[at + 2]!];
  const [p, q] = [from[at + 4]!, from[at + 5]!];
  const [c2, s2] = [c * c - s * s, 2 * c * s];
  to[toAt] = from[at]!;
  to[toAt + 1] = c * x + s * y;
  to[toAt + 2] = c * y - s * x;
  to[toAt + 3] = from[at + 3]!;
  to[toAt + 4] = c2 * p + s2 * q;
  to[toAt + 5] = c2 * q - s2 * p;
}

/** Scattering vector of disc (h, k) in pixels and its direction; the direct beam looks right. */
export function discVector(
  basis: readonly [number, number, number, number],
  h: number,
  k: number,
): { length: number; cosine: number; sine: number } {
  const x = h * basis[0] + k * basis[2];
  const y = h * basis[1] + k * basis[3];
  const length = Math.hypot(x, y);
  return length === 0
    ? { length, cosine: 1, sine: 0 }
    : { length, cosine: x / length, sine: y / length };
}

/** Turns every disc of a pattern; `sense` 1 to axes along g, -1 back to detector axes. */
export function turnPattern(
  coefficients: Float32Array,
  geometry: {
    basis: readonly [number, number, number, number];
    h: Int16Array;
    k: Int16Array;
  },
  sense: 1 | -1,
): Float32Array {
  const turned = new Float32Array(coefficients.length);
  geometry.h.forEach((h, disc) => {
    const { cosine, sine } = discVector(geometry.basis, h, geometry.k[disc]!);
    const at = disc * MODES;
    turnModes(coefficients, at, { cosine, sine: sense * sine, to: turned, toAt: at });
  });
  return turned;
}
