const STEPS = 256;
/** Powers of two from -HALF up; arguments of `exponential` stay within HALF ln 2. */
const HALF = 64;
const parts = Float64Array.from({ length: STEPS }, (_, i) => 2 ** (i / STEPS));
const powers = Float64Array.from({ length: 2 * HALF }, (_, i) => 2 ** (i - HALF));
const PER_UNIT = STEPS / Math.LN2;
const UNIT = Math.LN2 / STEPS;
const FIRST = HALF * STEPS;

/**
 * e^x to 1e-12 of its value for |x| < 44, several times faster than `Math.exp`: a table of 256
 * steps an octave and a cubic between them. Outside, the result is meaningless.
 */
export function exponential(x: number): number {
  const step = (x * PER_UNIT + FIRST + 0.5) | 0;
  const rest = x - (step - FIRST) * UNIT;
  const near = 1 + rest * (1 + rest * (0.5 + rest / 6));
  return parts[step & (STEPS - 1)]! * powers[step >> 8]! * near;
}
