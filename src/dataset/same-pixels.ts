import { digestOf } from '../common/digest.ts';
import { groupBy } from '../common/group.ts';
import type { SampleFacts } from '../simulate/sample.ts';
import type { Anomaly } from './anomaly.ts';
import { NEAR_DUPLICATE, nearDuplicates } from './near-duplicates.ts';
import { materialIdentity, oneMaterial, SPLITS, type Split } from './split.ts';

/** A sample and what its pixels are. */
export interface PixelOwner {
  file: string;
  key: string;
  material: string;
  /** The part that its file says; null where the material decides. */
  split: Split | null;
  /** Digest of its stored pixels. */
  pixels: string;
  /** The same for samples that were taken alike. */
  taken: string;
}

/** What says how a sample was taken: near-duplicates are sought among those that were taken alike. */
export const takenAs = ({ energy, thickness }: Pick<SampleFacts, 'energy' | 'thickness'>): string =>
  `${energy} keV, ${thickness ?? '?'} angstrom`;

/**
 * Groups of materials that show one pattern, to stay in one part: for rows with pixels at hand.
 *
 * @param materials of each row.
 * @param pixelsOf stored pixels of a row.
 */
export function tiedByPixels(
  materials: readonly string[],
  pixelsOf: (row: number) => Uint8Array,
): string[][] {
  const rows = groupBy([...materials.keys()], (row) => digestOf(pixelsOf(row)));
  return [...rows.values()]
    .map((same) => [...new Set(same.map((row) => materials[row]!))])
    .filter(({ length }) => length > 1);
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
  // Another spelling of a tied material is that material.
  const names = [...new Set(samples.map(({ material }) => material))];
  const groupOf = new Map(
    oneMaterial(names, tied).flatMap((group) => group.map((name) => [name, group] as const)),
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

/** Samples among which near-duplicates are looked for: a search of some fifteen seconds. */
const MOST_COMPARED = 1000;
/** Alignments in all: each row's nearest prints get an equal share of them. */
const MOST_ALIGNMENTS = 3000;

/** The samples that stand for their materials: one for each way of taking, or one of each material. */
function representatives(samples: readonly PixelOwner[]): number[] {
  const identities = samples.map(({ material }) => materialIdentity(material));
  const firsts = (nameOf: (row: number) => string): number[] =>
    [...groupBy([...samples.keys()], nameOf).values()].map(([row]) => row!);
  const each = firsts((row) => `${identities[row]} ${samples[row]!.taken}`);
  return each.length <= MOST_COMPARED ? each : firsts((row) => identities[row]!);
}

/**
 * Reports materials of which samples that were taken alike show the same but for a shift, turn, scale
 * or noise, each pair once. Real materials of one structure may be as near, so nothing is left out for
 * it. Where there are too many materials, that is reported instead.
 *
 * @param pixelsOf stored pixels of a sample, (size, size, 3).
 */
export function nearMaterials(
  samples: readonly PixelOwner[],
  size: number,
  pixelsOf: (row: number) => Uint8Array,
): Anomaly[] {
  const rows = representatives(samples);
  if (rows.length > MOST_COMPARED) {
    const reason = `near-duplicates were not looked for among ${rows.length} materials: more than ${MOST_COMPARED}`;
    return [{ kind: 'not-compared', file: samples[0]!.file, group: null, reason }];
  }
  const images = ([i]: ArrayLike<number> & Iterable<number>) => pixelsOf(rows[i!]!);
  const set = { count: rows.length, size, images: images as (at: ArrayLike<number>) => Uint8Array };
  const owners = rows.map((row) => samples[row]!);
  const identities = owners.map(({ material }) => materialIdentity(material));
  const told = new Set<string>();
  return nearDuplicates(set, null, {
    limit: NEAR_DUPLICATE,
    aligned: Math.ceil(MOST_ALIGNMENTS / rows.length),
    skip: (row, other) =>
      identities[row] === identities[other] || owners[row]!.taken !== owners[other]!.taken,
  }).flatMap(({ row, other, distance }) => {
    const [one, two] = [owners[row]!, owners[other]!];
    const pair = `${identities[row]} ${identities[other]}`;
    if (one.pixels === two.pixels || told.has(pair)) return [];
    told.add(pair);
    const reason = `${one.material} is nearly ${two.material} (${two.key}): distance ${distance.toFixed(4)}; are they one crystal?`;
    return [{ kind: 'near-duplicate', file: one.file, group: one.key, reason }];
  });
}
