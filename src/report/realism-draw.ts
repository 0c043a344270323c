import { join } from 'node:path';
import type { SyntheticArchive } from '../../synthetic/archive.ts';
import { galleryOf } from '../../synthetic/gallery.ts';
import type { Score } from '../../synthetic/score.ts';
import { SPACE_WORDS } from '../../synthetic/score-table.ts';
import type { Examples } from '../dataset/examples.ts';
import { writeFigure } from './raster.ts';
import { floorFigure, realismFigure } from './realism.ts';
import { contactSheet, type SheetCell } from './sheet.ts';

/** Classes in the gallery. */
const GALLERY_CLASSES = 6;
const COLUMNS = 5;

const FRAMES = { accepted: '#009E73', rejected: '#D55E00', real: '#999999' } as const;

export interface Scored {
  score: Score;
  archive: SyntheticArchive;
  train: Examples;
}

async function drawGallery(folder: string, { score, archive, train }: Scored): Promise<void> {
  const spaceGroups = Array.from(train.labels, (label) => train.classes[label]!);
  const rows = galleryOf({
    samples: score.samples,
    train: { spaceGroups, materials: train.materials },
    classes: GALLERY_CLASSES,
  });
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
  const sheet = await contactSheet({
    title: 'Most and least realistic synthetic triplets of the rarest classes',
    subtitle: 'Frames: grey real, green accepted, orange rejected',
    cells,
    columns: COLUMNS,
    cellWidth: 330,
  });
  await writeFigure(join(folder, 'gallery'), sheet);
}

/** Draws the figures of a score: gallery, realism histogram, precision to coverage against floors. */
export async function drawScore(folder: string, scored: Scored): Promise<void> {
  const { samples, held, spaces } = scored.score;
  const relative = (accepted: boolean) =>
    samples.filter((s) => s.accepted === accepted).map((s) => s.realism / s.realismLimit);
  const values = { real: held?.realism ?? [], accepted: relative(true), rejected: relative(false) };
  await writeFigure(join(folder, 'realism'), realismFigure(values, SPACE_WORDS[spaces[0]!.name]));
  const panels = spaces.map(({ name, sets }) => ({
    name: SPACE_WORDS[name],
    bars: (['precision', 'recall', 'density', 'coverage'] as const).map((metric) => ({
      metric,
      ...sets[0]!.metrics[metric],
    })),
  }));
  await writeFigure(join(folder, 'floors'), floorFigure(panels));
  await drawGallery(folder, scored);
}
