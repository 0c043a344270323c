import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { inputError, usageError } from '../../common/errors.ts';
import { checkOutput } from '../../common/files.ts';
import { withOutputLock } from '../../common/lock.ts';
import { silentProgress } from '../../common/progress.ts';
import { type Anomaly, distinctAnomalies } from '../anomaly.ts';
import { writeStoreCard } from '../card.ts';
import type { Census } from '../census.ts';
import type { ExternalAccess } from '../hdf5/external.ts';
import { resampledCamera } from '../intensity/transform.ts';
import type { Split, SplitRule } from '../split.ts';
import type { Catalogue } from '../summit/catalogue.ts';
import { type Assembled, type Assembly, assembledFrom } from './assemble.ts';
import { PART_SAMPLES, type PartPlan, partExists, planParts, readPartHead } from './part.ts';
import { Readers, runReadings } from './pool.ts';
import { enforce, type ScanOptions, scan } from './scan.ts';
import {
  nothingToUse,
  officialSplits,
  oneCamera,
  type Selection,
  selectSamples,
  withoutLeaks,
} from './select.ts';

export interface PrepareOptions extends ScanOptions, Selection {
  /** Pixels a side of the stored patterns. */
  size: number;
  /** By the names of the files, by material, or by the names where all of them say a split. */
  split: 'official' | 'material' | 'auto';
  rule?: SplitRule;
  seed: number;
  /** Told once when another process writes the same store; standard error where absent. */
  onWait?: (holder: string) => void;
}

/** What a preparation came to. */
export interface Prepared {
  path: string;
  digest: string;
  samples: number;
  splitBy: 'official' | 'material';
  /** Of what stands in the store. */
  census: Census;
  anomalies: Anomaly[];
}

/** Makes the parts that are not there yet. */
async function makeParts(
  plans: readonly PartPlan[],
  options: PrepareOptions & { external: ExternalAccess },
): Promise<{ anomalies: Anomaly[]; made: PartPlan[] }> {
  const { strict, external, progress = silentProgress } = options;
  const anomalies: Anomaly[] = [];
  const missing = plans.filter((plan) => !partExists(plan));
  const total = missing.reduce((sum, plan) => sum + plan.keys.length, 0);
  const bar = progress('reading patterns', total);
  const start = Date.now();
  let read = 0;
  const givenUp = new Set<PartPlan>();
  const readings = missing.map((plan) => ({ kind: 'part' as const, plan, external }));
  await runReadings(readings, options, (reading, outcome) => {
    anomalies.push(...outcome.anomalies);
    const { plan } = reading as (typeof readings)[number];
    enforce(strict, outcome.anomalies);
    if (outcome.result === null) givenUp.add(plan);
    else if (strict) enforce(strict, readPartHead(plan).anomalies);
    read += plan.keys.length;
    const rate = read / Math.max(1e-3, (Date.now() - start) / 1000);
    bar.advance(plan.keys.length, `${rate.toFixed(0)} samples/s`);
  });
  bar.done(
    plans.length > missing.length ? `${plans.length - missing.length} parts were there` : '',
  );
  return { anomalies, made: plans.filter((plan) => !givenUp.has(plan)) };
}

/** The samples that may stay, and the split that each file says; null where material decides. */
function chooseSplit(
  catalogues: readonly Catalogue[],
  chosen: string[][],
  { split }: PrepareOptions,
): { keys: string[][]; anomalies: Anomaly[]; named: Split[] | null } {
  const named = split === 'material' ? null : officialSplits(catalogues);
  if (!named) {
    if (split === 'official') {
      throw usageError(
        '--split official: not every file name says train, dev or test',
        'use --split material',
      );
    }
    return { keys: chosen, anomalies: [], named };
  }
  return { ...withoutLeaks(catalogues, chosen, named), named };
}

/** The settings that the content of a store depends on. */
function settingsOf(options: PrepareOptions, splitBy: string): Record<string, unknown> {
  const { size, energies, maxPerMaterial, minMaterials, seed, rule } = options;
  const transform = 'clip(10 (max(ln I, -17) + 17), 0, 255) of the area-averaged intensity';
  const chosen = { energies, maxPerMaterial, minMaterials, rule };
  const given = Object.entries(chosen).filter(([, value]) => value !== undefined);
  return { size, transform, split: splitBy, seed, ...Object.fromEntries(given) };
}

/**
 * The settings that all files were simulated with, for crystals that are to be simulated likewise; null
 * where they tell none or differ. Energies and thicknesses stand with the rows.
 */
