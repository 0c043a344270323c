import { inputError, usageError } from '../common/errors.ts';
import type { Crystal } from '../crystal/crystal.ts';
import { apertureRadius, sliceOf, type View, viewsOf } from './axes.ts';
import type { Camera } from './camera.ts';
import { stagesOf } from './depth.ts';
import { discTilts } from './disc.ts';
import { interactionParameter, wavelength } from './electron.ts';
import type { Intensities, Job } from './job.ts';
import type { SimulationOptions } from './options.ts';
import { project } from './projection.ts';
import type { Patterns } from './sample-of.ts';
import { splat } from './splat.ts';
import {
  type Move,
  patternMoves,
  type ReducedTilts,
  reduceTilts,
  symmetrised,
} from './symmetry.ts';
import { beamsOf, POTENTIAL_REACH, transmission } from './transmission.ts';

/** Beams beyond which a projected cell is refused (a net of about 25 x 25 angstrom). */
const MOST_BEAMS = 4000;

/** A job that is computed for one direction of each set of equivalent ones. */
type PeriodicJob = Job & { tilts: ReducedTilts; moves: readonly Move[] };

/** A crystal ready for the engine: for each view, one job an energy. */
export interface PeriodicPlan {
  views: View[];
  jobs: PeriodicJob[][];
  radii: number[][];
}

function jobsOf(
  crystal: Crystal,
  view: View,
  radii: number[],
  options: SimulationOptions,
): PeriodicJob[] {
  const { bandwidth, absorption, thermal } = options;
  if (thermal.kind === 'frozen-phonons') {
    throw usageError('frozen phonons need a specimen that does not repeat', 'use --mode box');
  }
  const beams = beamsOf(view.frame, bandwidth);
  if (beams.count > MOST_BEAMS) {
    throw inputError(
      `zone axis [${view.zone.join(' ')}] needs ${beams.count} beams, more than ${MOST_BEAMS}`,
      'lower the bandwidth, or leave this crystal out',
    );
  }
  const displacement = thermal.kind === 'none' ? 0 : thermal.displacement;
  const band = POTENTIAL_REACH * bandwidth;
  const projection = project({ crystal, frame: view.frame, band, displacement });
  const stages = stagesOf(options.thicknesses, sliceOf(view, options));
  const moves = patternMoves(crystal.spaceGroup, view.frame);
  return options.energies.map((energy, e) => {
    const sigma = interactionParameter(energy);
    const slices = stages.map(({ step }) => transmission({ projection, step, sigma, absorption }));
    const tilts = reduceTilts(discTilts(radii[e]!, 2.56 / options.size), moves);
    return { band: bandwidth, beams, tilts, moves, lambda: wavelength(energy), stages, slices };
  });
}

/** Prepares a crystal: zones, projected potentials, transmission functions. */
export function planPeriodic(crystal: Crystal, options: SimulationOptions): PeriodicPlan {
  const views = viewsOf(crystal, options.zones);
  const radii = views.map((view) =>
    options.energies.map((energy) => apertureRadius(view, energy, options)),
  );
  return { views, radii, jobs: views.map((view, v) => jobsOf(crystal, view, radii[v]!, options)) };
}

/**
 * The pattern of one job: the beams of every direction that was computed, then the mean over the
 * symmetry of the pattern, which puts each direction's intensity on its equivalents.
 */
function picture(
  { beams, tilts, moves }: PeriodicJob,
  intensity: Float32Array,
  camera: Camera,
): Float32Array {
  const count = beams.count * tilts.count;
  const [x, y, weight] = [
    new Float64Array(count),
    new Float64Array(count),
    new Float64Array(count),
  ];
  for (let g = 0, at = 0; g < beams.count; g++) {
    for (let q = 0; q < tilts.count; q++, at++) {
      x[at] = beams.x[g]! + tilts.x[q]!;
      y[at] = beams.y[g]! + tilts.y[q]!;
      weight[at] = (intensity[at]! * tilts.members[q]!) / tilts.full;
    }
  }
  const image = new Float32Array(camera.size ** 2);
  splat(image, camera, { x, y, weight });
  return symmetrised(image, camera.size, moves);
}

/** The pictures of a plan from the intensities of its jobs (`results[view][energy]`). */
export function drawPeriodic(
  plan: PeriodicPlan,
  results: readonly (readonly Intensities[])[],
  options: SimulationOptions,
  camera: Camera,
): Patterns {
  const points = camera.size ** 2;
  const stacks = options.energies.map((_, e) =>
    options.thicknesses.map((_, t) => {
      const stack = new Float32Array(3 * points);
      plan.jobs.forEach((jobs, v) => {
        stack.set(picture(jobs[e]!, results[v]![e]![t]!, camera), v * points);
      });
      return stack;
    }),
  );
  return { views: plan.views, radii: plan.radii, stacks };
}
