import type { Classifier } from '../../../classifier/classifier.ts';
import { searchSpaceOf } from '../../../gan/boundary/search.ts';
import type { Generator } from '../../../gan/generator.ts';
import { type GanSample, generatorArchive } from '../../../synthetic/archive/from-generator.ts';
import { recordMaterials } from '../../../synthetic/archive/passport.ts';
import { verifierCheck } from '../../../synthetic/checks/candidate-checks.ts';
import { boundarySamples } from '../../../synthetic/sampling/boundary.ts';
import { writeAttempts } from '../../../synthetic/sampling/boundary-report.ts';
import { type RandomSamples, randomSamples } from '../../../synthetic/sampling/random.ts';
import { boundarySearches } from '../../../synthetic/sampling/searches.ts';
import type { Wanted } from '../../../synthetic/sampling/wanted.ts';
import { digestOf } from '../../common/digest.ts';
import { writeJson } from '../../common/files.ts';
import { withoutHeldOut } from './crystal-pool.ts';
import {
  besidePool,
  fillOne,
  makesCrystals,
  type PoolWork,
  rarest,
  type SampleRecipe,
  spareOf,
  wantedOf,
} from './pool.ts';

/** Latent vectors near a boundary are others than the random ones of the same GAN. */
const BOUNDARY_SEEDS = 40_000;

/** Rounds of random samples at most, latent vectors of one apart from those of another. */
const ROUNDS = 2;
const ROUND_SEEDS = 50_000;

/** The makers of a pool, loaded. */
export interface Makers {
  generator: Generator;
  guide: Classifier;
  verifier: Classifier;
}

/** Random samples of the generator; each round has latent vectors of its own. */
async function atRandom(
  { cell, progress }: PoolWork,
  { generator }: Makers,
  { wanted, round }: { wanted: Wanted; round: number },
): Promise<GanSample[]> {
  const seed = cell.gan + ROUND_SEEDS * round;
  return (await randomSamples(generator, { wanted, seed, progress })).samples;
}

/** Random samples without what by chance is a held-out triplet. */
export async function freshSamples(
  { store, progress }: PoolWork,
  generator: Generator,
  request: { wanted: Wanted; seed: number },
): Promise<RandomSamples> {
  const drawn = await randomSamples(generator, { ...request, progress });
  return {
    ...drawn,
    samples: withoutHeldOut(store, drawn.samples, ({ sample }) => sample.pixels),
  };
}

/**
 * Random crystals of a crystal GAN, as many as the classes lack. The pools of a group that differ in
 * what lies near boundaries alone share them, so that arms do too.
 */
export function randomCrystals(work: PoolWork, generator: Generator): Promise<RandomSamples> {
  const { cell, pool, shared } = work;
  const name = digestOf({ gan: cell.gan, fillTo: pool.fillTo, each: pool.each ?? null });
  const drawn =
    shared.get(name) ??
    freshSamples(work, generator, { wanted: wantedOf(work, 1), seed: cell.gan });
  shared.set(name, drawn);
  return drawn;
}

/** Samples near the boundaries of each class with the partners that the pool asks for. */
async function nearBoundaries(
  { folder, store, pool, cell, file, progress }: PoolWork,
  { generator, guide, verifier }: Makers,
  wanted: Wanted,
): Promise<GanSample[]> {
  const { boundaryClasses, boundaryAttempts: attempts, gradientSteps } = folder.study;
  const { epsilon, applyChecks, partners, partnerBy: by, agreement } = pool;
  const space = searchSpaceOf(generator);
  const partnering = { guide, store, space, partners, by };
  const pairs = boundarySearches(partnering, rarest(wanted, boundaryClasses));
  const seed = BOUNDARY_SEEDS + cell.gan;
  const checks = applyChecks ? [verifierCheck([verifier], agreement)] : [];
  const made = await boundarySamples(
    { generator, guide, verifiers: [verifier] },
    { pairs, attempts, epsilon, gradientSteps, checks, softLabels: true, seed },
    progress,
  );
  writeJson(besidePool(file, '.search.json'), made.summary);
  writeAttempts(besidePool(file, '.attempts.jsonl'), { ...made, seed });
  return made.samples;
}

/** Share of the rows of a pool that is searched near boundaries. */
const nearShareOf = ({ source, nearShare = 1 }: PoolWork['pool']): number =>
  source === 'gan-random' ? 0 : source === 'gan-both' ? 0.5 : nearShare;

/** Random samples and samples near boundaries. */
export function drawnRecipe(work: PoolWork, makers: Makers): SampleRecipe<GanSample> {
  const { generator, guide } = makers;
  const share = nearShareOf(work.pool);
  const crystals = makesCrystals(work.pool.source);
  const recordOf = ({ digest, seen }: typeof guide) => recordMaterials(digest, seen.materials);
  const near = share > 0;
  const archived = {
    generator,
    store: work.store,
    guide: near ? recordOf(guide) : null,
    verifiers: near ? [recordOf(makers.verifier)] : [],
  };
  const both = async (wanted: Wanted): Promise<GanSample[]> => {
    const near = await nearBoundaries(
      work,
      makers,
      wantedOf(work, spareOf(work.pool.source) * share),
    );
    const rest = new Map(wanted);
    for (const { passport } of near) fillOne(rest, passport.class);
    if (!crystals) return [...near, ...(await atRandom(work, makers, { wanted: rest, round: 0 }))];
    const random = (await randomCrystals(work, generator)).samples.filter(({ passport }) => {
      const wanted = rest.has(passport.class);
      fillOne(rest, passport.class);
      return wanted;
    });
    return [...near, ...random];
  };
  return {
    // Of crystals hardly any is rejected.
    rounds: share === 1 || crystals ? 1 : ROUNDS,
    async make(wanted, round) {
      const made =
        share === 0 || round > 0
          ? await atRandom(work, makers, { wanted, round })
          : await (share === 1 ? nearBoundaries(work, makers, wanted) : both(wanted));
      return withoutHeldOut(work.store, made, ({ sample }) => sample.pixels);
    },
    archive: (made) => generatorArchive(archived, made),
  };
}
