import { rmSync } from 'node:fs';
import type { Classifier } from '../../classifier/classifier.ts';
import type { GanModel } from '../../gan/model.ts';
import {
  type ArchiveContents,
  type SyntheticArchive,
  writeArchive,
} from '../../synthetic/archive.ts';
import { audit } from '../../synthetic/audit.ts';
import { type GanSample, ganArchive } from '../../synthetic/from-gan.ts';
import { verifierGate } from '../../synthetic/gates.ts';
import { writeJudged } from '../../synthetic/judged.ts';
import { openArchive } from '../../synthetic/open.ts';
import { seenBy } from '../../synthetic/provenance.ts';
import type { SampleScore } from '../../synthetic/samples.ts';
import { boundarySamples } from '../../synthetic/sampling/boundary.ts';
import { writeAttempts } from '../../synthetic/sampling/boundary-report.ts';
import { randomSamples } from '../../synthetic/sampling/random.ts';
import { boundarySearches } from '../../synthetic/sampling/searches.ts';
import type { Wanted } from '../../synthetic/sampling/wanted.ts';
import { writeJson } from '../ground/files.ts';
import { transferRecipe } from './gan-transfer.ts';
import { makerClassifier, makerGan } from './makers.ts';
import { missingRows, type PoolWork, type Recipe, rarest } from './pool.ts';

/** Samples made for each one wanted: some will be rejected. */
const SPARE = 1.6;

/** Latent vectors near a boundary are others than the random ones of the same GAN. */
const BOUNDARY_SEEDS = 40_000;

/** Rounds of random samples at most, latent vectors of one apart from those of another. */
const ROUNDS = 2;
const ROUND_SEEDS = 50_000;
/** Further samples for each one that a class lacks. */
const TOP_UP = 3;

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

const nextTo = (file: string, ending: string): string => file.replace(/\.h5$/, ending);

/** Where samples lie until they are judged. */
const rawFile = ({ file }: PoolWork): string => nextTo(file, '.raw.h5');

/** Random samples of the generator; each round has latent vectors of its own. */
const atRandom = (
  { cell, progress }: PoolWork,
  { model }: Makers,
  { wanted, round }: { wanted: Wanted; round: number },
) => randomSamples(model, { wanted, seed: cell.gan + ROUND_SEEDS * round }, progress);

/** Samples near the boundaries of each class with the partners that the pool asks for. */
async function nearBoundaries(
  { folder, store, pool, cell, file, progress }: PoolWork,
  { model, guide, verifier }: Makers,
  wanted: Wanted,
): Promise<GanSample[]> {
  const { boundaryClasses, boundaryAttempts: attempts, gradientSteps } = folder.study;
  const { epsilon, realismGate, partners, partnerBy: by, agreement } = pool;
  const partnering = { guide, store, allowed: model.hasZones, partners, by };
  const pairs = boundarySearches(partnering, rarest(wanted, boundaryClasses));
  const seed = BOUNDARY_SEEDS + cell.gan;
  const gates = realismGate ? [verifierGate([verifier], agreement)] : [];
  const made = await boundarySamples(
    { model, guide, verifiers: [verifier] },
    { pairs, attempts, epsilon, gradientSteps, gates, softLabels: true, seed },
    progress,
  );
  writeJson(nextTo(file, '.search.json'), made.summary);
  writeAttempts(nextTo(file, '.attempts.jsonl'), { ...made, seed });
  return made.samples;
}

/** Random samples and samples near boundaries. */
function drawnRecipe(work: PoolWork, makers: Makers): Recipe<GanSample> {
  const { source } = work.pool;
  const { model, guide } = makers;
  const seen = source === 'gan-random' ? null : seenBy(guide.digest, guide.seen.materials);
  const both = async (wanted: Wanted): Promise<GanSample[]> => {
    const near = await nearBoundaries(work, makers, wantedOf(work, SPARE / 2));
    const rest = new Map(wanted);
    for (const { passport } of near) rest.set(passport.class, rest.get(passport.class)! - 1);
    return [...near, ...(await atRandom(work, makers, { wanted: rest, round: 0 }))];
  };
  return {
    rounds: source === 'gan-boundary' ? 1 : ROUNDS,
    make(wanted, round) {
      if (source === 'gan-random' || round > 0) return atRandom(work, makers, { wanted, round });
      return source === 'gan-boundary' ? nearBoundaries(work, makers, wanted) : both(wanted);
    },
    archive: (made) => ganArchive({ model, store: work.store, guide: seen }, made),
  };
}

/** What classes lack still after judging, with spare for what that will reject. */
function lacking(work: PoolWork, samples: readonly SampleScore[]): Wanted {
  const lack = wantedOf(work, 1);
  for (const { spaceGroup, accepted } of samples) {
    const left = lack.get(spaceGroup);
    if (accepted && left !== undefined) lack.set(spaceGroup, left - 1);
  }
  return new Map(
    [...lack].flatMap(([c, left]) => (left > 0 ? [[c, Math.ceil(TOP_UP * left)]] : [])),
  );
}

/** Samples as an archive, and what was found of each. */
interface JudgedSamples {
  archive: SyntheticArchive;
  samples: readonly SampleScore[];
}

/** Judges samples by the checks that every archive goes through, unless the pool asks for none. */
async function judge(
  work: PoolWork,
  verifier: Classifier,
  contents: ArchiveContents,
): Promise<JudgedSamples> {
  const { store, pool, cell, file, progress } = work;
  const raw = rawFile(work);
  await writeArchive(raw, contents);
  const archive = await openArchive(raw);
  const settings = { perClass: false, casUpdates: 0, seed: cell.gan };
  const score = await audit({ archive, store, verifier, ...settings, progress });
  writeJson(nextTo(file, '.score.json'), score);
  const passed = (sample: SampleScore) => ({ ...sample, accepted: true, reasons: [] });
  return { archive, samples: pool.realismGate ? score.samples : score.samples.map(passed) };
}

/** Makes samples by a recipe until no class is left short, and judges them. */
async function fill<Sample>(
  work: PoolWork,
  verifier: Classifier,
  recipe: Recipe<Sample>,
): Promise<JudgedSamples> {
  const made = await recipe.make(wantedOf(work, SPARE), 0);
  let judged = await judge(work, verifier, recipe.archive(made));
  for (let round = 1; round < recipe.rounds; round++) {
    const wanted = lacking(work, judged.samples);
    if (wanted.size === 0) break;
    made.push(...(await recipe.make(wanted, round)));
    judged = await judge(work, verifier, recipe.archive(made));
  }
  return judged;
}

/**
 * Fills the rare classes with samples of the GAN, judged by a verifier of another seed. Classes
 * that judging leaves short get further random samples, so that arms add equal numbers; what lies
 * near a boundary cannot be had at will, and the arm of it alone stays short.
 */
export async function ganPool(work: PoolWork): Promise<void> {
  const makers: Makers = {
    guide: await makerClassifier(work, 'guide'),
    verifier: await makerClassifier(work, 'verifier'),
    model: await makerGan(work),
  };
  try {
    const judged =
      work.pool.source === 'gan-transfer'
        ? await fill(work, makers.verifier, transferRecipe(work, makers.model))
        : await fill(work, makers.verifier, drawnRecipe(work, makers));
    await writeJudged(work.file, judged.archive, judged.samples);
  } finally {
    rmSync(rawFile(work), { force: true });
    for (const maker of Object.values(makers)) maker.dispose();
  }
}
