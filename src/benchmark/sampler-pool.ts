import { type ArchiveContents, writeArchive } from '../../synthetic/archive.ts';
import { splitDigest } from '../../synthetic/leak.ts';
import { provenanceOf, seenBy } from '../../synthetic/provenance.ts';
import { renderTriplets, storedPixels } from '../codec/batch.ts';
import { ClassTables } from '../codec/class-tables.ts';
import { encodeExamples } from '../codec/encode.ts';
import { type CodecDraw, drawSamples, type SamplerName } from '../codec/samplers.ts';
import { classCounts } from '../dataset/examples.ts';
import type { StoreExamples } from '../dataset/store-examples.ts';
import { digestOf } from '../ground/digest.ts';
import { Stream } from '../ground/stream.ts';
import { crystalPool } from './crystal-pool.ts';
import type { PoolWork } from './pools.ts';

/** Triplets drawn at once. */
const BLOCK = 32;

/** Stored pixels of codec draws, block by block. */
export async function pixelsOf(draws: readonly CodecDraw[], size: number): Promise<Uint8Array> {
  const each = size * size * 3;
  const pixels = new Uint8Array(draws.length * each);
  for (let from = 0; from < draws.length; from += BLOCK) {
    const drawn = renderTriplets(draws.slice(from, from + BLOCK).map(({ discs }) => discs));
    pixels.set(await storedPixels(drawn), from * each);
    drawn.dispose();
  }
  return pixels;
}

/** Rows that each class lacks up to `fillTo`, by class index. */
export const missingRows = (
  train: StoreExamples,
  fillTo: number,
): { label: number; count: number }[] =>
  [...classCounts(train)]
    .map((count, label) => ({ label, count: count === 0 ? 0 : Math.max(0, fillTo - count) }))
    .filter(({ count }) => count > 0);

/** The archive of a codec sampler: the control of every GAN, made of the same tables. */
function contentsOf(
  work: PoolWork,
  draws: readonly CodecDraw[],
  pixels: Uint8Array,
  train: StoreExamples,
): ArchiveContents {
  const { store, pool, cell } = work;
  const sampler = seenBy(digestOf({ sampler: pool.source, seed: cell.gan }), train.materials);
  return {
    size: store.size,
    images: pixels,
    labels: draws.map(({ label }) => store.classes[label]!),
    classes: store.classes,
    camera: store.camera,
    provenance: draws.map(({ label, sources, share }) =>
      provenanceOf(store.classes[label]!, {
        parents: [...new Set(sources.map((row) => train.materials[row]!))],
        share: share > 0 ? Math.min(share, 1 - share) : null,
        accepted: true,
      }),
    ),
    origin: {
      store: store.digest,
      split: splitDigest(store),
      gan: sampler,
      guide: null,
      scalers: sampler,
    },
  };
}

/** Fills the rare classes with a codec sampler, or with new crystals of their own. */
export async function samplerPool(work: PoolWork): Promise<void> {
  if (work.pool.source === 'crystals') return crystalPool(work);
  const { store, pool, cell, file, progress } = work;
  const train = store.examples('train');
  const tables = new ClassTables(encodeExamples(train, progress));
  const stream = new Stream(cell.gan, `pool/${pool.source}`);
  const draws = missingRows(train, pool.fillTo).flatMap((request) =>
    drawSamples(tables, { ...request, sampler: pool.source as SamplerName, stream }),
  );
  const materials = { ...train, materials: tables.set.triplets.map(({ material }) => material) };
  await writeArchive(file, contentsOf(work, draws, await pixelsOf(draws, store.size), materials));
}
