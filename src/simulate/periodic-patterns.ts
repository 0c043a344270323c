import { inputError, usageError } from '../common/errors.ts';
import type { Crystal } from '../crystal/crystal.ts';
import { type Camera, defaultCamera, splat } from './camera.ts';
import { apertureRadius, discTilts } from './disc.ts';
import { interactionParameter, wavelength } from './electron.ts';
import type { PeriodicOptions } from './options.ts';
import type { BeamIntensities, Job } from './periodic.ts';
import { stagesOf } from './periodic.ts';
import {
  type Beams,
  beamsOf,
  columnPotential,
  type Projection,
  projectCrystal,
} from './projection.ts';
import type { Patterns } from './sample.ts';
import { scatteringFactors } from './scattering.ts';
import {
  type Move,
  patternMoves,
  type ReducedTilts,
  reduceTilts,
  symmetrised,
} from './symmetry.ts';
import { sliceOf, type ZoneView, zoneViews } from './zone-views.ts';

/** Area in square angstrom beyond which a projected cell is refused. */
const LARGEST_AREA = 670;

/** A job that is computed for one direction of each set of equivalent ones. */
type PeriodicJob = Job & { tilts: ReducedTilts; moves: readonly Move[] };

/** A crystal ready for the engine: for each view, one job an energy. */
export interface PeriodicPlan {
  views: ZoneView[];
  jobs: PeriodicJob[][];
  radii: number[][];
}

/** The beams of which some direction of the disc falls on the camera. */
function shownBeams({ frame, band }: Projection, radius: number, { size, pixel }: Camera): Beams {
  const reach = ((size + 1) / 2) * pixel + radius;
  return beamsOf(frame, band, (x, y) => Math.abs(x) < reach && Math.abs(y) < reach);
}

/** The bandwidths of `auto` (1/angstrom), and the potential of a column that asks for the larger one. */
const BANDWIDTH = { usual: 3, heavy: 4, volts: 300 };

/**
 * The projected potential of a view. Heavy columns scatter so far that with the usual bandwidth up to
 * a fifth of the intensity would stand elsewhere.
 */
function projectionOf(crystal: Crystal, { frame }: ZoneView, options: PeriodicOptions): Projection {
  const { bandwidth, thermal } = options;
  const displacement = thermal.kind === 'none' ? 0 : thermal.displacement;
  const factors = scatteringFactors(options.factors);
  const upTo = (band: number) => projectCrystal({ crystal, frame, band, displacement, factors });
  if (bandwidth !== 'auto') return upTo(bandwidth);
  const usual = upTo(BANDWIDTH.usual);
  const heavy = columnPotential(crystal, usual) > BANDWIDTH.volts;
  return heavy ? upTo(BANDWIDTH.heavy) : usual;
}

function jobsOf(
  crystal: Crystal,
  view: ZoneView,
  radii: number[],
  options: PeriodicOptions,
): PeriodicJob[] {
  const { absorption, thermal } = options;
  if (thermal.kind === 'frozen-phonons') {
    throw usageError('frozen phonons need a specimen that does not repeat', 'use --mode box');
  }
  const [a, b] = view.frame.projected;
  const area = Math.abs(a[0] * b[1] - a[1] * b[0]);
  if (area > LARGEST_AREA) {
    throw inputError(
      `zone axis [${view.zone.join(' ')}] projects the cell to ${area.toFixed(0)} square angstrom, more than ${LARGEST_AREA}`,
      'leave this crystal out, or use --mode box',
    );
  }
  const projection = projectionOf(crystal, view, options);
  const stages = stagesOf(options.thicknesses, sliceOf(view, options));
  const moves = patternMoves(crystal.spaceGroup, view.frame);
  const camera = defaultCamera(options.size);
  return options.energies.map((energy, e) => ({
    projection,
    beams: shownBeams(projection, radii[e]!, camera),
    tilts: reduceTilts(discTilts(radii[e]!, camera.pixel), moves),
    moves,
    lambda: wavelength(energy),
    sigma: interactionParameter(energy),
    absorption,
    stages,
  }));
}

/** Prepares a crystal: zones, projected potentials, transmission functions. */
export function planPeriodic(crystal: Crystal, options: PeriodicOptions): PeriodicPlan {
  const views = zoneViews(crystal, options.zones);
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
  results: readonly (readonly BeamIntensities[])[],
  options: PeriodicOptions,
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
