import type { PatternDiscs } from './discs.ts';
import { MODES } from './modes.ts';
import { detectorOperation, type IndexOperation, transformIndex } from './symmetry.ts';

/** Adds the coefficients of a disc, turned or mirrored by a detector operation, to sums. */
function addTurned(
  sums: Float64Array,
  from: { coefficients: Float32Array; at: number },
  [a, b, c, d]: readonly [number, number, number, number],
): void {
  const { coefficients, at } = from;
  const [x, y] = [coefficients[at + 1]!, coefficients[at + 2]!];
  const [p, q] = [coefficients[at + 4]!, coefficients[at + 5]!];
  sums[0]! += coefficients[at]!;
  sums[1]! += a * x + b * y;
  sums[2]! += c * x + d * y;
  sums[3]! += coefficients[at + 3]!;
  // The astigmatic pair is the tensor [[p, q], [q, -p]]: A M A^T.
  sums[4]! += (a * a - b * b) * p + 2 * a * b * q;
  sums[5]! += (a * c - b * d) * p + (a * d + b * c) * q;
}

const keyOf = (h: number, k: number): number => (h + 4096) * 8192 + k + 4096;

/**
 * The nearest table that has a symmetry: the mean over the operations, in-disc modes turned and
 * mirrored with the discs. Discs whose images lie off the detector are averaged over those that do
 * not. The direct beam also gets the two-fold axis that reciprocity gives the bright field of any
 * projected potential. Applying it twice changes nothing more.
 */
export function symmetrise(
  pattern: PatternDiscs,
  operations: readonly IndexOperation[],
): PatternDiscs {
  const { geometry, coefficients } = pattern;
  const { h, k, basis } = geometry;
  const positions = new Map<number, number>();
  h.forEach((value, disc) => {
    positions.set(keyOf(value, k[disc]!), disc);
  });
  const turns = operations.map((operation) => detectorOperation(operation, basis));
  const out = new Float32Array(coefficients.length);
  const sums = new Float64Array(MODES);
  h.forEach((value, disc) => {
    sums.fill(0);
    let count = 0;
    operations.forEach((operation, n) => {
      // Disc (h, k) is the image of the disc that this operation carries there: its inverse is in
      // the group too, so the sum over images turned back is the sum over the group.
      const source = positions.get(keyOf(...transformIndex(operation, value, k[disc]!)));
      if (source === undefined) return;
      addTurned(sums, { coefficients, at: source * MODES }, transposed(turns[n]!));
      count++;
    });
    const direct = value === 0 && k[disc] === 0;
    for (let m = 0; m < MODES; m++) {
      const odd = m === 1 || m === 2;
      out[disc * MODES + m] = direct && odd ? 0 : sums[m]! / count;
    }
  });
  return { ...pattern, coefficients: out };
}

/** The inverse of a turn or mirror. */
const transposed = ([a, b, c, d]: readonly [number, number, number, number]) =>
  [a, c, b, d] as const;

/**
 * How far a pattern is from a symmetry: sum of |I - I_symmetrised| over the sum of I, with I the
 * intensity of a disc at its level. 0 where it has the symmetry.
 *
 * @param reach only discs whose centres lie within this many pixels of the direct beam count.
 */
export function symmetryResidual(
  pattern: PatternDiscs,
  operations: readonly IndexOperation[],
  reach: number = pattern.geometry.size / 2,
): number {
  const { geometry, coefficients } = pattern;
  const made = symmetrise(pattern, operations).coefficients;
  const [ax, ay, bx, by] = geometry.basis;
  let total = 0;
  let away = 0;
  geometry.h.forEach((h, disc) => {
    const k = geometry.k[disc]!;
    if (Math.hypot(h * ax + k * bx, h * ay + k * by) > reach) return;
    if (h === 0 && k === 0) return;
    const intensity = Math.exp(coefficients[disc * MODES]!);
    total += intensity;
    away += Math.abs(intensity - Math.exp(made[disc * MODES]!));
  });
  return total > 0 ? away / total : 0;
}
