/** What a GAN learned from: enough to refuse it where test materials were among it. */
export interface Lineage {
  /** Digest of the prepared store. */
  store: string;
  /** Materials of the training triplets, ascending, each once. */
  materials: readonly string[];
  /** Training materials of each class. */
  counts: readonly number[];
}

/** The lineage of training triplets of a store with these classes. */
export function lineageOf(
  { store, classes }: { store: string; classes: readonly number[] },
  triplets: Iterable<{ label: number; material: string }>,
): Lineage {
  const seen = classes.map(() => new Set<string>());
  for (const { label, material } of triplets) seen[label]!.add(material);
  return {
    store,
    materials: [...new Set(seen.flatMap((set) => [...set]))].sort(),
    counts: seen.map((set) => set.size),
  };
}
