import type { Store } from '../../src/dataset/store.ts';
import type { GanPlan } from '../estimate.ts';
import type { PixelConfig } from './config.ts';
import { discriminatorLayout } from './discriminator.ts';
import { generatorLayout } from './networks.ts';
import { channelsAt, type PixelShape, sidesTo } from './shape.ts';
import { pixelShape } from './trainer.ts';

/** Operations a second that convolutions of this size reach on one pair of processor cores. */
const RATE = 5e10;
/** Time of a step that does not depend on its size: launching some 600 kernels. */
const OVERHEAD_MS = 25;
/** What the engine takes before any network. */
const ENGINE_BYTES = 450 << 20;
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
  if (shape.kind === 'residual') {
    const inner = 4 * shape.width;
    return (shape.size / 4) ** 2 * 9 * (48 * inner + 2 * inner * inner + 51 * inner);
  }
  const doubling = sidesTo(shape.size).map(
    (side) => side ** 2 * 4 * channelsAt(shape, side / 2) * channelsAt(shape, side),
  );
  return doubling.reduce((sum, one) => sum + one, shape.size ** 2 * 27 * shape.width);
}

/** What `gan train --generator pixel` (or `residual`) would do, without doing it. */
export function pixelPlan(
  store: Store,
  { kind, config }: { kind: PixelShape['kind']; config: PixelConfig },
  classes: readonly number[],
): GanPlan {
  const { batch, steps, penaltyEvery } = config;
  const shape = pixelShape(kind, config, store);
  const generatorParameters = generatorLayout(shape).size;
  const discriminatorParameters = discriminatorLayout(shape).size;
  // Generator: forward twice, backward once (twice a forward). Discriminator: forward three times,
  // backward twice, back to the triplets once; the penalty as much again every few steps.
  const passes = 4 * generatorPass(shape) + (8 + 6 / penaltyEvery) * discriminatorPass(shape);
  const operationsPerStep = 2 * batch * passes;
  const stepMs = OVERHEAD_MS + (1000 * operationsPerStep) / RATE;
  const triplets = store.indices('train').length;
  const weights = 4 * 5 * (generatorParameters + discriminatorParameters);
  const maps = 4 * KEPT_MAPS * batch * shape.width * shape.size ** 2;
  const read = Math.min(triplets * 3 * shape.size ** 2, 512 << 20);
  return {
    classes,
    triplets,
    config,
    generatorParameters,
    discriminatorParameters,
    operationsPerStep,
    stepMs,
    totalMs: stepMs * steps,
    bytes: ENGINE_BYTES + weights + maps + read,
  };
}