function commonSimulation(catalogues: readonly Catalogue[]) {
  const settings = catalogues.map(({ simulation }) => {
    if (simulation === null) return null;
    const { energies: _e, thicknesses: _t, ...rest } = simulation;
    return rest;
  });
  const [first] = settings;
  const same = settings.every((one) => JSON.stringify(one) === JSON.stringify(first));
  return same && first ? first : null;
}

/**
 * Reads files in the Summit layout into a prepared store: each sample once, reduced, with its
 * facts and its split. Work that is done stands in a folder beside the store, so that the same
 * call goes on where a killed one stopped. The store does not depend on the number of workers.
 * Readers that are given are ended with it.
 *
 * @throws an input error where an input does not exist, nothing can be used, or, when strict, at
 * the first sample that cannot be used.
 * @example
 * const { path, census } = await prepareStore(['batch_train_0.h5'], 'prepared.h5', {
 *   ...{ size: 64, split: 'material', seed: 0, workers: 2 },
 * });
 * @category Data
 */
export async function prepareStore(
  inputs: readonly string[],
  out: string,
  options: PrepareOptions,
): Promise<Prepared> {
  const readers = options.readers ?? new Readers(options);
  try {
    checkOutput(out);
    return await withOutputLock(
      resolve(out),
      () => prepareWith(inputs, out, { ...options, readers }),
      options.onWait && { onWait: options.onWait },
    );
  } finally {
    await readers.stop();
  }
}

async function prepareWith(
  inputs: readonly string[],
  out: string,
  options: PrepareOptions & { readers: Readers },
): Promise<Prepared> {
  const { size, strict } = options;
  const path = resolve(out);
  const folder = `${path}.parts`;
  const scanned = await scan(inputs, options);
  const { catalogues, camera } = oneCamera(scanned.catalogues, scanned.anomalies);
  if (size > camera.size) {
    throw usageError(
      `--size ${size}: the patterns have ${camera.size} pixels a side`,
      `give --size ${camera.size}`,
    );
  }
  const selected = selectSamples(catalogues, options);
  const chosen = chooseSplit(catalogues, selected.keys, options);
  const anomalies = [...scanned.anomalies, ...selected.anomalies, ...chosen.anomalies];
  enforce(strict, anomalies);
  mkdirSync(folder, { recursive: true });
  const plans = catalogues.map((catalogue, file) =>
    planParts(catalogue, chosen.keys[file]!, { size, folder, length: PART_SAMPLES }),
  );
  const parts = await makeParts(plans.flat(), { ...options, external: scanned.external });
  anomalies.push(...parts.anomalies);
  const splitBy = chosen.named ? 'official' : 'material';
  const simulation = commonSimulation(catalogues);
  const made = await putTogether(options.readers, {
    path: join(folder, 'store.h5'),
    sources: catalogues.map(({ path, bytes, digest, index }, i) => {
      const made = plans[i]!.filter((plan) => parts.made.includes(plan));
      const files = made.map(({ out }) => ({ out }));
      return { path, bytes, digest, index, parts: files, split: chosen.named?.[i] ?? null };
    }),
    split: { seed: options.seed, rule: options.rule },
    camera: resampledCamera(camera, size),
    config: { ...settingsOf(options, splitBy), ...(simulation && { simulation }) },
  });
  if (made.samples === 0) throw nothingToUse(anomalies.concat(made.anomalies));
  renameSync(join(folder, 'store.h5'), path);
  rmSync(folder, { recursive: true, force: true });
  const { digest, samples, census } = made;
  const facts = { census, digest, camera: resampledCamera(camera, size) };
  writeStoreCard(path, { ...facts, sources: catalogues.map((one) => basename(one.path)) });
  const told = distinctAnomalies([...anomalies, ...made.anomalies]);
  return { path, digest, samples, splitBy, census, anomalies: told };
}

/** A reader writes the store, as it has the HDF5 library at hand and this process need not. */
async function putTogether(readers: Readers, plan: Assembly): Promise<Assembled> {
  let made: Assembled | null = null;
  await readers.run([{ kind: 'assembly', plan }], (_, { result, anomalies }) => {
    if (result === null) {
      throw inputError(
        `${plan.path}: ${anomalies[0]!.reason}`,
        'run the same command again, with a larger --patience where the machine is busy: what was read is kept',
      );
    }
    made = assembledFrom(result);
  });
  return made!;
}
