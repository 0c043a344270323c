import { BLOCK, drawTriplets, randomOrigins } from '../../gan/sample.ts';
import type { ProgressFactory } from '../../src/ground/progress.ts';
import type { ArchiveContents } from '../archive.ts';
import { ganArchive } from '../from-gan.ts';
import { provenanceOf } from '../provenance.ts';
import type { Sampling } from './open.ts';

export interface RandomResult {
  classes: readonly number[];
  triplets: number;
  perSecond: number;
}

/** Random triplets of every class, with their passports. */
export async function randomSamples(
  { model, store, classes }: Sampling,
  options: { count: number; truncation: number; seed: number },
  progress: ProgressFactory,
): Promise<{ contents: ArchiveContents; result: RandomResult }> {
  const { count, truncation, seed } = options;
  const origins = classes.flatMap((spaceGroup) =>
    randomOrigins(model, { spaceGroup, count, truncation, seed }),
  );
  const start = performance.now();
  const drawn = await drawTriplets(model, origins, progress);
  const perSecond = (1000 * drawn.length) / (performance.now() - start);
  const samples = drawn.map((one, i) => ({
    drawn: one,
    source: origins[i]!,
    place: i % BLOCK,
    passport: provenanceOf(model.classes[origins[i]!.label]!, { seed }),
  }));
  const contents = ganArchive({ model, store, guide: null }, samples);
  return { contents, result: { classes, triplets: drawn.length, perSecond } };
}

export const randomText = ({ classes, triplets, perSecond }: RandomResult): string =>
  `${triplets} triplets of ${classes.length} space groups (${classes.join(', ')}), ${perSecond.toFixed(1)} a second`;
