import { fromPixels } from '../../src/dataset/intensity/transform.ts';
import { SPLITS } from '../../src/dataset/split.ts';
import type { RowInput } from '../../src/dataset/store/rows.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { writeStore } from '../../src/dataset/store/store-write.ts';
import type { Sample, SampleFacts } from '../../src/simulate/sample.ts';
import { storeOf } from '../leak-guard.ts';
import type { Mixture } from '../mixing/mix.ts';

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
  return writeStore(path, {
    camera: store.camera,
    rows: [...mixedRows(mixture), ...held.map((row) => realRow(store, row))],
    images: images(),
    config: {
      ...store.config,
      mixedFrom: { store: store.digest, archive: mixture.archive.digest },
    },
    sources: store.sources,
  });
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
