import { existsSync } from 'node:fs';
import { loadClassifier } from '../../../classifier/load.ts';
import { loadGenerator } from '../../../gan/kinds.ts';
import type { SyntheticArchive } from '../../../synthetic/archive/archive.ts';
import { openArchive } from '../../../synthetic/archive/archive.ts';
import type { Passport } from '../../../synthetic/archive/passport.ts';
import type { Score } from '../../../synthetic/checks/score.ts';
import { refuseLeaks } from '../../../synthetic/leak-guard.ts';
import { probePair } from '../../../synthetic/probing/pair-probe.ts';
import type { StripData } from '../../../synthetic/probing/probe-data.ts';
import { settledCells } from '../../benchmark/cells/candidates.ts';
import { armMixture } from '../../benchmark/cells/training-set.ts';
import { type Learned, whatItLearned } from '../../benchmark/pools/gan-learning.ts';
import { type StudyGan, type StudySamples, shownGan } from '../../benchmark/pools/shown-gan.ts';
import { readResults, type StudyFolder } from '../../benchmark/study/folder.ts';
import { divideStore, studyStorePath } from '../../benchmark/study/store.ts';
import { messageOf } from '../../common/errors.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import { readJson } from '../../common/run.ts';
import { Stream } from '../../common/stream.ts';
import { classCounts } from '../../dataset/examples.ts';
import { inspectStore } from '../../dataset/inspect/inspect.ts';
import { openStore, type Store } from '../../dataset/store/store.ts';
import type { Drawing } from '../draw/figure.ts';
import { dataUrl } from '../draw/raster.ts';
import { tripletPicture } from '../draw/sheet.ts';
import { type NamedFigure, pairProbeFigures } from '../figures/boundary.ts';
import { classHistogram, exampleSheet } from '../figures/census.ts';
import { mixFigure } from '../figures/mix.ts';
import { galleryPictures, realismFigures, type Scored } from '../figures/realism.ts';
import { censusLines } from './census-text.ts';
import type { GalleryPicture, Slide } from './page.ts';

/** How imbalanced a store is, in figures and words. */
export interface DataPictures {
  histogram: Drawing;
  sheet: Drawing;
  lines: string[];
}

/** Patterns that the census looks at for its intensities. */
const LOOKED_AT = 400;

/** Counts the classes of a store and draws them. */
export async function drawData(store: Store): Promise<DataPictures> {
  const { census, examples, camera } = inspectStore(store, LOOKED_AT);
  return {
    histogram: (width) => classHistogram(census, width),
    sheet: await exampleSheet(examples, camera),
    lines: censusLines(census),
  };
}

/** The judged samples of a study's GAN in pictures and figures. */
export interface SamplePictures {
  scored: Scored;
  gallery: { heading: string; items: GalleryPicture[] }[];
  /** Realism of the samples, their floors, class counts before and after mixing. */
  figures: { realism: Drawing; floors: Drawing; mix?: Drawing };
  learned: Learned[];
}

/** Rows of a store above which what looks at every triplet is left out: it would take minutes. */
const LARGE = 20_000;

/** Space groups whose generated triplets are measured: drawing more would take minutes. */
const MEASURED = 24;

/** The space groups of an archive that have fewest training triplets. */
function rarestOf(archive: SyntheticArchive, store: Store): number[] {
  const counts = classCounts(store.examples('train'));
  const count = (spaceGroup: number): number => counts[store.classes.indexOf(spaceGroup)] ?? 0;
  return [...new Set(archive.labels)]
    .sort((a, b) => count(a) - count(b) || a - b)
    .slice(0, MEASURED);
}

/** Class counts before and after mixing; of an arm whose ratio is chosen, filled up. */
function mixed(gan: StudySamples, archive: SyntheticArchive, store: Store, seed: number): Drawing {
  const { arm } = settledCells(gan.cell).at(-1)!;
  const stream = new Stream(seed, 'report/mix');
  const { perClass } = armMixture(arm, refuseLeaks(archive, store), stream);
  return (width) => mixFigure(perClass, width);
}

const hasMakers = (samples: StudySamples): samples is StudyGan => 'maker' in samples;

/** Draws the samples of a study beside real ones, and what its GAN learned where it trained one. */
export async function drawSamples(
  gan: StudySamples,
  store: Store,
  seed: number,
): Promise<SamplePictures> {
  const archive = await openArchive(gan.archive);
  const scored = { score: readJson<Score>(gan.score), archive, train: store.examples('train') };
  const figures = realismFigures(scored);
  const gallery = await galleryPictures(scored);
  if (store.count > LARGE) return { scored, gallery, figures, learned: [] };
  const spaceGroups = rarestOf(archive, store);
  return {
    scored,
    gallery,
    figures: { ...figures, mix: mixed(gan, archive, store, seed) },
    learned: hasMakers(gan) ? await whatItLearned(gan, store, { spaceGroups, seed }) : [],
  };
}

