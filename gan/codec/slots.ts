/** Which number of a codec vector belongs to which disc: pattern (0..2) and zone indices. */
export class SlotTable {
  /** (S, 3): pattern, h, k of each slot. */
  readonly slots: Int16Array;
  private readonly positions = new Map<number, number>();

  constructor(slots: Int16Array) {
    this.slots = slots;
    for (let i = 0; i < slots.length / 3; i++) {
      this.positions.set(keyOf(slots[3 * i]!, slots[3 * i + 1]!, slots[3 * i + 2]!), i);
    }
  }

  get count(): number {
    return this.slots.length / 3;
  }

  /** Pattern, h and k of a slot. */
  at(slot: number): readonly [number, number, number] {
    return [this.slots[3 * slot]!, this.slots[3 * slot + 1]!, this.slots[3 * slot + 2]!];
  }

  /** Position of a disc; -1 where it has no slot. */
  find(pattern: number, h: number, k: number): number {
    return this.positions.get(keyOf(pattern, h, k)) ?? -1;
  }
}

const REACH = 512;
const keyOf = (pattern: number, h: number, k: number): number =>
  (pattern * 2 * REACH + h + REACH) * 2 * REACH + k + REACH;

/** The discs of one pattern by zone index. */
interface PatternIndices {
  h: Int16Array;
  k: Int16Array;
}

/**
 * The slots of a set of triplets: every disc that at least `least` of them have, in the order of
 * pattern, h and k. Discs of a few long cells only would double the width and teach nothing.
 */
export function slotsOf(
  triplets: Iterable<readonly { geometry: PatternIndices }[]>,
  least: number,
): SlotTable {
  const seen = new Map<number, { slot: [number, number, number]; count: number }>();
  for (const patterns of triplets) {
    patterns.forEach(({ geometry: { h, k } }, pattern) => {
      for (let disc = 0; disc < h.length; disc++) {
        const key = keyOf(pattern, h[disc]!, k[disc]!);
        const entry = seen.get(key);
        if (entry) entry.count++;
        else seen.set(key, { slot: [pattern, h[disc]!, k[disc]!], count: 1 });
      }
    });
  }
  const kept = [...seen.entries()]
    .filter(([, { count }]) => count >= least)
    .sort(([a], [b]) => a - b)
    .flatMap(([, { slot }]) => slot);
  return new SlotTable(Int16Array.from(kept));
}
