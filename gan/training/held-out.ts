import { groupBy } from '../../src/common/group.ts';
import type { Stream } from '../../src/common/stream.ts';

/** Classes with fewer materials give none away. */
const LEAST_MATERIALS = 12;
/** One material in this many of a class is held out. */
const SHARE = 12;
/** Fewer rows than this say nothing, and are not held out. */
const LEAST_ROWS = 16;

/**
 * Rows of materials that the networks never see, to watch the training with: one material in
 * twelve of every class that has twelve, so that no few-shot class loses any. Empty where that
 * comes to too few.
 */
export function heldOut(
  labels: Int32Array,
  materials: readonly string[],
  stream: Stream,
): ReadonlySet<number> {
  const held = new Set<string>();
  for (const [label, rows] of groupBy(labels.keys(), (row) => labels[row]!)) {
    const own = [...new Set(rows.map((row) => materials[row]!))].sort();
    if (own.length < LEAST_MATERIALS) continue;
    const count = Math.floor(own.length / SHARE);
    for (const name of stream.split(label).shuffled(own).slice(0, count)) held.add(name);
  }
  const rows = [...materials.keys()].filter((row) => held.has(materials[row]!));
  return new Set(rows.length < LEAST_ROWS ? [] : rows);
}
