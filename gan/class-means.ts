import { MODES } from '../src/codec/modes.ts';
import type { TableRow } from './tables.ts';

/** Mean table of each class, (K, S, MODES); 0, the envelope, where no member shows the disc. */
export type ClassMeans = Float32Array;

/** Members a mean is pulled toward the envelope as if it had been seen this often there. */
const PRIOR = 0.25;

/** The mean table of each class over the members that show a disc. */
export function classMeans(
  rows: readonly TableRow[],
  labels: Int32Array,
  classes: number,
): ClassMeans {
  const slots = rows[0]?.seen.length ?? 0;
  const means = new Float32Array(classes * slots * MODES);
  const counts = new Float32Array(classes * slots).fill(PRIOR);
  rows.forEach(({ values, seen }, row) => {
    const start = labels[row]! * slots;
    for (let s = 0; s < slots; s++) {
      if (!seen[s]) continue;
      counts[start + s]!++;
      for (let m = 0; m < MODES; m++) {
        means[(start + s) * MODES + m]! += values[s * MODES + m]!;
      }
    }
  });
  for (let i = 0; i < means.length; i++) means[i]! /= counts[Math.floor(i / MODES)]!;
  return means;
}

/**
 * Turns rows into deviations from their class mean, in place; 0 where a disc was not seen. A mean
 * of n members lies nearer to them than the true one, so that deviations of small classes are
 * short by sqrt(1 - 1/n); they are stretched back.
 */
export function deviate(rows: readonly TableRow[], labels: Int32Array, means: ClassMeans): void {
  const sizes = new Map<number, number>();
  for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  rows.forEach(({ values, seen }, row) => {
    const n = sizes.get(labels[row]!)!;
    const stretch = n > 1 ? 1 / Math.sqrt(1 - 1 / n) : 1;
    const start = labels[row]! * values.length;
    for (let i = 0; i < values.length; i++) {
      values[i] = seen[Math.floor(i / MODES)] ? (values[i]! - means[start + i]!) * stretch : 0;
    }
  });
}
