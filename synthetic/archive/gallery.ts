import { tally } from '../../src/common/group.ts';
import type { Reason, SampleScore } from '../checks/acceptance.ts';

/** A triplet to be shown, real or synthetic. */
export interface GalleryItem {
  /** Row of the training examples, or of the archive. */
  real: boolean;
  row: number;
  spaceGroup: number;
  /** What stands below its group: the first line says what it is. */
  caption: string[];
  accepted: boolean | null;
}

export interface GalleryOptions {
  samples: readonly SampleScore[];
  /** Training triplets: their space groups and materials. */
  train: { spaceGroups: ArrayLike<number>; materials: readonly string[] };
  /** Classes shown at most, those with the fewest training triplets. */
  classes: number;
}

const short = (value: number): string =>
  value >= 100 ? String(Math.round(value)) : value.toPrecision(2);

const EXTREMES = 2;

/** Characters that fit below a triplet. */
const LINE = 50;

/** A text in lines that fit, broken between words. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trim();
    if (lines.length > 0 && longer.length <= LINE) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** The first reason, and how many more there are; null without any. */
const reasonText = ([first, ...more]: readonly Reason[]): string | null =>
  first ? `${first.text}${more.length > 0 ? ` (and ${more.length} more)` : ''}` : null;

function shown(sample: SampleScore, word: string): GalleryItem {
  const { realism, nearest, accepted, reasons, row, spaceGroup } = sample;
  return {
    real: false,
    row,
    spaceGroup,
    accepted,
    caption: [
      `${word}: realism ${short(realism)}, ${accepted ? 'accepted' : 'rejected'}`,
      ...wrapped(
        reasonText(reasons) ??
          `nearest real: ${nearest.material}, ${short(nearest.distance)} grey levels off`,
      ),
    ],
  };
}

/**
 * For each of the rarest classes, a row of triplets: a real one, the two most realistic synthetic
 * ones and the two least realistic, each with the reason that decided.
 */
export function galleryOf({ samples, train, classes }: GalleryOptions): GalleryItem[][] {
  const counts = tally(Array.from(train.spaceGroups));
  const made = [...new Set(samples.map((sample) => sample.spaceGroup))]
    .sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0) || a - b)
    .slice(0, classes);
  return made.map((group) => {
    const ranked = samples
      .filter((sample) => sample.spaceGroup === group)
      .sort((a, b) => b.realism - a.realism);
    const best = ranked.slice(0, EXTREMES);
    const worst = ranked.slice(EXTREMES).slice(-EXTREMES).reverse();
    const real = Array.from(train.spaceGroups).indexOf(group);
    return [
      ...(real < 0
        ? []
        : [
            {
              real: true,
              row: real,
              spaceGroup: group,
              accepted: null,
              caption: ['real', train.materials[real]!],
            },
          ]),
      ...best.map((sample) => shown(sample, 'most realistic')),
      ...worst.map((sample) => shown(sample, 'least realistic')),
    ];
  });
}
