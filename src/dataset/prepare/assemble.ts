import { basename } from 'node:path';
import { inputError } from '../../common/errors.ts';
import { groupBy, tally } from '../../common/group.ts';
import type { Camera } from '../../simulate/camera.ts';
import type { Anomaly } from '../anomaly.ts';
import { type Census, storeCensus } from '../census.ts';
import { findSamePixels, nearMaterials, type PixelOwner, takenAs } from '../same-pixels.ts';
import { DEFAULT_SPLIT_RULE, type Split, type SplitRule, splitMaterials } from '../split.ts';
import { type RowInput, type StoreSource, tableOf } from '../store/rows.ts';
import { writeTable } from '../store/store-write.ts';
import type { Catalogue, ReadGuard } from '../summit/catalogue.ts';
import { indexedFacts } from '../summit/catalogue.ts';
import { type PartFile, partExists, readPartHead, readPartPixels } from './part.ts';

/** A source file of a store that is put together, and its split where the files say it. */
export interface AssemblySource extends Pick<Catalogue, 'path' | 'bytes' | 'digest' | 'index'> {
  split: Split | null;
  parts: PartFile[];
}

/** What a store is put together from. */
export interface Assembly {
  /** Where the store goes. */
  path: string;
  /** In the order of the store. */
  sources: AssemblySource[];
  /** How to split by material what no file splits. */
  split: { seed: number; rule?: SplitRule };
  camera: Camera;
  config: Record<string, unknown>;
}

/** What putting a store together came to. */
export interface Assembled {
  /** Empty where no sample was left; there is then no store. */
  digest: string;
  samples: number;
  census: Census;
  anomalies: Anomaly[];
}

/** The assembled store in a result; JSON has no NaN, so energies that are not known come as null. */
export function assembledFrom(result: string): Assembled {
  const assembled = JSON.parse(result) as Assembled;
  for (const entry of assembled.census.energies) entry[0] ??= Number.NaN;
  return assembled;
}

/** A sample that stands in a part. */
interface Kept extends PixelOwner {
  source: number;
  spaceGroup: number;
}

/** The samples that stand in the parts, in order. */
function keptOf(sources: readonly AssemblySource[], anomalies: Anomaly[]): Kept[] {
  return sources.flatMap((one, source) => {
    const { path, parts, split } = one;
    const heads = parts.map((part) => {
      // Another process, or a hand, took it away: the store would lack its samples.
      if (!partExists(part)) throw inputError(`${part.out} is gone`, 'run the same command again');
      return readPartHead(part);
    });
    anomalies.push(...heads.flatMap((head) => head.anomalies));
    const facts = heads.some(({ kept }) => kept.length > 0) ? indexedFacts(one) : null;
    return heads.flatMap(({ kept, pixels }) =>
      kept.map((key, i) => {
        const known = facts!.get(key)!;
        const { material, spaceGroup } = known;
        const taken = takenAs(known);
        return { source, file: path, key, material, spaceGroup, split, pixels: pixels[i]!, taken };
      }),
    );
  });
}

/** The pixels of the parts, without those of samples that are left out. */
async function* pixelsOf(
  sources: readonly AssemblySource[],
  stays: readonly boolean[],
  guard: ReadGuard,
) {
  let at = 0;
  for (const part of sources.flatMap((source) => source.parts)) {
    guard.announce?.(part.out);
    const pixels = readPartPixels(part);
    const count = readPartHead(part).kept.length;
    const here = stays.slice(at, at + count);
    at += count;
    const each = pixels.length / count;
    if (here.every(Boolean) && count > 0) yield pixels;
    else {
      for (const [i, stay] of here.entries()) {
        if (stay) yield pixels.subarray(i * each, (i + 1) * each);
      }
    }
  }
}

/** The split of each material; one with two labels counts for the lower one. */
function splitsOf(
  kept: readonly Kept[],
  tied: readonly string[][],
  { seed, rule = DEFAULT_SPLIT_RULE }: Assembly['split'],
): Map<string, Split> {
  const classOf = new Map<string, number>();
  for (const { material, spaceGroup, split } of kept) {
    if (split) continue;
    const before = classOf.get(material) ?? Number.POSITIVE_INFINITY;
    classOf.set(material, Math.min(before, spaceGroup));
  }
  return splitMaterials(classOf, { seed, rule, tied });
}

function* rowsOf(
  sources: readonly AssemblySource[],
  kept: readonly Kept[],
  splits: ReadonlyMap<string, Split>,
): Generator<RowInput> {
  for (const [source, some] of groupBy(kept, (one) => one.source)) {
    const known = indexedFacts(sources[source]!);
    for (const { key, split } of some) {
      const facts = known.get(key)!;
      yield { key, facts, split: split ?? splits.get(facts.material)! };
    }
  }
}

/** Stored pixels of single samples, read part by part. */
function pixelReader(sources: readonly AssemblySource[], guard: ReadGuard) {
  const starts: { part: PartFile; from: number; count: number }[] = [];
  let from = 0;
  for (const part of sources.flatMap(({ parts }) => parts)) {
    const count = readPartHead(part).kept.length;
    starts.push({ part, from, count });
    from += count;
  }
  let last: { part: PartFile; pixels: Uint8Array } | null = null;
  return (row: number): Uint8Array => {
    const { part, from, count } = starts.find((one) => row < one.from + one.count)!;
    // At every sample: that two are compared is a sign of life.
    guard.announce?.(part.out);
    if (last?.part !== part) {
      last = { part, pixels: readPartPixels(part).slice() };
    }
    const each = last.pixels.length / count;
    return last.pixels.subarray((row - from) * each, (row - from + 1) * each);
  };
}

/** Puts a store together from its parts: a source's facts and a part's pixels at a time. */
export async function assemble(assembly: Assembly, guard: ReadGuard = {}): Promise<Assembled> {
  const { path, camera, config, sources } = assembly;
  const anomalies: Anomaly[] = [];
  const found = keptOf(sources, anomalies);
  const same = findSamePixels(found);
  anomalies.push(
    ...same.anomalies,
    ...nearMaterials(found, camera.size, pixelReader(sources, guard)),
  );
  const kept = found.filter((_, i) => same.stays[i]);
  const splits = splitsOf(kept, same.tied, assembly.split);
  const table = tableOf(rowsOf(sources, kept, splits));
  const samples = table.rows.key.length;
  const census = storeCensus({ ...table, count: samples });
  if (samples === 0) return { digest: '', samples, census, anomalies };
  const counts = tally(kept.map(({ source }) => source));
  const digest = await writeTable(path, table, {
    camera,
    config,
    images: pixelsOf(sources, same.stays, guard),
    sources: sources.map(
      (source, i): StoreSource => ({
        name: basename(source.path),
        bytes: source.bytes,
        samples: counts.get(i) ?? 0,
        digest: source.digest,
      }),
    ),
  });
  return { digest, samples, census, anomalies };
}
