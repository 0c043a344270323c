import { rmSync } from 'node:fs';
import type { Classifier } from '../../classifier/classifier.ts';
import type { GanModel } from '../../gan/model.ts';
import { drawTriplets, randomOrigins } from '../../gan/sample.ts';
import { type ArchiveContents, writeArchive } from '../../synthetic/archive.ts';
import { audit } from '../../synthetic/audit.ts';
import { writeJudged } from '../../synthetic/judged.ts';
import { splitDigest } from '../../synthetic/leak.ts';
import { openArchive } from '../../synthetic/open.ts';
import { provenanceOf, seenBy } from '../../synthetic/provenance.ts';
import type { Store } from '../dataset/store.ts';
import { writeJson } from '../ground/files.ts';
import { makerClassifier, makerGan } from './makers.ts';
import type { PoolWork } from './pools.ts';
import { missingRows } from './sampler-pool.ts';

/** Samples drawn for each one wanted: some will be rejected. */
const SPARE = 1.6;

/** What random samples of the generator an archive holds. */
async function randomContents(work: PoolWork, model: GanModel): Promise<ArchiveContents> {
  const { store, pool, cell, progress } = work;
  const missing = missingRows(store.examples('train'), pool.fillTo);
  const origins = [...missing].flatMap((count, label) =>
    count === 0
      ? []
      : randomOrigins(model, {
          spaceGroup: store.classes[label]!,
          count: Math.ceil(SPARE * count),
          seed: cell.gan,
        }),
  );
  const drawn = await drawTriplets(model, origins, progress);
  const each = store.size * store.size * 3;
  const images = new Uint8Array(drawn.length * each);
  drawn.forEach(({ pixels }, i) => {
    images.set(pixels, i * each);
  });
  return {
    size: store.size,
    images,
    labels: origins.map(({ label }) => store.classes[label]!),
    classes: store.classes,
    camera: store.camera,
    provenance: origins.map(({ label }) => provenanceOf(store.classes[label]!, { seed: cell.gan })),
    origin: originOf(store, model, null),
  };
}

function originOf(store: Store, model: GanModel, guide: Classifier | null) {
  const gan = seenBy(model.digest, model.lineage.materials);
  return {
    store: store.digest,
    split: splitDigest(store),
    gan,
    guide: guide && seenBy(guide.digest, guide.seen.materials),
    scalers: gan,
  };
}

/** Judges the samples of an archive and writes it again with their passports stamped. */
async function judge(work: PoolWork, raw: string, verifier: Classifier): Promise<void> {
  const { store, pool, cell, file, progress } = work;
  const archive = await openArchive(raw);
  const score = await audit({
    archive,
    store,
    verifier,
    perClass: false,
    casUpdates: 0,
    seed: cell.gan,
    progress,
  });
  writeJson(file.replace(/\.h5$/, '.score.json'), score);
  const samples = pool.realismGate
    ? score.samples
    : score.samples.map((sample) => ({ ...sample, accepted: true, reasons: [] }));
  await writeJudged(file, archive, samples);
}

/** Fills the rare classes with samples of the GAN, judged by a verifier of another seed. */
export async function ganPool(work: PoolWork): Promise<void> {
  const model = await makerGan(work);
  const verifier = await makerClassifier(work, 'verifier');
  const raw = work.file.replace(/\.h5$/, '.raw.h5');
  try {
    await writeArchive(raw, await randomContents(work, model));
    await judge(work, raw, verifier);
  } finally {
    rmSync(raw, { force: true });
    model.dispose();
    verifier.dispose();
  }
}
