import { rmSync } from 'node:fs';
import type { Classifier } from '../../classifier/classifier.ts';
import type { GanModel } from '../../gan/model.ts';
import { drawTriplets, randomOrigins } from '../../gan/sample.ts';
import { type ArchiveContents, writeArchive } from '../../synthetic/archive.ts';
import { audit } from '../../synthetic/audit.ts';
import { writeJudged } from '../../synthetic/judged.ts';
import { splitDigest } from '../../synthetic/leak.ts';
import { openArchive } from '../../synthetic/open.ts';
import { type Provenance, provenanceOf, seenBy } from '../../synthetic/provenance.ts';
import { writeJson } from '../ground/files.ts';
import { boundarySamples } from './boundary-samples.ts';
import { makerClassifier, makerGan } from './makers.ts';
import type { PoolWork } from './pools.ts';
import { missingRows } from './sampler-pool.ts';

/** Samples made for each one wanted: some will be rejected. */
export const SPARE = 1.6;

/** A synthetic triplet on its way into an archive. */
export interface Made {
  pixels: Uint8Array;
  passport: Provenance;
}

/** The makers of a pool, loaded. */
export interface Makers {
  model: GanModel;
  guide: Classifier;
  verifier: Classifier;
}

/** Random samples of the generator. */
async function randomSamples(
  work: PoolWork,
  { model }: Makers,
  wanted: Int32Array,
): Promise<Made[]> {
  const { store, cell, progress } = work;
  const origins = [...wanted].flatMap((count, label) =>
    count === 0
      ? []
      : randomOrigins(model, { spaceGroup: store.classes[label]!, count, seed: cell.gan }),
  );
  const drawn = await drawTriplets(model, origins, progress);
  return drawn.map(({ pixels }, i) => ({
    pixels,
    passport: provenanceOf(store.classes[origins[i]!.label]!, { seed: cell.gan }),
  }));
}

async function samplesOf(work: PoolWork, makers: Makers): Promise<Made[]> {
  const { store, pool } = work;
  const missing = missingRows(store.examples('train'), pool.fillTo);
  const whole = missing.map((count) => Math.ceil(SPARE * count));
  const half = missing.map((count) => Math.ceil((SPARE * count) / 2));
  switch (pool.source) {
    case 'gan-random':
      return randomSamples(work, makers, whole);
    case 'gan-boundary':
      return boundarySamples(work, makers, whole);
    default:
      return [
        ...(await randomSamples(work, makers, half)),
        ...(await boundarySamples(work, makers, half)),
      ];
  }
}

function contentsOf(
  { store, pool }: PoolWork,
  { model, guide }: Makers,
  made: readonly Made[],
): ArchiveContents {
  const each = store.size * store.size * 3;
  const images = new Uint8Array(made.length * each);
  made.forEach(({ pixels }, i) => {
    images.set(pixels, i * each);
  });
  const gan = seenBy(model.digest, model.lineage.materials);
  return {
    size: store.size,
    images,
    labels: made.map(({ passport }) => passport.class),
    classes: store.classes,
    camera: store.camera,
    provenance: made.map(({ passport }) => passport),
    origin: {
      store: store.digest,
      split: splitDigest(store),
      gan,
      guide: pool.source === 'gan-random' ? null : seenBy(guide.digest, guide.seen.materials),
      scalers: gan,
    },
  };
}

/** Judges the samples of an archive and writes it again with their passports stamped. */
async function judge(work: PoolWork, raw: string, verifier: Classifier): Promise<void> {
  const { store, pool, cell, file, progress } = work;
  const archive = await openArchive(raw);
  const settings = { perClass: false, casUpdates: 0, seed: cell.gan };
  const score = await audit({ archive, store, verifier, ...settings, progress });
  writeJson(file.replace(/\.h5$/, '.score.json'), score);
  const samples = pool.realismGate
    ? score.samples
    : score.samples.map((sample) => ({ ...sample, accepted: true, reasons: [] }));
  await writeJudged(file, archive, samples);
}

/** Fills the rare classes with samples of the GAN, judged by a verifier of another seed. */
export async function ganPool(work: PoolWork): Promise<void> {
  const makers: Makers = {
    guide: await makerClassifier(work, 'guide'),
    verifier: await makerClassifier(work, 'verifier'),
    model: await makerGan(work),
  };
  const raw = work.file.replace(/\.h5$/, '.raw.h5');
  try {
    await writeArchive(raw, contentsOf(work, makers, await samplesOf(work, makers)));
    await judge(work, raw, makers.verifier);
  } finally {
    rmSync(raw, { force: true });
    for (const maker of Object.values(makers)) maker.dispose();
  }
}
