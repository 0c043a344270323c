import { join } from 'node:path';
import type { SyntheticArchive } from '../../../synthetic/archive/archive.ts';
import { type GalleryItem, galleryOf } from '../../../synthetic/archive/gallery.ts';
import type { Score } from '../../../synthetic/checks/score.ts';
import { SPACE_WORDS } from '../../../synthetic/checks/score-text.ts';
import type { Examples } from '../../dataset/examples.ts';
import { writeFigure } from '../draw/raster.ts';
import { contactSheet, type SheetCell } from '../draw/sheet.ts';
import { floorFigure, realismFigure } from './realism.ts';

/** Classes in the gallery. */
const GALLERY_CLASSES = 6;
const COLUMNS = 5;

const FRAMES = { accepted: '#009E73', rejected: '#D55E00', real: '#999999' } as const;

export interface Scored {
  score: Score;
  archive: SyntheticArchive;
  train: Examples;
}

/** Real triplets of the rarest classes, and the most and least realistic synthetic ones. */
export function galleryRows({ score, train }: Omit<Scored, 'archive'>): GalleryItem[][] {
  const spaceGroups = Array.from(train.labels, (label) => train.classes[label]!);
  return galleryOf({
    samples: score.samples,
    train: { spaceGroups, materials: train.materials },
    classes: GALLERY_CLASSES,
  });
}

function gallerySheet(scored: Scored): Promise<string> {
  const { archive, train } = scored;
  const rows = galleryRows(scored);
  const blank: SheetCell = {
    pixels: new Uint8Array(archive.size ** 2 * 3).fill(255),
    size: archive.size,
    caption: [],
  };
  const cells = rows.flatMap((items) => {
    const drawn = items.map(
      ({ real, row, caption, accepted }): SheetCell => ({
        pixels: (real ? train : archive).images([row]),
        size: archive.size,
        caption,
        frame: real ? FRAMES.real : accepted ? FRAMES.accepted : FRAMES.rejected,
      }),
    );
    return [...drawn, ...Array<SheetCell>(COLUMNS - drawn.length).fill(blank)];
  });
  return contactSheet({
    title: 'Most and least realistic synthetic triplets of the rarest classes',
    subtitle: 'Frames: grey real, green accepted, orange rejected',
    cells,
    columns: COLUMNS,
    cellWidth: 330,
  });
}

/** The histogram of realism, and precision to coverage against their floors. */
export function realismFigures(scored: Scored): { realism: string; floors: string } {
  const { samples, held, spaces } = scored.score;
  const relative = (accepted: boolean) =>
    samples.filter((s) => s.accepted === accepted).map((s) => s.realism / s.realismLimit);
  const values = { real: held?.realism ?? [], accepted: relative(true), rejected: relative(false) };
  const panels = spaces.map(({ name, sets }) => ({
    name: SPACE_WORDS[name],
    bars: (['precision', 'recall', 'density', 'coverage'] as const).map((metric) => ({
      metric,
      ...sets[0]!.metrics[metric],
    })),
  }));
  const realism = realismFigure(values, SPACE_WORDS[spaces[0]!.name]);
  return { realism, floors: floorFigure(panels) };
}

/** Draws the figures of a score into a folder: gallery, realism, floors. */
export async function drawScore(folder: string, scored: Scored): Promise<void> {
  const figures = { ...realismFigures(scored), gallery: await gallerySheet(scored) };
  for (const [name, svg] of Object.entries(figures)) await writeFigure(join(folder, name), svg);
}
