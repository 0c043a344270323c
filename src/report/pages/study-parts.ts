import { existsSync } from 'node:fs';
import { openArchive } from '../../../synthetic/archive/archive.ts';
import { divided, studyStorePath } from '../../benchmark/study/divided.ts';
import { readOutcomes, type StudyFolder } from '../../benchmark/study/folder.ts';
import { messageOf } from '../../common/errors.ts';
import type { ProgressFactory } from '../../common/progress.ts';
import { openStore, type Store } from '../../dataset/store/store.ts';
import { type Section, textHtml } from './page.ts';
import { type DataPictures, dataSection, drawData } from './study-data.ts';
import { type StudyGan, shownGan } from './study-gan.ts';
import { drawProbes, type ProbePictures, probeSection } from './study-probes.ts';
import { drawSamples, type SamplePictures, sampleSections } from './study-samples.ts';

/** What a study's page shows of its data and its GAN; a sentence says why something is not drawn. */
export interface StudyParts {
  data: DataPictures | string;
  samples: SamplePictures | string;
  probes: ProbePictures | string;
}

export const NOTHING_NEAR = 'No accepted sample lies near a boundary: nothing to probe.';

/** What `work` gives, or why it could not: a picture that fails must not cost a study its page. */
async function orReason<T>(work: () => Promise<T>): Promise<T | string> {
  try {
    return await work();
  } catch (error) {
    return `Not drawn: ${messageOf(error)}`;
  }
}

/** Opens the store of a study, does something with it, and closes it. */
async function onStore<T>(
  { study }: StudyFolder,
  work: (store: Store) => Promise<T | string>,
): Promise<T | string> {
  const path = studyStorePath(study);
  if (!existsSync(path)) return `Not drawn: the store of this study, ${path}, is not there.`;
  return orReason(async () => {
    const store = await openStore(path);
    try {
      return await work(store);
    } finally {
      store.close();
    }
  });
}

/** The data of a study, provided that its store still is what the cells worked on. */
async function dataOf(folder: StudyFolder): Promise<StudyParts['data']> {
  const outcome = readOutcomes(folder)[0];
  const { split, budget = null } = outcome ?? { split: 0 };
  return onStore(folder, async (store) => {
    const used = divided(store, { split, budget });
    if (outcome && outcome.digests.store !== used.digest) {
      return `Not drawn: ${store.path} is another store by now than the one this study ran on.`;
    }
    return drawData(divided(store, { split, budget: null }));
  });
}

/** Samples and probes of a GAN, drawn on the store that it learned from. */
async function ganParts(
  folder: StudyFolder,
  gan: StudyGan,
  progress: ProgressFactory,
): Promise<Pick<StudyParts, 'samples' | 'probes'>> {
  const seed = folder.study.firstSeed;
  const parts = await onStore(folder, async (whole) => {
    const store = divided(whole, gan.cell);
    const { origin } = await openArchive(gan.archive);
    if (origin?.store !== store.digest) {
      return `Not drawn: ${gan.archive} was made from another store than ${store.path} is by now.`;
    }
    const samples = await orReason(() => drawSamples(gan, store, seed));
    const probes = await orReason(() => drawProbes(gan, store, { seed, progress }));
    return { samples, probes: probes ?? NOTHING_NEAR };
  });
  return typeof parts === 'string' ? { samples: parts, probes: parts } : parts;
}

/**
 * Draws what a study's folder and store hold, about a minute's work: how imbalanced the data are,
 * samples of the GAN beside real ones, and the boundary of one pair of classes. Nothing is trained
 * or simulated for it, and what is gone is said to be gone.
 *
 * @param best arm whose samples are shown where it has some.
 */
export async function drawStudy(
  folder: StudyFolder,
  options: { best: string | null; progress: ProgressFactory },
): Promise<StudyParts> {
  const data = await dataOf(folder);
  const gan = shownGan(folder, options.best);
  if (typeof gan === 'string') return { data, samples: gan, probes: gan };
  return { data, ...(await ganParts(folder, gan, options.progress)) };
}

/** The sections of a study's parts, by where they stand in the page. */
export function partSections({ data, samples, probes }: StudyParts): {
  first: Section[];
  last: Section[];
} {
  const first =
    typeof data === 'string'
      ? { heading: 'How imbalanced the data are', body: textHtml(data) }
      : dataSection(data);
  const drawn = typeof samples === 'string' ? [] : sampleSections(samples);
  if (typeof samples === 'string' && samples === probes) {
    return { first: [first], last: [{ heading: 'Real and synthetic', body: textHtml(samples) }] };
  }
  const missing = (heading: string, part: unknown): Section[] =>
    typeof part === 'string' ? [{ heading, body: textHtml(part) }] : [];
  const boundary = typeof probes === 'string' ? [] : [probeSection(probes)];
  return {
    first: [first],
    last: [
      ...boundary,
      ...missing('At the boundary', probes),
      ...drawn,
      ...missing('Real and synthetic', samples),
    ],
  };
}
