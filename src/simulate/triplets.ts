import { setImmediate as nextTurn } from 'node:timers/promises';
import { CbedError, messageOf } from '../common/errors.ts';
import { type ProgressFactory, silentProgress } from '../common/progress.ts';
import type { Crystal } from '../crystal/crystal.ts';
import { boxPatterns } from './box-patterns.ts';
import { type Camera, cameraFor, defaultCamera } from './camera.ts';
import type { PeriodicOptions, SimulationOptions } from './options.ts';
import { periodicMultislice } from './periodic.ts';
import { drawPeriodic, type PeriodicPlan, planPeriodic } from './periodic-patterns.ts';
import { type Patterns, type Sample, samplesOf } from './sample.ts';

/** A crystal that could not be simulated, and why. */
export interface SimulationFailure {
  failed: { id: string; reason: string };
}

/** A simulated triplet, or a crystal that gave none. */
export type Outcome = { ok: Sample } | SimulationFailure;

/** Crystals of the periodic mode that are computed together; their results wait for the last. */
const WINDOW = 8;

/** Runs a step for one crystal; what is wrong with that crystal is its failure alone. */
async function attempt<T>(
  crystal: Crystal,
  step: () => T | Promise<T>,
): Promise<{ done: T } | SimulationFailure> {
  try {
    return { done: await step() };
  } catch (error) {
    // A setting that no crystal can be simulated with is the user's to mend, not a bad crystal.
    if (error instanceof CbedError && error.fault === 'usage') throw error;
    return { failed: { id: crystal.id, reason: messageOf(error) } };
  }
}

async function periodicWindow(
  crystals: readonly Crystal[],
  options: PeriodicOptions,
  camera: Camera,
): Promise<({ done: Patterns } | SimulationFailure)[]> {
  const plans = await Promise.all(
    crystals.map((crystal) => attempt(crystal, () => planPeriodic(crystal, options))),
  );
  const results = periodicMultislice(
    plans.flatMap((plan) => ('done' in plan ? plan.done.jobs.flat() : [])),
  );
  let at = 0;
  const resultsOf = (plan: PeriodicPlan) =>
    plan.jobs.map((jobs) => {
      at += jobs.length;
      return results.slice(at - jobs.length, at);
    });
  return plans.map((plan) =>
    'done' in plan
      ? { done: drawPeriodic(plan.done, resultsOf(plan.done), options, camera) }
      : plan,
  );
}

/** Which crystals of a longer list these are: numbers `first`, `first + step`, ... */
export interface Numbering {
  first: number;
  step: number;
}

/** How the patterns of some settings are sampled. */
export function cameraOf(options: SimulationOptions): Camera {
  if (options.mode === 'periodic') return defaultCamera(options.size);
  const camera = cameraFor(options.size, options.field);
  if (!options.square) return camera;
  // The Summit data have the direct beam on pixel 256 of 512; smaller pictures are these, averaged.
  return { ...camera, centre: (options.size * 256.5) / 512 - 0.5 };
}

/**
 * Simulates the triplet of each crystal at each energy and thickness, in input order; a crystal
 * that cannot be simulated gives its reason instead. The periodic mode works in windows of eight
 * crystals; the box mode works one pattern at a time (`boxMultislice` states its memory). Signals and
 * timers get their turn between windows and between patterns.
 *
 * @param options resolved by `simulationSchema`.
 * @example
 * for await (const one of simulateTriplets(crystals, simulationSchema.parse({ size: 64 }))) {
 *   if ('ok' in one) console.log(one.ok.key);
 * }
 * @category Crystals and simulation
 */
export async function* simulateTriplets(
  crystals: readonly Crystal[],
  options: SimulationOptions,
  progress: ProgressFactory = silentProgress,
  numbering: Numbering = { first: 0, step: 1 },
): AsyncGenerator<Outcome> {
  const camera = cameraOf(options);
  const bar = progress('simulating triplets', crystals.length);
  const window = options.mode === 'periodic' ? WINDOW : 1;
  for (let from = 0; from < crystals.length; from += window) {
    const some = crystals.slice(from, from + window);
    await nextTurn();
    const found =
      options.mode === 'periodic'
        ? await periodicWindow(some, options, camera)
        : await Promise.all(
            some.map((crystal) => attempt(crystal, () => boxPatterns(crystal, options, camera))),
          );
    for (const [i, outcome] of found.entries()) {
      const item = { crystal: some[i]!, index: numbering.first + (from + i) * numbering.step };
      if ('failed' in outcome) yield outcome;
      else for (const ok of samplesOf(item, outcome.done, options, camera)) yield { ok };
    }
    bar.advance(some.length);
  }
  bar.done();
}
