import { openArchive, type SyntheticArchive } from '../../../synthetic/archive/archive.ts';
import type { Score } from '../../../synthetic/checks/score.ts';
import { refuseLeaks } from '../../../synthetic/leak-guard.ts';
import { settledCells } from '../../benchmark/cells/candidates.ts';
import { armMixture } from '../../benchmark/cells/training-set.ts';
import { readJson } from '../../common/run.ts';
import { Stream } from '../../common/stream.ts';
import { classCounts } from '../../dataset/examples.ts';
import type { Store } from '../../dataset/store/store.ts';
import { galleryPictures } from '../figures/gallery.ts';
import { mixFigure } from '../figures/mix.ts';
import { realismFigures, type Scored } from '../figures/realism-draw.ts';
import {
  figureHtml,
  type GalleryPicture,
  galleryHtml,
  type Section,
  tableHtml,
  textHtml,
} from './page.ts';
import type { StudyGan } from './study-gan.ts';
import { type Learned, whatItLearned } from './study-learned.ts';

/** The judged samples of a study's GAN in pictures and figures. */
export interface SamplePictures {
  scored: Scored;
  gallery: GalleryPicture[];
  /** SVG: realism of the samples, their floors, class counts before and after mixing. */
  figures: { realism: string; floors: string; mix?: string };
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
function mixed(gan: StudyGan, archive: SyntheticArchive, store: Store, seed: number): string {
  const { arm } = settledCells(gan.cell).at(-1)!;
  const stream = new Stream(seed, 'report/mix');
  return mixFigure(armMixture(arm, refuseLeaks(archive, store), stream).perClass);
}

/** Draws the samples of a GAN beside real ones. */
export async function drawSamples(
  gan: StudyGan,
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
    learned: await whatItLearned(gan, store, { spaceGroups, seed }),
  };
}

const learnedRows = (learned: readonly Learned[]): string[][] => [
  ['feature space', 'KID, trained generator', 'KID, untrained generator'],
  ...learned.map(({ space, trained, untrained }) => [
    space,
    trained.toPrecision(3),
    untrained.toPrecision(3),
  ]),
];

const LEGEND =
  'The rarest classes: real triplets (grey edge), the most and the least realistic synthetic ones, accepted (green) and rejected (orange). Rest the pointer on one for its passport.';

/** The sections of a page about the samples. */
export function sampleSections({ gallery, figures, learned }: SamplePictures): Section[] {
  const realism = figureHtml(figures.realism, 'realism of the samples');
  const floors = figureHtml(
    figures.floors,
    'precision, recall, density and coverage beside their floors',
  );
  const table = learned.length > 0 ? tableHtml(learnedRows(learned)) : '';
  const sections = [
    {
      heading: 'Real and synthetic',
      body: textHtml(LEGEND) + galleryHtml(gallery) + table + realism + floors,
    },
  ];
  if (!figures.mix) return sections;
  const body = figureHtml(figures.mix, 'class counts before and after mixing');
  return [...sections, { heading: 'What the classifier trained on', body }];
}
