import { loadClassifier } from '../../../classifier/load.ts';
import { GanModel } from '../../../gan/codec/model.ts';
import { openArchive } from '../../../synthetic/archive/archive.ts';
import type { Passport } from '../../../synthetic/archive/passport.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import type { Store } from '../../dataset/store/store.ts';
import { dataUrl } from '../draw/raster.ts';
import { tripletPicture } from '../draw/sheet.ts';
import { type ProbeFigures, probePair } from '../figures/probe.ts';
import { figureHtml, type Section, type Slide, slidesHtml } from './page.ts';
import type { StudyGan } from './study-gan.ts';

/** The boundary of one pair of classes, probed. */
export interface ProbePictures {
  /** The class, and the one across the boundary. */
  pair: readonly [number, number];
  /** Probe figures as SVG, with their names. */
  figures: { name: string; svg: string }[];
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
  { frames, curve }: ProbeFigures,
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
  const model = GanModel.load(gan.maker('gan', 'model.safetensors'));
  const guide = await loadClassifier(gan.maker('guide'));
  const verifier = await loadClassifier(gan.maker('verifier'));
  try {
    const found = await probePair(
      { store, model, guide, verifiers: [verifier] },
      { pair, count: SHOWN, seed, progress },
    );
    return { pair, figures: found.figures, frames: await slides(found, pair, store.size) };
  } finally {
    for (const thing of [model, guide, verifier]) thing.dispose();
  }
}

/** The section of a page about the boundary; the slider comes first. */
export const probeSection = ({ pair, figures, frames }: ProbePictures): Section => ({
  heading: `At the boundary of ${pair.join(' and ')}`,
  body:
    slidesHtml(frames, `position between ${pair.join(' and ')}`) +
    figures.map(({ svg, name }) => figureHtml(svg, name)).join(''),
});
