import { MODES } from '../../src/codec/discs.ts';
import { tally } from '../../src/common/group.ts';
import type { TableRow } from './tables.ts';

/** What a class says of each slot. */
export interface ClassMeans {
  /** (K, S, MODES) mean table; the mean of all tables where no member shows the disc. */
  means: Float32Array;
  /** (K, S) 1 where no member shows the disc lit, and enough show it dark or the group forbids it. */
  dark: Uint8Array;
  /** (MODES) mean over all discs that are seen: what is known of a disc that no table has. */
  overall: Float32Array;
}

/** The mean of all tables counts as this many members, so that one bright member does not decide. */
const PRIOR = 0.25;
/** Members that must show a disc without light before it counts as dark in its class. */
const WITNESSES = 3;

/** Mean of each mode over all discs that are seen. */
function overallMean(rows: readonly TableRow[]): Float32Array {
  const sums = new Float64Array(MODES);
  let count = 0;
  for (const { values, seen } of rows) {
    seen.forEach((isSeen, s) => {
      if (!isSeen) return;
      count++;
      for (let m = 0; m < MODES; m++) sums[m]! += values[s * MODES + m]!;
    });
  }
  return Float32Array.from(sums, (sum) => sum / Math.max(1, count));
}

/**
 * The mean table of each class over the members that show a disc.
 *
 * @param extinct whether the space group of a class forbids the disc of a slot: then it is dark
 * unless a member shows light there (multiple scattering).
 */
export function classMeans(
  rows: readonly TableRow[],
  labels: Int32Array,
  options: { classes: number; extinct: (label: number, slot: number) => boolean },
): ClassMeans {
  const { classes, extinct } = options;
  const slots = rows[0]?.seen.length ?? 0;
  const overall = overallMean(rows);
  const means = new Float32Array(classes * slots * MODES);
  const [shown, lit] = [new Uint32Array(classes * slots), new Uint32Array(classes * slots)];
  rows.forEach((row, at) => {
    const start = labels[at]! * slots;
    for (let s = 0; s < slots; s++) {
      if (!row.seen[s]) continue;
      shown[start + s]!++;
      lit[start + s]! += row.lit[s]!;
      for (let m = 0; m < MODES; m++) {
        means[(start + s) * MODES + m]! += row.values[s * MODES + m]!;
      }
    }
  });
  for (let i = 0; i < means.length; i++) {
    const count = shown[Math.floor(i / MODES)]!;
    means[i] = (means[i]! + PRIOR * overall[i % MODES]!) / (count + PRIOR);
  }
  const dark = Uint8Array.from(shown, (count, i) => {
    if (lit[i]! > 0) return 0;
    return count >= WITNESSES || extinct(Math.floor(i / slots), i % slots) ? 1 : 0;
  });
  return { means, dark, overall };
}

/**
 * Turns rows into deviations from their class mean, in place; 0 where a disc was not seen or is
 * extinct in the class. A mean of n members lies nearer to them than the true one, so that
 * deviations of small classes are short by sqrt(1 - 1/n); they are stretched back.
 */
export function deviate(
  rows: readonly TableRow[],
  labels: Int32Array,
  { means, dark }: Pick<ClassMeans, 'means' | 'dark'>,
): void {
  const sizes = tally(labels);
  rows.forEach(({ values, seen }, row) => {
    const n = sizes.get(labels[row]!)!;
    const stretch = n > 1 ? 1 / Math.sqrt(1 - 1 / n) : 1;
    const start = labels[row]! * seen.length;
    for (let i = 0; i < values.length; i++) {
      const s = Math.floor(i / MODES);
      const counts = seen[s] === 1 && dark[start + s] === 0;
      values[i] = counts ? (values[i]! - means[start * MODES + i]!) * stretch : 0;
    }
  });
}
