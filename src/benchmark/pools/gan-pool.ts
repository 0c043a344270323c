import { rmSync } from 'node:fs';
import type { Classifier } from '../../../classifier/classifier.ts';
import {
  type ArchiveContents,
  openArchive,
  type SyntheticArchive,
  writeArchive,
  writeScored,
} from '../../../synthetic/archive/archive.ts';
import { type GanSample, generatorArchive } from '../../../synthetic/archive/from-generator.ts';
import type { SampleScore } from '../../../synthetic/checks/acceptance.ts';
import { scoreArchive } from '../../../synthetic/checks/score.ts';
import type { Wanted } from '../../../synthetic/sampling/wanted.ts';
import { cardBeside } from '../../common/card.ts';
import { writeJson } from '../../common/files.ts';
import { drawnRecipe, freshSamples, type Makers, randomCrystals } from './gan-drawn.ts';
import { makerClassifier, makerGan } from './makers.ts';
import {
  besidePool,
  fillOne,
  makesCrystals,
  type PoolWork,
  type SampleRecipe,
  spareOf,
  wantedOf,
} from './pool.ts';

/** Further samples for each one that a class lacks. */
const TOP_UP = 3;

/**
 * A crystal has the group of its label and its patterns are simulated, whoever takes them for another
 * or finds them unlike the others: those are the hard ones, and only copies and repetitions are rejected.
 */
function withoutDoubts(sample: SampleScore): SampleScore {
  const doubts: readonly string[] = ['verifier', 'realism', 'physics'];
  const reasons = sample.reasons.filter(({ kind }) => !doubts.includes(kind));
  return { ...sample, reasons, accepted: reasons.length === 0 };
}

/** Where samples lie until they are judged. */
const rawFile = ({ file }: PoolWork): string => besidePool(file, '.raw.h5');

/** What classes lack still after judging, with spare for what that will reject. */
function lacking(work: PoolWork, samples: readonly SampleScore[]): Wanted {
  const lack = wantedOf(work, 1);
  for (const { spaceGroup, accepted } of samples) if (accepted) fillOne(lack, spaceGroup);
  return new Map([...lack].map(([group, left]) => [group, Math.ceil(TOP_UP * left)]));
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
  const settings = { perClass: false, casUpdates: 0, networkUpdates: 0, seed: cell.gan };
  const score = await scoreArchive({ archive, store, verifier, ...settings, progress });
  const passed = (sample: SampleScore) => ({ ...sample, accepted: true, reasons: [] });
  const samples = !pool.applyChecks
    ? score.samples.map(passed)
    : makesCrystals(pool.source)
      ? score.samples.map(withoutDoubts)
      : score.samples;
  // As they were judged here, so that pictures show what the arms train with.
  writeJson(besidePool(file, '.score.json'), { ...score, samples });
  return { archive, samples };
}

/** Makes samples by a recipe until no class is left short, and judges them. */
async function fill<Sample>(
  work: PoolWork,
  verifier: Classifier,
  recipe: SampleRecipe<Sample>,
): Promise<JudgedSamples> {
  const made = await recipe.make(wantedOf(work, spareOf(work.pool.source)), 0);
  let judged = await judge(work, verifier, recipe.archive(made));
  for (let round = 1; round < recipe.rounds; round++) {
    const wanted = lacking(work, judged.samples);
    if (wanted.size === 0) break;
    made.push(...(await recipe.make(wanted, round)));
    judged = await judge(work, verifier, recipe.archive(made));
  }
  return judged;
}

/** Rounds of crystals at most, and how far apart their seeds lie. */
const CRYSTAL_ROUNDS = 3;
const ROUND_SEEDS = 50_000;

/**
 * Fills the rare classes with crystals of a crystal GAN, as many as the free controls simulate: their
 * labels are right by construction, so nothing is scored. What was refused stands beside the archive.
 */
async function crystalGanPool(work: PoolWork): Promise<void> {
  const { store, cell, file } = work;
  const generator = await makerGan(work);
  try {
    const lacking = wantedOf(work, 1);
    const made: GanSample[] = [];
    const refused: Record<string, number> = {};
    let proposed = 0;
    for (let round = 0; round < CRYSTAL_ROUNDS && lacking.size > 0; round++) {
      const seed = cell.gan + ROUND_SEEDS * round;
      const drawn = await (round === 0
        ? randomCrystals(work, generator)
        : freshSamples(work, generator, { wanted: lacking, seed }));
      proposed += drawn.proposed;
      for (const [reason, count] of Object.entries(drawn.refused)) {
        refused[reason] = (refused[reason] ?? 0) + count;
      }
      made.push(...drawn.samples);
      for (const { passport } of drawn.samples) fillOne(lacking, passport.class);
    }
    writeJson(besidePool(file, '.crystals.json'), {
      proposed,
      refused,
      filled: made.length,
      lacking: Object.fromEntries(lacking),
    });
    const accepted = made.map(({ sample, passport }) => ({
      sample,
      passport: { ...passport, accepted: true },
    }));
    await writeArchive(
      file,
      generatorArchive({ generator, store, guide: null, verifiers: [] }, accepted),
    );
  } finally {
    generator.dispose();
  }
}

/**
 * Fills the rare classes with samples of the GAN, judged by a verifier of another seed. Classes
 * that judging leaves short get further random samples, so that arms add equal numbers; what lies
 * near a boundary cannot be had at will, and the arm of it alone stays short.
 */
export async function ganPool(work: PoolWork): Promise<void> {
  if (work.pool.source === 'gan-crystal') return crystalGanPool(work);
  const makers: Makers = {
    guide: await makerClassifier(work, 'guide'),
    verifier: await makerClassifier(work, 'verifier'),
    generator: await makerGan(work),
  };
  try {
    const { archive, samples } = await fill(work, makers.verifier, drawnRecipe(work, makers));
    await writeScored(work.file, archive, samples);
  } finally {
    const raw = rawFile(work);
    for (const path of [raw, cardBeside(raw)]) rmSync(path, { force: true });
    for (const maker of Object.values(makers)) maker.dispose();
  }
}
