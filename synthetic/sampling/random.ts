import type { GanModel } from '../../gan/codec/model.ts';
import { BLOCK, drawTriplets, randomOrigins } from '../../gan/codec/sample.ts';
import type { ProgressFactory } from '../../src/common/progress.ts';
import type { GanSample } from '../archive/from-gan.ts';
import { passportOf } from '../archive/passport.ts';
import type { Wanted } from './wanted.ts';

export interface RandomOptions {
  wanted: Wanted;
  /** Below 1: latent vectors nearer to the middle, more typical and less diverse. */
  truncation?: number;
  seed: number;
}

/** Random triplets of the generator, as many of each space group as wanted, with passports. */
export async function randomSamples(
  model: GanModel,
  { wanted, truncation, seed }: RandomOptions,
  progress: ProgressFactory,
): Promise<GanSample[]> {
  const origins = [...wanted].flatMap(([spaceGroup, count]) =>
    count > 0 ? randomOrigins(model, { spaceGroup, count, truncation, seed }) : [],
  );
  const drawn = await drawTriplets(model, origins, progress);
  return drawn.map((one, i) => ({
    drawn: one,
    source: origins[i]!,
    place: i % BLOCK,
    passport: passportOf(model.classes[origins[i]!.label]!, { seed }),
  }));
}
