import { inputError } from '../src/common/errors.ts';

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

/**
 * Label of a space group in a GAN; `knows` tells which labels it learned.
 *
 * @throws input error that names the classes where the GAN does not know it.
 */
export function knownLabel(
  classes: readonly number[],
  knows: (label: number) => boolean,
  spaceGroup: number,
): number {
  const label = classes.indexOf(spaceGroup);
  if (label >= 0 && knows(label)) return label;
  const known = classes.filter((_, one) => knows(one));
  throw inputError(
    `the GAN does not know space group ${spaceGroup}`,
    `it was trained on ${known.join(', ')}`,
  );
}
