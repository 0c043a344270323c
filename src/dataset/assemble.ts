import { basename, join } from 'node:path';
import type { Camera } from '../simulate/camera.ts';
import type { SampleFacts } from '../simulate/sample.ts';
import type { Anomaly } from './anomaly.ts';
import { type Catalogue, catalogueDigest } from './catalogue.ts';
import { type PartPlan, partExists, readPartHead, readPartPixels } from './part.ts';
import type { RowInput } from './rows.ts';
import { DEFAULT_SPLIT_RULE, type Split, type SplitRule, splitMaterials } from './split.ts';
import type { StoreSource } from './store.ts';
import { writeStore } from './store-write.ts';

/** A sample whose pixels stand in a part. */
interface Gathered {
  path: string;
  key: string;
  facts: SampleFacts;
}

/** What a store is put together from. */
export interface Assembly {
  plans: readonly PartPlan[];
  catalogues: readonly Catalogue[];
  /** The split of each file, or how to split by material. */
  split: ReadonlyMap<string, Split> | { seed: number; rule?: SplitRule };
  camera: Camera;
  config: Record<string, unknown>;
  /** Folder in which the store is put together. */
  folder: string;
}

/** The samples in the parts, in the order of the store: by file, then as they stand in it. */
function gather({ plans, catalogues }: Assembly, anomalies: Anomaly[]): Gathered[] {
  const facts = new Map(
    catalogues.map(({ path, samples }) => [
      path,
      new Map(samples.map((one) => [one.key, one.facts])),
    ]),
  );
  return plans.filter(partExists).flatMap((plan) => {
    const head = readPartHead(plan);
    anomalies.push(...head.anomalies);
    const { path } = plan;
    return head.kept.map((key) => ({ path, key, facts: facts.get(path)!.get(key)! }));
  });
}

function* pixelsOf(plans: readonly PartPlan[]): Generator<Uint8Array> {
  for (const plan of plans) {
    const pixels = partExists(plan) ? readPartPixels(plan) : [];
    if (pixels.length > 0) yield pixels as Uint8Array;
  }
}

function sourcesOf(catalogues: readonly Catalogue[], gathered: readonly Gathered[]): StoreSource[] {
  const taken = new Map<string, number>();
  for (const { path } of gathered) taken.set(path, (taken.get(path) ?? 0) + 1);
  return catalogues.map((catalogue) => ({
    name: basename(catalogue.path),
    bytes: catalogue.bytes,
    samples: taken.get(catalogue.path) ?? 0,
    digest: catalogueDigest(catalogue),
  }));
}

/** The split of every sample; a material with two labels counts for the lower one. */
function splitOf(gathered: readonly Gathered[], split: Assembly['split']): RowInput[] {
  if (!('seed' in split)) {
    return gathered.map(({ path, key, facts }) => ({ key, facts, split: split.get(path)! }));
  }
  const classOf = new Map<string, number>();
  for (const { facts } of gathered) {
    const before = classOf.get(facts.material) ?? Number.POSITIVE_INFINITY;
    classOf.set(facts.material, Math.min(before, facts.spaceGroup));
  }
  const splits = splitMaterials(classOf, {
    seed: split.seed,
    rule: split.rule ?? DEFAULT_SPLIT_RULE,
  });
  return gathered.map(({ key, facts }) => ({ key, facts, split: splits.get(facts.material)! }));
}

/** Puts a store together from its parts, in constant memory. */
export async function assemble(assembly: Assembly): Promise<{
  path: string;
  digest: string;
  samples: number;
  anomalies: Anomaly[];
}> {
  const { plans, catalogues, camera, config, folder } = assembly;
  const anomalies: Anomaly[] = [];
  const gathered = gather(assembly, anomalies);
  const path = join(folder, 'store.h5');
  const digest = await writeStore(path, {
    camera,
    config,
    rows: splitOf(gathered, assembly.split),
    images: pixelsOf(plans),
    sources: sourcesOf(catalogues, gathered),
  });
  return { path, digest, samples: gathered.length, anomalies };
}
