import { join } from 'node:path';
import * as Plot from '@observablehq/plot';
import type { SyntheticArchive } from '../../../synthetic/archive/archive.ts';
import { type GalleryItem, galleryOf } from '../../../synthetic/archive/gallery.ts';
import type { Passport } from '../../../synthetic/archive/passport.ts';
import type { Score } from '../../../synthetic/checks/score.ts';
import { SPACE_WORDS } from '../../../synthetic/checks/score-text.ts';
import { type MetricWord, wordOf } from '../../../synthetic/metrics/words.ts';
import { zonesByGroup } from '../../dataset/store/simulation.ts';
import type { StoreExamples } from '../../dataset/store/store.ts';
import { COLOURS, type Drawing, figure, isNarrow, PALETTE } from '../draw/figure.ts';
import { formulaOfCif, formulaText, groupText, zonesText } from '../draw/notation.ts';
import { dataUrl, writeFigure } from '../draw/raster.ts';
import { blankCell, contactSheet, type SheetCell, tripletPicture } from '../draw/sheet.ts';
import type { GalleryPicture } from '../pages/page.ts';

const ACCEPTED = COLOURS.accepted;
const REJECTED = COLOURS.rejected;
const REAL = '#555555';

/** Realism over the limit of each triplet's reference, by what became of it. */
export interface RealismValues {
  /** Held-out real triplets; may be none. */
  real: readonly number[];
  accepted: readonly number[];
  rejected: readonly number[];
}

const BINS = 40;
const RANGE = [-1, 1] as const;

/** Share of the values in each bin of log10, the ends holding what lies beyond. */
function shares(values: readonly number[]): { from: number; to: number; share: number }[] {
  const width = (RANGE[1] - RANGE[0]) / BINS;
  const counts = new Array<number>(BINS).fill(0);
  for (const value of values) {
    const at = Math.floor((Math.log10(Math.max(value, 1e-9)) - RANGE[0]) / width);
    counts[Math.max(0, Math.min(BINS - 1, at))]!++;
  }
  return counts.map((count, n) => ({
    from: 10 ** (RANGE[0] + n * width),
    to: 10 ** (RANGE[0] + (n + 1) * width),
    share: count / Math.max(1, values.length),
  }));
}

/** Histogram of realism: real triplets as the outline, accepted and rejected synthetic ones. */
function realismFigure(
  { real, accepted, rejected }: RealismValues,
  space: string,
  width = 760,
): string {
  const made = accepted.length + rejected.length;
  const scaled = (values: readonly number[]) =>
    shares(values).map((bin) => ({
      ...bin,
      share: (bin.share * values.length) / Math.max(1, made),
    }));
  const low = scaled(rejected);
  const stacked = scaled(accepted).map((bin, n) => ({ ...bin, base: low[n]!.share }));
  return figure(
    {
      title: 'Realism of synthetic triplets',
      subtitle: `${accepted.length} accepted, ${rejected.length} rejected, ${real.length} held-out real; ${space}`,
      caption: `Realism over the value that 95 % of new real triplets should reach. ${
        accepted.some((value) => value < 1)
          ? 'Left of 1 stand hard ones: crystals whose labels are right by construction are not rejected for it.'
          : 'Left of 1 nothing is accepted; other checks reject more.'
      }`,
    },
    {
      width,
      height: 340,
      marginLeft: 60,
      x: { type: 'log', domain: [0.1, 10], label: 'realism / limit', tickFormat: '~g' },
      y: { label: 'share of triplets', grid: true, nice: true },
      marks: [
        Plot.rectY(low, { x1: 'from', x2: 'to', y: 'share', fill: REJECTED }),
        Plot.rectY(stacked, {
          x1: 'from',
          x2: 'to',
          y1: 'base',
          y2: ((bin: { base: number; share: number }) => bin.base + bin.share) as never,
          fill: ACCEPTED,
        }),
        Plot.lineY(real.length > 0 ? shares(real) : [], {
          x: (bin: { from: number; to: number }) => Math.sqrt(bin.from * bin.to),
          y: 'share',
          stroke: REAL,
          curve: 'step',
          strokeWidth: 2,
        }),
        Plot.ruleX([1], { strokeDasharray: '4,3' }),
        Plot.ruleY([0]),
      ],
    },
    [
      { label: 'accepted', colour: ACCEPTED },
      { label: 'rejected', colour: REJECTED },
      ...(real.length > 0 ? [{ label: 'held-out real', colour: REAL }] : []),
    ],
    width,
  );
}

