import { crystalSystem, hermannMauguin } from '../../crystal/spacegroup.ts';
import { type Band, bandOf } from '../../dataset/census.ts';
import type { BandExample } from '../../dataset/inspect/inspect.ts';
import { PALETTE } from '../draw/figure.ts';
import { contactSheet } from '../draw/sheet.ts';

const FRAMES: Record<Band, string> = { many: PALETTE[0], medium: PALETTE[4], few: PALETTE[1] };

/** One triplet of some classes of each rarity band, from many to few; frames tell the band. */
export const exampleSheet = (examples: readonly BandExample[], size: number): Promise<string> =>
  contactSheet({
    title: 'Examples from frequent to rare space groups',
    subtitle:
      'three zone axes each, grey = logarithm of the intensity; frame: blue many (> 100 samples), amber medium (20 to 100), red few (< 20)',
    columns: 4,
    cells: examples.map(({ spaceGroup, material, formula, count, pixels }) => ({
      pixels,
      size,
      frame: FRAMES[bandOf(count)],
      caption: [
        `${spaceGroup} ${hermannMauguin(spaceGroup)} (${crystalSystem(spaceGroup)}), ${count} samples`,
        `${formula || '?'} · ${material}`.slice(0, 46),
      ],
    })),
  });
