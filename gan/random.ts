import type { GanModel } from './codec/model.ts';
import { drawTriplets, randomOrigins } from './codec/sample.ts';
import { PixelModel } from './pixel/model.ts';
import { randomPixelOrigins } from './pixel/random.ts';

/** A trained generator of any kind. */
export type DrawingModel = GanModel | PixelModel;

/**
 * Stored pixels of random triplets, `count` of each space group in order: what pictures and
 * measures look at, whatever the generator works in.
 */
export async function randomPixels(
  model: DrawingModel,
  request: { spaceGroups: readonly number[]; count: number; seed: number },
): Promise<Uint8Array[]> {
  const { spaceGroups, count, seed } = request;
  if (model instanceof PixelModel) {
    return model.draw(
      spaceGroups.flatMap((spaceGroup) => randomPixelOrigins(model, { spaceGroup, count, seed })),
    );
  }
  const origins = spaceGroups.flatMap((spaceGroup) =>
    randomOrigins(model, { spaceGroup, count, seed }),
  );
  const drawn = await drawTriplets(model, origins);
  return drawn.map(({ pixels }) => pixels);
}
