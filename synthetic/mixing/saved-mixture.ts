import { z } from 'zod';
import { inputError } from '../../src/common/errors.ts';
import { writeJson } from '../../src/common/files.ts';
import { readJson } from '../../src/common/run.ts';
import { Stream } from '../../src/common/stream.ts';
import { writeStoreCard } from '../../src/dataset/card.ts';
import { storeCensus } from '../../src/dataset/census.ts';
import { fromPixels } from '../../src/dataset/intensity/transform.ts';
import { SPLITS } from '../../src/dataset/split.ts';
import { type RowInput, tableOf } from '../../src/dataset/store/rows.ts';
import { openStore, type Store } from '../../src/dataset/store/store.ts';
import { writeTable } from '../../src/dataset/store/store-write.ts';
import type { Sample, SampleFacts } from '../../src/simulate/sample.ts';
import { openArchive } from '../archive/archive.ts';
import { refuseLeaks, storeOf } from '../leak-guard.ts';
import { type ClassMix, type MixOptions, type Mixture, mix } from './mix.ts';

/** Name of a mixture's file in its run. */
export const MIXTURE_FILE = 'mixture.json';

/** A mixture as it is kept: which rows of which files, and how they were chosen. */
export interface SavedMixture {
  format: 'cbed-gan mixture 1';
  store: { path: string; digest: string };
  archive: { path: string; digest: string };
  options: MixOptions;
  seed: number;
  perClass: readonly ClassMix[];
  realRows: number[];
  syntheticRows: number[];
}

const fileSchema = z.object({ path: z.string(), digest: z.string() });
const rowsSchema = z.array(z.int().min(0));
/** What is made again, and what has to come out of it. */
const savedSchema = z.object({
  store: fileSchema,
  archive: fileSchema,
  options: z.looseObject({ undersampling: z.looseObject({}) }),
  seed: z.int(),
  realRows: rowsSchema,
  syntheticRows: rowsSchema,
});

/** Writes which rows make up a mixture; the pixels stay where they are. */
export function saveMixture(
  path: string,
  mixture: Mixture,
  made: { options: MixOptions; seed: number },
) {
  const { archive, perClass, realRows, syntheticRows } = mixture;
  const store = storeOf(archive);
  const { margins, rows, ...undersampling } = made.options.undersampling;
  const saved: SavedMixture = {
    format: 'cbed-gan mixture 1',
    store: { path: store.path, digest: store.digest },
    archive: { path: archive.path, digest: archive.digest },
    options: {
      ...made.options,
      undersampling: {
        ...undersampling,
        ...(margins && { margins: Array.from(margins) }),
        ...(rows && { rows: Array.from(rows) }),
      },
    },
    seed: made.seed,
    perClass,
    realRows: [...realRows],
    syntheticRows: [...syntheticRows],
  };
  writeJson(path, saved);
}

/** The stream that mixes with a seed. */
export const mixingStream = (seed: number): Stream => new Stream(seed, 'mix');

/**
 * Makes a saved mixture again from its store and archive: the leak guard runs again, and the rows
 * must come out the same.
 *
 * @throws input error where a file is missing, was changed or leaks.
 */
export async function openMixture(path: string): Promise<Mixture> {
  const saved = readJson<SavedMixture>(path);
  if (saved.format !== 'cbed-gan mixture 1') {
    throw inputError(`${path} is not a mixture`, 'make one: gan mix');
  }
  readJson(path, savedSchema);
  const store = await openStore(saved.store.path);
  const archive = await openArchive(saved.archive.path);
  for (const [file, kept] of [
    [store, saved.store],
    [archive, saved.archive],
  ] as const) {
    if (file.digest !== kept.digest) {
      throw inputError(
        `${kept.path} is not the file that ${path} was mixed from`,
        'mix again: gan mix',
      );
    }
  }
  const clean = refuseLeaks(archive, store);
  const mixture = mix(clean, { ...saved.options, stream: mixingStream(saved.seed) });
  const same =
    mixture.realRows.join() === saved.realRows.join() &&
    mixture.syntheticRows.join() === saved.syntheticRows.join();
  if (!same) throw inputError(`the rows listed in ${path} were changed`, 'mix again: gan mix');
  return mixture;
}

const BLOCK = 256;

/** What is known of a synthetic triplet: its space group. */
const syntheticFacts = (spaceGroup: number, material: string): SampleFacts => ({
  spaceGroup,
  material,
  formula: 'synthetic',
  energy: Number.NaN,
  zones: [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ],
  inPlane: null,
  semiAngles: null,
  spacings: null,
  cell: null,
  thickness: null,
});

const realRow = (store: Store, row: number): RowInput => ({
  key: store.rows.key[row]!,
  split: SPLITS[store.rows.split[row]!]!,
  facts: store.facts(row),
});

/** Facts and names of the examples of a mixture, in order; all are training rows. */
function mixedRows(mixture: Mixture): RowInput[] {
  const { realRows, classes, labels, materials } = mixture;
  const store = storeOf(mixture.archive);
  return Array.from(
    { length: mixture.count },
    (_, i): RowInput =>
      i < realRows.length
        ? realRow(store, realRows[i]!)
        : {
            key: `sample_synthetic${i - realRows.length}_0`,
            split: 'train',
            facts: syntheticFacts(classes[labels[i]!]!, materials[i]!),
          },
  );
}

function* blocksOf(count: number, images: (rows: number[]) => Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < count; from += BLOCK) {
    yield images(Array.from({ length: Math.min(BLOCK, count - from) }, (_, i) => from + i));
  }
}

/**
 * Writes a mixture as a prepared store: its examples as the training part, and the store's own
 * validation and test rows, which are real. Weights and soft labels stay in the mixture's file.
 */
export async function exportStore(path: string, mixture: Mixture): Promise<string> {
  const store = storeOf(mixture.archive);
  const held = [...store.indices('validation'), ...store.indices('test')];
  const images = function* () {
    yield* blocksOf(mixture.count, (rows) => mixture.images(rows));
    yield* blocksOf(held.length, (rows) => store.images(rows.map((i) => held[i]!)));
  };
  const { camera } = store;
  const table = tableOf([...mixedRows(mixture), ...held.map((row) => realRow(store, row))]);
  const digest = await writeTable(path, table, {
    camera,
    images: images(),
    config: {
      ...store.config,
      mixedFrom: { store: store.digest, archive: mixture.archive.digest },
    },
    sources: store.sources,
  });
  const census = storeCensus({ ...table, count: table.rows.key.length });
  writeStoreCard(path, { census, camera, sources: [store.path, mixture.archive.path], digest });
  return digest;
}

/** The examples of a mixture as samples in linear intensity, for the Summit layout. */
export function* mixtureSamples(mixture: Mixture): Generator<Sample> {
  const { camera } = storeOf(mixture.archive);
  const rows = mixedRows(mixture);
  for (let i = 0; i < mixture.count; i++) {
    const { key, facts } = rows[i]!;
    yield { ...facts, key, camera, stack: fromPixels(mixture.images([i]), mixture.size) };
  }
}