/** The boundary of one pair of classes, probed. */
export interface ProbePictures {
  /** The class, and the one across the boundary. */
  pair: readonly [number, number];
  figures: NamedFigure[];
  /** Triplets along the path between the two classes, for the slider. */
  frames: Slide[];
}

/** Boundary and random samples that the figures show. */
const SHOWN = 6;

/** The accepted boundary sample that lies nearest to its boundary: its pair is probed. */
function nearestSample(passports: readonly Passport[]): Passport | null {
  const near = passports.filter(
    ({ partner, margin, accepted }) => accepted && partner !== null && margin !== null,
  );
  near.sort((a, b) => Math.abs(a.margin!) - Math.abs(b.margin!));
  return near[0] ?? null;
}

/** The path's triplets with what the guide says where they stand. */
function slides(
  { frames, curve }: StripData,
  [own, partner]: ProbePictures['pair'],
  size: number,
): Promise<Slide[]> {
  return Promise.all(
    frames.map(async ({ t, pixels }) => {
      const at = curve.reduce((a, b) => (Math.abs(b.t - t) < Math.abs(a.t - t) ? b : a));
      return {
        image: await dataUrl(tripletPicture(pixels, size), 3),
        caption: `t = ${t.toFixed(2)}: p(${own}) = ${at.own.toFixed(2)}, p(${partner}) = ${at.partner.toFixed(2)}`,
      };
    }),
  );
}

/**
 * Probes the pair of classes whose sample lies nearest to the boundary; null where no accepted
 * sample lies near one.
 */
export async function drawProbes(
  gan: StudyGan,
  store: Store,
  options: { seed: number; progress?: ProgressFactory },
): Promise<ProbePictures | null> {
  const { seed, progress = silentProgress } = options;
  const sample = nearestSample((await openArchive(gan.archive)).passports ?? []);
  if (!sample) return null;
  const pair = [sample.class, sample.partner!] as const;
  const generator = await loadGenerator(gan.maker('gan', 'model.safetensors'));
  const guide = await loadClassifier(gan.maker('guide'));
  const verifier = await loadClassifier(gan.maker('verifier'));
  try {
    const found = await probePair(
      { store, generator, guide, verifiers: [verifier] },
      { pair, count: SHOWN, seed, progress },
    );
    const figures = await pairProbeFigures(found);
    const frames = found.strip ? await slides(found.strip, pair, store.size) : [];
    return { pair, figures, frames };
  } finally {
    for (const thing of [generator, guide, verifier]) thing.dispose();
  }
}

/** What a study's page shows of its data and its GAN; a sentence says why something is not drawn. */
export interface StudyParts {
  data: DataPictures | string;
  samples: SamplePictures | string;
  probes: ProbePictures | string;
}

export const NOTHING_NEAR = 'No accepted sample lies near a boundary: nothing to probe.';

const NOT_PROBED =
  'This study did not train the GAN of these samples: npx gan probe draws its boundaries.';

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
  const outcome = readResults(folder).results[0];
  const { split, budget = null } = outcome ?? { split: 0 };
  return onStore(folder, async (store) => {
    const { whole, store: used } = divideStore(store, { split, budget }, folder.study);
    if (outcome && outcome.digests.store !== used.digest) {
      return `Not drawn: ${store.path} is another store by now than the one this study ran on.`;
    }
    return drawData(whole);
  });
}

/** Samples and probes of a GAN, drawn on the store that it learned from. */
async function ganParts(
  folder: StudyFolder,
  gan: StudySamples,
  progress: ProgressFactory,
): Promise<Pick<StudyParts, 'samples' | 'probes'>> {
  const seed = folder.study.firstSeed;
  const parts = await onStore(folder, async (whole) => {
    const { store } = divideStore(whole, gan.cell, folder.study);
    const { origin } = await openArchive(gan.archive);
    if (origin?.store !== store.digest) {
      return `Not drawn: ${gan.archive} was made from another store than ${store.path} is by now.`;
    }
    const samples = await orReason(() => drawSamples(gan, store, seed));
    const probes = hasMakers(gan)
      ? await orReason(() => drawProbes(gan, store, { seed, progress }))
      : NOT_PROBED;
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
