import type { PatternDiscs } from './discs.ts';
import { MODES } from './modes.ts';

/** Rank of the indices of the discs that hold light: 0 for the direct beam alone, 1 for a row. */
export function litRank({ geometry: { h, k }, coefficients }: PatternDiscs): 0 | 1 | 2 {
  let first = -1;
  for (let disc = 0; disc < h.length; disc++) {
    if (coefficients[disc * MODES]! <= 0 || (h[disc] === 0 && k[disc] === 0)) continue;
    if (first < 0) first = disc;
    else if (h[first]! * k[disc]! !== k[first]! * h[disc]!) return 2;
  }
  return first < 0 ? 0 : 1;
}

/** Sum of the levels of the discs that hold light, where a condition on (h, k) holds. */
export function levelsWhere(
  { geometry: { h, k }, coefficients }: PatternDiscs,
  where: (h: number, k: number) => boolean,
): number {
  let sum = 0;
  for (let disc = 0; disc < h.length; disc++) {
    if (where(h[disc]!, k[disc]!)) sum += Math.max(0, coefficients[disc * MODES]!);
  }
  return sum;
}