/** One metric of one feature space. */
export interface FloorBar {
  metric: string;
  word: MetricWord | null;
  /** Generated against real, and real against other real, on equally many triplets. */
  matched: number | null;
  floor: number | null;
}

/** Precision, recall, density and coverage beside what real triplets reach, one panel a space. */
function floorFigure(
  spaces: readonly { name: string; bars: readonly FloorBar[] }[],
  width?: number,
): string {
  const narrow = width !== undefined && isNarrow(width);
  const most = Math.max(
    1,
    ...spaces.flatMap(({ bars }) => bars.flatMap((bar) => [bar.matched ?? 0, bar.floor ?? 0])),
  );
  const panel = ({ name, bars }: (typeof spaces)[number], n: number): Plot.PlotOptions => ({
    width: narrow ? width : 300,
    height: 280,
    marginTop: 34,
    marginBottom: 34,
    x: { domain: bars.map((bar) => bar.metric), label: null },
    y: { domain: [0, 1.12 * most], label: n === 0 || narrow ? 'share' : null, grid: true },
    marks: [
      Plot.barY(
        bars.filter((bar) => bar.matched !== null),
        { x: 'metric', y: 'matched', fill: PALETTE[0], insetLeft: 6, insetRight: 6 },
      ),
      Plot.tickY(
        bars.filter((bar) => bar.floor !== null),
        { x: 'metric', y: 'floor', stroke: REAL, strokeWidth: 4 },
      ),
      Plot.text(
        bars.filter((bar) => bar.word !== null),
        {
          x: 'metric',
          y: (bar: FloorBar) => Math.max(bar.matched ?? 0, bar.floor ?? 0),
          text: 'word',
          dy: -9,
          fontSize: 11,
        },
      ),
      Plot.text(
        bars.filter((bar) => bar.matched === null),
        { x: 'metric', y: 0, text: () => 'too few', dy: -8, fill: '#777' },
      ),
      Plot.text([name], { frameAnchor: 'top', dy: -22, fontWeight: 'bold', fontSize: 13 }),
      Plot.ruleY([0]),
    ],
  });
  return figure(
    {
      title: 'Synthetic triplets against real ones, in each feature space',
      subtitle: 'precision: they look real; recall and coverage: they are as varied as real ones',
      caption:
        'Equally many triplets in bar and tick; the tick is what other real materials reach. As real: at least 0.9 of it; near: 0.7; else far.',
    },
    spaces.map(panel),
    [
      { label: 'synthetic against real', colour: PALETTE[0] },
      { label: 'real against other real', colour: REAL },
    ],
    width,
  );
}

/** Classes in the gallery. */
const GALLERY_CLASSES = 6;
const COLUMNS = 5;

const FRAMES = { accepted: ACCEPTED, rejected: REJECTED, real: COLOURS.reference } as const;

export interface Scored {
  score: Score;
  archive: SyntheticArchive;
  train: StoreExamples;
}

/** Real triplets of the rarest classes, and the most and least realistic synthetic ones. */
function galleryRows({ score, train }: Omit<Scored, 'archive'>): GalleryItem[][] {
  const spaceGroups = Array.from(train.labels, (label) => train.classes[label]!);
  return galleryOf({
    samples: score.samples,
    train: { spaceGroups, materials: train.materials },
    classes: GALLERY_CLASSES,
  });
}

/** Formula of a triplet in a gallery; empty where it is not known. */
function formulaOf({ real, row }: GalleryItem, { archive, train }: Scored): string {
  if (!real) return formulaOfCif(archive.cifs?.[row]) ?? '';
  return formulaText(train.store.facts(train.rows[row]!).formula);
}

/** Zone axes: of a real triplet its own, of a synthetic one those that belong to its group. */
function zonesOfItems({ train: { store, rows } }: Scored): (item: GalleryItem) => string {
  const ofGroup = zonesByGroup(store);
  return ({ real, row, spaceGroup }) =>
    zonesText(real ? store.facts(rows[row]!).zones : ofGroup(spaceGroup));
}

