import type { Store } from '../../src/dataset/store/store.ts';
import { type GanPlan, trainingPlan } from '../training/plan.ts';
import { KEPT_BYTES } from './averaged-store.ts';
import type { PixelConfig } from './config.ts';
import { discriminatorLayout } from './discriminator.ts';
import { pixelLayout } from './generator.ts';

import { channelsAt, type PixelShape, sidesTo } from './shape.ts';
import { pixelShape } from './trainer.ts';

/** Time of a step that does not depend on its size: launching some 600 kernels. */
const OVERHEAD_MS = 25;
/** Maps that a step keeps for its gradients, in numbers a pixel and channel of full resolution. */
const KEPT_MAPS = 40;

/** Multiplications a triplet in one pass of the discriminator. */
const discriminatorPass = (shape: PixelShape): number =>
  sidesTo(shape.size).reduce((sum, side) => {
    const from = side === shape.size ? 3 : channelsAt(shape, side);
    return sum + (side / 2) ** 2 * 16 * from * channelsAt(shape, side / 2);
  }, 0);

/** Multiplications a triplet in one pass of the generator. */
function generatorPass(shape: PixelShape): number {
  const doubling = sidesTo(shape.size).map(
    (side) => side ** 2 * 4 * channelsAt(shape, side / 2) * channelsAt(shape, side),
  );
  return doubling.reduce((sum, one) => sum + one, shape.size ** 2 * 27 * shape.width);
}

/** What `gan train --generator pixel` would do, without doing it. */
export function pixelPlan(store: Store, config: PixelConfig, classes: readonly number[]): GanPlan {
  const { batch, penaltyEvery } = config;
  const shape = pixelShape(config, store);
  const generatorParameters = pixelLayout(shape).size;
  const discriminatorParameters = discriminatorLayout(shape).size;
  // Generator: forward twice, backward once (twice a forward). Discriminator: forward three times,
  // backward twice, back to the triplets once; the penalty as much again every few steps.
  const passes = 4 * generatorPass(shape) + (8 + 6 / penaltyEvery) * discriminatorPass(shape);
  const triplets = store.indices('train').length;
  const maps = 4 * KEPT_MAPS * batch * shape.width * shape.size ** 2;
  return trainingPlan({
    classes,
    triplets,
    config,
    generatorParameters,
    discriminatorParameters,
    passes,
    overheadMs: OVERHEAD_MS,
    beforeMs: 0,
    dataBytes: maps + Math.min(triplets * 3 * shape.size ** 2, KEPT_BYTES),
  });
}
