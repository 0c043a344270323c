import { rmSync } from 'node:fs';
import type { Classifier } from '../../classifier/classifier.ts';
import type { GanModel } from '../../gan/model.ts';
import { writeArchive } from '../../synthetic/archive.ts';
import { audit } from '../../synthetic/audit.ts';
import { type GanSample, ganArchive } from '../../synthetic/from-gan.ts';
import { verifierGate } from '../../synthetic/gates.ts';
import { writeJudged } from '../../synthetic/judged.ts';
import { openArchive } from '../../synthetic/open.ts';
import { seenBy } from '../../synthetic/provenance.ts';
import { boundarySamples } from '../../synthetic/sampling/boundary.ts';
import { writeAttempts } from '../../synthetic/sampling/boundary-report.ts';
import { likeliestPairs } from '../../synthetic/sampling/pairs.ts';
import { randomSamples } from '../../synthetic/sampling/random.ts';
import type { Wanted } from '../../synthetic/sampling/wanted.ts';
import { writeJson } from '../ground/files.ts';
import { makerClassifier, makerGan } from './makers.ts';
import type { PoolWork } from './pools.ts';
import { missingRows } from './sampler-pool.ts';

/** Samples made for each one wanted: some will be rejected. */
const SPARE = 1.6;

/** Latent vectors near a boundary are others than the random ones of the same GAN. */
const BOUNDARY_SEEDS = 40_000;

/** The makers of a pool, loaded. */
interface Makers {
  model: GanModel;
  guide: Classifier;
  verifier: Classifier;
}

/** Triplets to make of each class that lacks rows, as a share of what it lacks. */
function wantedOf({ store, pool }: PoolWork, share: number): Map<number, number> {
  const missing = missingRows(store.examples('train'), pool.fillTo);
  const counts = Array.from(missing, (count) => Math.ceil(share * count));
  return new Map(
    store.classes.flatMap((c, label) => (counts[label]! ? [[c, counts[label]!]] : [])),
  );
}

/** Classes whose boundaries are searched: those with most rows missing, the rarest, first. */
const searched = (wanted: Wanted, most: number): Wanted =>
  new Map(
    [...wanted]
      .sort(([a, x], [b, y]) => y - x || a - b)
      .slice(0, most)
      .sort(([a], [b]) => a - b),
  );

const nextTo = (file: string, ending: string): string => file.replace(/\.h5$/, ending);

/** Random samples of the generator. */
const atRandom = ({ cell, progress }: PoolWork, { model }: Makers, wanted: Wanted) =>
  randomSamples(model, { wanted, seed: cell.gan }, progress);

/** Samples near the boundary of each class with the one it is most confused with. */
async function nearBoundaries(
  { folder, store, pool, cell, file, progress }: PoolWork,
  { model, guide, verifier }: Makers,
  wanted: Wanted,
): Promise<GanSample[]> {
  const { boundaryClasses, boundaryAttempts: attempts, gradientSteps } = folder.study;
  const pairs = likeliestPairs({ model, guide, store }, searched(wanted, boundaryClasses));
  const { epsilon, realismGate } = pool;
  const seed = BOUNDARY_SEEDS + cell.gan;
  const gates = realismGate ? [verifierGate([verifier])] : [];
  const made = await boundarySamples(
    { model, guide, verifiers: [verifier] },
    { pairs, attempts, epsilon, gradientSteps, gates, softLabels: true, seed },
    progress,
  );
  writeJson(nextTo(file, '.search.json'), made.summary);
  writeAttempts(nextTo(file, '.attempts.jsonl'), made.results, seed);
  return made.samples;
}

async function samplesOf(work: PoolWork, makers: Makers): Promise<GanSample[]> {
  switch (work.pool.source) {
    case 'gan-random':
      return atRandom(work, makers, wantedOf(work, SPARE));
    case 'gan-boundary':
      return nearBoundaries(work, makers, wantedOf(work, SPARE));
    default: {
      const half = wantedOf(work, SPARE / 2);
      return [
        ...(await atRandom(work, makers, half)),
        ...(await nearBoundaries(work, makers, half)),
      ];
    }
  }
}

/** Judges the samples of an archive and writes it again with their passports stamped. */
async function judge(work: PoolWork, raw: string, verifier: Classifier): Promise<void> {
  const { store, pool, cell, file, progress } = work;
  const archive = await openArchive(raw);
  const settings = { perClass: false, casUpdates: 0, seed: cell.gan };
  const score = await audit({ archive, store, verifier, ...settings, progress });
  writeJson(nextTo(file, '.score.json'), score);
  const samples = pool.realismGate
    ? score.samples
    : score.samples.map((sample) => ({ ...sample, accepted: true, reasons: [] }));
  await writeJudged(file, archive, samples);
}

/** Fills the rare classes with samples of the GAN, judged by a verifier of another seed. */
export async function ganPool(work: PoolWork): Promise<void> {
  const { store, pool, file } = work;
  const makers: Makers = {
    guide: await makerClassifier(work, 'guide'),
    verifier: await makerClassifier(work, 'verifier'),
    model: await makerGan(work),
  };
  const { model, guide, verifier } = makers;
  const seen = pool.source === 'gan-random' ? null : seenBy(guide.digest, guide.seen.materials);
  const raw = nextTo(file, '.raw.h5');
  try {
    const samples = await samplesOf(work, makers);
    await writeArchive(raw, ganArchive({ model, store, guide: seen }, samples));
    await judge(work, raw, verifier);
  } finally {
    rmSync(raw, { force: true });
    for (const maker of Object.values(makers)) maker.dispose();
  }
}
