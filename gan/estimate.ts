import { CELL_NUMBERS } from '../src/codec/cell-numbers.ts';
import type { Store } from '../src/dataset/store.ts';
import { bytesText, durationText } from '../src/ground/log.ts';
import { classCodes } from './codes.ts';
import type { GanConfig } from './config.ts';
import { discriminatorLayout, generatorLayout } from './networks.ts';
import { shapeOf } from './trainer.ts';

/** What a training would be. */
export interface GanPlan {
  classes: readonly number[];
  triplets: number;
  config: Readonly<Record<string, unknown>>;
  generatorParameters: number;
  discriminatorParameters: number;
  /** Multiplications and additions a step. */
  operationsPerStep: number;
  /** Estimates, ms and bytes. */
  stepMs: number;
  totalMs: number;
  bytes: number;
}

/** Operations a second that dense layers of this size reach on one pair of processor cores. */
const RATE = 5e10;
/** Time of a step that does not depend on its size: launching some 450 kernels. */
const OVERHEAD_MS = 10;
/** Time to read the discs of one triplet. */
const READING_MS = 12;
/** Disc slots of the default camera, and numbers of a slot. */
const TABLE = 6500 * 6;
/** What the engine takes before any network. */
const ENGINE_BYTES = 450 << 20;

/** What `gan train` would do, without doing it. */
export function ganPlan(store: Store, config: GanConfig, classes: readonly number[]): GanPlan {
  const triplets = store.indices('train').length;
  const rank = Math.min(config.components, triplets - 1);
  const shape = shapeOf(config, {
    width: rank + CELL_NUMBERS,
    code: classCodes(store.classes).code,
  });
  const generatorParameters = generatorLayout(shape).size;
  const discriminatorParameters = discriminatorLayout(shape).size;
  // Generator: forward twice, backward once (twice a forward). Discriminator: forward three times,
  // backward three times, the penalty as much again every few steps.
  const passes = 4 * generatorParameters + (9 + 6 / config.penaltyEvery) * discriminatorParameters;
  const operationsPerStep = 2 * config.batch * passes;
  const stepMs = OVERHEAD_MS + (1000 * operationsPerStep) / RATE;
  const weights = 4 * 5 * (generatorParameters + discriminatorParameters);
  const tables = 4 * TABLE * (2 * triplets + store.classes.length + rank);
  return {
    classes,
    triplets,
    config,
    generatorParameters,
    discriminatorParameters,
    operationsPerStep,
    stepMs,
    totalMs: stepMs * config.steps + READING_MS * triplets,
    bytes: ENGINE_BYTES + weights + tables,
  };
}

/** The plan in a few lines. */
export const planText = (plan: GanPlan): string =>
  [
    `would learn from ${plan.triplets} training triplets, half of every batch from ${plan.classes.length} classes: ${plan.classes.join(', ')}`,
    ...Object.entries(plan.config).map(([name, value]) => `  ${name}: ${value}`),
    `generator ${plan.generatorParameters} parameters, discriminator ${plan.discriminatorParameters}`,
    `about ${plan.stepMs.toFixed(0)} ms a step, ${durationText(plan.totalMs)} in all on two cores, ${bytesText(plan.bytes)} of memory`,
  ].join('\n');
