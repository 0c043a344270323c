import { inspectStore } from '../../dataset/inspect/inspect-store.ts';
import type { Store } from '../../dataset/store/store.ts';
import { classHistogram } from '../figures/census.ts';
import { exampleSheet } from '../figures/census-sheet.ts';
import { censusLines } from './census-text.ts';
import { figureHtml, type Section } from './page.ts';

/** How imbalanced a store is, in figures and words. */
export interface DataPictures {
  /** SVG of the class histogram and of the sample sheet. */
  histogram: string;
  sheet: string;
  lines: string[];
}

/** Patterns that the census looks at for its intensities. */
const LOOKED_AT = 400;

/** Counts the classes of a store and draws them. */
export async function drawData(store: Store): Promise<DataPictures> {
  const { census, examples, size } = inspectStore(store, LOOKED_AT);
  return {
    histogram: classHistogram(census),
    sheet: await exampleSheet(examples, size),
    lines: censusLines(census),
  };
}

export const dataSection = ({ histogram, sheet }: DataPictures): Section => ({
  heading: 'How imbalanced the data are',
  body:
    figureHtml(histogram, 'training samples of each space group') +
    figureHtml(sheet, 'example triplets'),
});
