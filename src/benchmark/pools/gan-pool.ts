import { rmSync } from 'node:fs';
import type { Classifier } from '../../../classifier/classifier.ts';
import {
  type ArchiveContents,
  openArchive,
  type SyntheticArchive,
  writeArchive,
  writeScored,
} from '../../../synthetic/archive/archive.ts';
import type { SampleScore } from '../../../synthetic/checks/acceptance.ts';
import { scoreArchive } from '../../../synthetic/checks/score.ts';
import type { Wanted } from '../../../synthetic/sampling/wanted.ts';
import { writeJson } from '../../common/files.ts';
import { drawnRecipe, type Makers } from './gan-drawn.ts';
import { makerClassifier, makerGan } from './makers.ts';
import { besidePool, type PoolWork, type SampleRecipe, SPARE, wantedOf } from './pool.ts';

/** Further samples for each one that a class lacks. */
const TOP_UP = 3;

/** Where samples lie until they are judged. */
const rawFile = ({ file }: PoolWork): string => besidePool(file, '.raw.h5');

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
  const score = await scoreArchive({ archive, store, verifier, ...settings, progress });
  writeJson(besidePool(file, '.score.json'), score);
  const passed = (sample: SampleScore) => ({ ...sample, accepted: true, reasons: [] });
  return { archive, samples: pool.applyChecks ? score.samples : score.samples.map(passed) };
}

/** Makes samples by a recipe until no class is left short, and judges them. */
async function fill<Sample>(
  work: PoolWork,
  verifier: Classifier,
  recipe: SampleRecipe<Sample>,
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
    generator: await makerGan(work),
  };
  try {
    const { archive, samples } = await fill(work, makers.verifier, drawnRecipe(work, makers));
    await writeScored(work.file, archive, samples);
  } finally {
    rmSync(rawFile(work), { force: true });
    for (const maker of Object.values(makers)) maker.dispose();
  }
}