function gallerySheet(scored: Scored): Promise<Drawing> {
  const { archive, train } = scored;
  const rows = galleryRows(scored);
  const zonesOf = zonesOfItems(scored);
  const cells = rows.flatMap((items) => {
    const drawn = items.map((item): SheetCell => {
      const { real, row, caption, accepted } = item;
      const facts = [groupText(item.spaceGroup), formulaOf(item, scored), zonesOf(item)];
      return {
        pixels: (real ? train : archive).images([row]),
        size: archive.size,
        pixel: train.store.camera.pixel,
        caption: [facts.filter(Boolean).join(' · '), ...caption],
        frame: real ? FRAMES.real : accepted ? FRAMES.accepted : FRAMES.rejected,
      };
    });
    return [...drawn, ...Array<SheetCell>(COLUMNS - drawn.length).fill(blankCell(archive.size))];
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
export function realismFigures(scored: Scored): { realism: Drawing; floors: Drawing } {
  const { samples, held, spaces } = scored.score;
  const relative = (accepted: boolean) =>
    samples.filter((s) => s.accepted === accepted).map((s) => s.realism / s.realismLimit);
  const values = { real: held?.realism ?? [], accepted: relative(true), rejected: relative(false) };
  const panels = spaces.map(({ name, sets }) => ({
    name: SPACE_WORDS[name],
    bars: (['precision', 'recall', 'density', 'coverage'] as const).map((metric) => ({
      metric,
      word: wordOf({ metric, of: sets[0]!.metrics[metric] }),
      ...sets[0]!.metrics[metric],
    })),
  }));
  const space = SPACE_WORDS[spaces[0]!.name];
  return {
    realism: (width) => realismFigure(values, space, width),
    floors: (width) => floorFigure(panels, width),
  };
}

/** Draws the figures of a score into a folder: gallery, realism, floors. */
export async function drawScore(folder: string, scored: Scored): Promise<void> {
  const { realism, floors } = realismFigures(scored);
  // With too few real triplets no metric has a floor: the table says so.
  const measured = scored.score.spaces.some(({ sets }) =>
    Object.values(sets[0]!.metrics).some(({ value }) => value !== null),
  );
  const gallery = await gallerySheet(scored);
  const figures = { realism, ...(measured && { floors }), gallery };
  for (const [name, draw] of Object.entries(figures)) await writeFigure(join(folder, name), draw);
}

const number = (value: number): string => value.toPrecision(3);

/** The passport of a synthetic triplet in lines; what is not known is left out. */
function passportText(passport: Passport): string {
  const { partner, t, margin, seed, parents, share, realism, rarity, nearest, reasons } = passport;
  const facts: [string, string | null][] = [
    ['made for space group', String(passport.class)],
    ['partner across the boundary', partner === null ? null : String(partner)],
    ['position between the classes', t === null ? null : t.toFixed(3)],
    ['log p(class) - log p(partner) of the guide', margin === null ? null : number(margin)],
    ['share of the partner in the label', share === null ? null : number(share)],
    ['seed', seed === null ? null : String(seed)],
    ['derived from', parents.length === 0 ? null : parents.join(', ')],
    ['discriminator', passport.discriminator === null ? null : number(passport.discriminator)],
    ['realism', realism === null ? null : number(realism)],
    ['rarity', rarity === null ? null : number(rarity)],
    ['nearest real', nearest && `${nearest.material}, ${number(nearest.distance)} grey levels off`],
    ['accepted', passport.accepted === null ? null : passport.accepted ? 'yes' : 'no'],
    ['rejected because', reasons.length === 0 ? null : reasons.join('; ')],
  ];
  return facts.flatMap(([name, value]) => (value ? [`${name}: ${value}`] : [])).join('\n');
}

const passportOf = ({ real, row, caption }: GalleryItem, archive: SyntheticArchive): string => {
  if (real) return `real training triplet\nmaterial: ${caption[1]}`;
  const passport = archive.passports?.[row];
  return passport ? passportText(passport) : 'no passport in this archive';
};

/** Real triplets of the rarest classes beside synthetic ones, a row a class, each with its passport. */
export function galleryPictures(
  scored: Scored,
): Promise<{ heading: string; items: GalleryPicture[] }[]> {
  const { archive, train } = scored;
  const picture = async (item: GalleryItem): Promise<GalleryPicture> => ({
    image: await dataUrl(
      tripletPicture((item.real ? train : archive).images([item.row]), archive.size),
      2,
    ),
    caption: [formulaOf(item, scored), item.caption[0]!].filter(Boolean).join(' · '),
    passport: passportOf(item, archive),
    frame: item.real ? 'real' : item.accepted ? 'accepted' : 'rejected',
  });
  return Promise.all(
    galleryRows(scored).map(async (row) => ({
      heading: `Space group ${groupText(row[0]!.spaceGroup)}`,
      items: await Promise.all(row.map(picture)),
    })),
  );
}
