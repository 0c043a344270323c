import { basename } from 'node:path';
import { inputError } from '../../common/errors.ts';
import type { Camera } from '../../simulate/camera.ts';
import type { Anomaly } from '../anomaly.ts';
import { type Census, storeCensus } from '../census.ts';
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

/** The samples of each source that stand in its parts, in order. */
const keptOf = ({ parts }: AssemblySource, anomalies: Anomaly[]): string[] =>
  parts.flatMap((part) => {
    // Another process, or a hand, took it away: the store would lack its samples.
    if (!partExists(part)) throw inputError(`${part.out} is gone`, 'run the same command again');
    const head = readPartHead(part);
    anomalies.push(...head.anomalies);
    return head.kept;
  });

async function* pixelsOf(sources: readonly AssemblySource[], guard: ReadGuard) {
  for (const part of sources.flatMap((source) => source.parts)) {
    guard.announce?.(part.out);
    const pixels = readPartPixels(part);
    if (pixels.length > 0) yield pixels;
  }
}

/** The split of each material; one with two labels counts for the lower one. */
function splitsOf(
  sources: readonly AssemblySource[],
  kept: readonly string[][],
  { seed, rule = DEFAULT_SPLIT_RULE }: Assembly['split'],
): Map<string, Split> {
  const classOf = new Map<string, number>();
  sources.forEach((source, i) => {
    if (source.split || kept[i]!.length === 0) return;
    const facts = indexedFacts(source);
    for (const key of kept[i]!) {
      const { material, spaceGroup } = facts.get(key)!;
      const before = classOf.get(material) ?? Number.POSITIVE_INFINITY;
      classOf.set(material, Math.min(before, spaceGroup));
    }
  });
  return splitMaterials(classOf, { seed, rule });
}

function* rowsOf(
  sources: readonly AssemblySource[],
  kept: readonly string[][],
  splits: ReadonlyMap<string, Split>,
): Generator<RowInput> {
  for (const [i, source] of sources.entries()) {
    if (kept[i]!.length === 0) continue;
    const known = indexedFacts(source);
    for (const key of kept[i]!) {
      const facts = known.get(key)!;
      yield { key, facts, split: source.split ?? splits.get(facts.material)! };
    }
  }
}

/** Puts a store together from its parts: a source's facts and a part's pixels at a time. */
export async function assemble(assembly: Assembly, guard: ReadGuard = {}): Promise<Assembled> {
  const { path, camera, config, sources } = assembly;
  const anomalies: Anomaly[] = [];
  const kept = sources.map((source) => keptOf(source, anomalies));
  const splits = splitsOf(sources, kept, assembly.split);
  const table = tableOf(rowsOf(sources, kept, splits));
  const samples = table.rows.key.length;
  const census = storeCensus({ ...table, count: samples });
  if (samples === 0) return { digest: '', samples, census, anomalies };
  const digest = await writeTable(path, table, {
    camera,
    config,
    images: pixelsOf(sources, guard),
    sources: sources.map(
      (source, i): StoreSource => ({
        name: basename(source.path),
        bytes: source.bytes,
        samples: kept[i]!.length,
        digest: source.digest,
      }),
    ),
  });
  return { digest, samples, census, anomalies };
}
