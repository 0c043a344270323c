import { groupBy } from '../../common/group.ts';
import type { Anomaly } from '../anomaly.ts';
import { NEAR_DUPLICATE, nearDuplicates } from '../near-duplicates.ts';
import { materialIdentity, oneMaterial, SPLITS, type Split } from '../split.ts';

/** A sample and what its pixels are. */
export interface PixelOwner {
  file: string;
  key: string;
  material: string;
  /** The part that its file says; null where the material decides. */
  split: Split | null;
  /** Digest of its stored pixels. */
  pixels: string;
}

/** What identical pixels mean for a store. */
export interface SamePixels {
  /** Materials that show one pattern: they stay in one part. */
  tied: string[][];
  /** Whether each sample stays: not where files have put one pattern into two parts. */
  stays: boolean[];
  anomalies: Anomaly[];
}

/**
 * Finds samples of different materials with identical pixels: one crystal under two names, which a
 * split by name would put into two parts. Where files say the part, the held-out one keeps them.
 */
export function findSamePixels(samples: readonly PixelOwner[]): SamePixels {
  const anomalies: Anomaly[] = [];
  const tied: string[][] = [];
  for (const [first, ...others] of groupBy(samples, ({ pixels }) => pixels).values()) {
    const strange = others.filter(
      ({ material }) => materialIdentity(material) !== materialIdentity(first!.material),
    );
    if (strange.length === 0) continue;
    tied.push([first!.material, ...strange.map(({ material }) => material)]);
    for (const { file, key, material } of strange) {
      const reason = `${material} shows the very pixels of ${first!.material} (${first!.key}); both stay in one part`;
      anomalies.push({ kind: 'same-pixels', file, group: key, reason });
    }
  }
  const stays = samples.map(() => true);
  if (tied.length === 0) return { tied, stays, anomalies };
  const groupOf = new Map(
    oneMaterial([], tied).flatMap((group) => group.map((name) => [name, group] as const)),
  );
  const home = new Map<string[], Split>();
  const later = (a: Split | undefined, b: Split): Split =>
    a && SPLITS.indexOf(a) > SPLITS.indexOf(b) ? a : b;
  for (const { material, split } of samples) {
    const group = groupOf.get(material);
    if (group && split) home.set(group, later(home.get(group), split));
  }
  samples.forEach(({ file, key, material, split }, i) => {
    const part = home.get(groupOf.get(material) ?? []);
    if (!split || !part || part === split) return;
    stays[i] = false;
    const reason = `${material} also stands in ${part} under another name; left out of ${split}`;
    anomalies.push({ kind: 'material-in-two-splits', file, group: key, reason });
  });
  return { tied, stays, anomalies };
}

/** Materials among which near-duplicates are looked for: a search of seconds. */
const MOST_MATERIALS = 200;

/**
 * Reports materials whose first samples show the same but for a shift, turn, scale or noise. Real
 * materials of one structure may be as near, so nothing is left out for it.
 *
 * @param pixelsOf stored pixels of a sample, (size, size, 3).
 */
export function nearMaterials(
  samples: readonly PixelOwner[],
  size: number,
  pixelsOf: (row: number) => Uint8Array,
): Anomaly[] {
  const firsts = groupBy([...samples.keys()], (row) => materialIdentity(samples[row]!.material));
  const rows = [...firsts.values()].map(([row]) => row!);
  if (rows.length > MOST_MATERIALS) return [];
  const images = ([i]: ArrayLike<number> & Iterable<number>) => pixelsOf(rows[i!]!);
  const set = { count: rows.length, size, images: images as (at: ArrayLike<number>) => Uint8Array };
  return nearDuplicates(set, null, { limit: NEAR_DUPLICATE }).flatMap(
    ({ row, other, distance }) => {
      const [one, two] = [samples[rows[row]!]!, samples[rows[other]!]!];
      if (one.pixels === two.pixels) return [];
      const reason = `${one.material} is nearly ${two.material} (${two.key}): distance ${distance.toFixed(4)}; are they one crystal?`;
      return [{ kind: 'near-duplicate', file: one.file, group: one.key, reason }];
    },
  );
}
