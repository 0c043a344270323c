import { PIXEL_BLOCK, type PixelModel } from '../../gan/pixel/model.ts';
import { randomPixelOrigins } from '../../gan/pixel/random.ts';
import type { ProgressFactory } from '../../src/common/progress.ts';
import type { PixelSample } from '../archive/from-pixel.ts';
import { passportOf } from '../archive/passport.ts';
import type { RandomOptions } from './random.ts';

/** Random triplets of a generator on pixels, as many of each space group as wanted. */
export async function pixelSamples(
  model: PixelModel,
  { wanted, truncation, seed }: RandomOptions,
  progress: ProgressFactory,
): Promise<PixelSample[]> {
  const origins = [...wanted].flatMap(([spaceGroup, count]) =>
    count > 0 ? randomPixelOrigins(model, { spaceGroup, count, truncation, seed }) : [],
  );
  const bar = progress('drawing triplets', origins.length);
  const samples: PixelSample[] = [];
  for (let from = 0; from < origins.length; from += PIXEL_BLOCK) {
    const block = origins.slice(from, from + PIXEL_BLOCK);
    model.draw(block).forEach((pixels, place) => {
      const source = block[place]!;
      const passport = passportOf(model.classes[source.label]!, { seed });
      samples.push({ pixels, source, place, passport });
    });
    await new Promise(setImmediate); // lets Ctrl-C and the display through
    bar.advance(block.length);
  }
  bar.done();
  return samples;
}
