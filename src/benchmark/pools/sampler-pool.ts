import { writeArchive } from '../../../synthetic/archive/archive.ts';
import { passportOf, recordMaterials } from '../../../synthetic/archive/passport.ts';
import { splitDigest } from '../../../synthetic/leak-guard.ts';
import { ClassTables } from '../../codec/class-tables.ts';
import { type CodecPool, drawPool, type SamplerName } from '../../codec/samplers.ts';
import { digestOf } from '../../common/digest.ts';
import { Stream } from '../../common/stream.ts';
import { missingRows, type PoolWork } from './pool.ts';

/** Passports of codec draws: the training materials that each was made from. */
const passports = (drawn: CodecPool, tables: ClassTables) =>
  drawn.draws.map(({ label, sources, share }) =>
    passportOf(tables.set.classes[label]!, {
      parents: [...new Set(sources.map((row) => tables.triplet(row).material))],
      share: share > 0 ? Math.min(share, 1 - share) : null,
      accepted: true,
    }),
  );

/** Fills the rare classes with a codec sampler, the control of every GAN. */
export async function samplerPool(work: PoolWork): Promise<void> {
  const { store, discs, pool, cell, file, progress } = work;
  const train = store.examples('train');
  const tables = new ClassTables(discs());
  const sampler = pool.source as SamplerName;
  const counts = missingRows(train, pool.fillTo);
  const stream = new Stream(cell.gan, `pool/${sampler}`);
  const drawn = await drawPool(tables, { sampler, counts, stream }, progress);
  const maker = recordMaterials(digestOf({ sampler, seed: cell.gan }), train.materials);
  await writeArchive(file, {
    size: store.size,
    images: drawn.images,
    labels: drawn.labels.map((label) => store.classes[label]!),
    classes: store.classes,
    camera: store.camera,
    passports: passports(drawn, tables),
    origin: {
      store: store.digest,
      split: splitDigest(store),
      gan: maker,
      guide: null,
      scalers: maker,
    },
  });
}
