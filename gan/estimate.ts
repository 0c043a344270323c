import { CELL_PARAMETERS } from '../src/codec/cell-numbers.ts';
import type { Store } from '../src/dataset/store/store.ts';
import { classCodes } from './codec/codes.ts';
import { discriminatorLayout, generatorLayout } from './codec/networks.ts';
import { shapeOf } from './codec/trainer.ts';
import type { GanConfig } from './config.ts';
import { type GanPlan, trainingPlan } from './training/plan.ts';

/** Time of a step that does not depend on its size: launching some 450 kernels. */
const OVERHEAD_MS = 10;
/** Time to read the discs of one triplet. */
const READING_MS = 12;
/** Disc slots of the default camera, and numbers of a slot. */
const TABLE = 6500 * 6;

/** What `gan train` would do, without doing it. */
export function ganPlan(store: Store, config: GanConfig, classes: readonly number[]): GanPlan {
  const triplets = store.indices('train').length;
  const rank = Math.min(config.components, triplets - 1);
  const shape = shapeOf(config, {
    width: rank + CELL_PARAMETERS,
    code: classCodes(store.classes).code,
  });
  const generatorParameters = generatorLayout(shape).size;
  const discriminatorParameters = discriminatorLayout(shape).size;
  // Generator: forward twice, backward once (twice a forward). Discriminator: forward three times,
  // backward three times, the penalty as much again every few steps.
  const passes = 4 * generatorParameters + (9 + 6 / config.penaltyEvery) * discriminatorParameters;
  return trainingPlan({
    classes,
    triplets,
    config,
    generatorParameters,
    discriminatorParameters,
    passes,
    overheadMs: OVERHEAD_MS,
    beforeMs: READING_MS * triplets,
    dataBytes: 4 * TABLE * (2 * triplets + store.classes.length + rank),
  });
}
