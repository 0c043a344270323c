import { writeArchive } from '../../synthetic/archive.ts';
import { splitDigest } from '../../synthetic/leak.ts';
import { provenanceOf, seenBy } from '../../synthetic/provenance.ts';
import type { Crystal } from '../crystal/crystal.ts';
import { generateCrystal } from '../crystal/generate.ts';
import { toPixels } from '../dataset/transform.ts';
import { Stream } from '../ground/stream.ts';
import { simulationSchema } from '../simulate/options.ts';
import { simulateTriplets } from '../simulate/triplets.ts';
import { missingRows, type PoolWork } from './pool.ts';

function crystalsFor({ store, pool, cell }: PoolWork): Crystal[] {
  const stream = new Stream(cell.gan, 'pool/crystals');
  const missing = missingRows(store.examples('train'), pool.fillTo);
  return [...missing].flatMap((count, label) =>
    Array.from({ length: count }, (_, i) => {
      const spaceGroup = store.classes[label]!;
      const id = `pool:${cell.gan}-${spaceGroup}-${i}`;
      return generateCrystal({ spaceGroup, stream: stream.split(`${spaceGroup}/${i}`), id });
    }),
  );
}

/**
 * New crystals of the rare groups, simulated like the data: the physical reference that a
 * generator of pictures is measured against. They are new materials, so they saw nothing; the
 * archive says the training materials, which chose how many are made.
 */
export async function crystalPool(work: PoolWork): Promise<void> {
  const { store, file, progress } = work;
  const crystals = crystalsFor(work);
  const groups = new Map(crystals.map((crystal) => [crystal.material, crystal.spaceGroup]));
  const options = simulationSchema.parse({ size: store.size });
  const images: Uint8Array[] = [];
  const labels: number[] = [];
  for await (const outcome of simulateTriplets(crystals, options, progress)) {
    if (!('ok' in outcome)) continue;
    images.push(toPixels(outcome.ok.stack, store.size));
    labels.push(groups.get(outcome.ok.material) ?? outcome.ok.spaceGroup);
  }
  const each = store.size * store.size * 3;
  const pixels = new Uint8Array(images.length * each);
  images.forEach((image, i) => {
    pixels.set(image, i * each);
  });
  const maker = seenBy('generated crystals', store.examples('train').materials);
  await writeArchive(file, {
    size: store.size,
    images: pixels,
    labels,
    classes: store.classes,
    camera: store.camera,
    provenance: labels.map((label) => provenanceOf(label, { accepted: true })),
    origin: {
      store: store.digest,
      split: splitDigest(store),
      gan: maker,
      guide: null,
      scalers: null,
    },
  });
}
