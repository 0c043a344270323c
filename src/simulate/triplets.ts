import type { Crystal, Vec3 } from '../crystal/crystal.ts';
import { centring } from '../crystal/spacegroup.ts';
import { standardZones, type ZoneFrame, zoneFrame } from '../crystal/zone.ts';
import { inputError, messageOf } from '../ground/errors.ts';
import { type ProgressFactory, silentProgress } from '../ground/progress.ts';
import { type Camera, defaultCamera } from './camera.ts';
import { stagesOf } from './depth.ts';
import { discRadius, discTilts } from './disc.ts';
import { interactionParameter, wavelength } from './electron.ts';
import type { Intensities, Job } from './job.ts';
import type { SimulationOptions } from './options.ts';
import { periodicMultislice } from './periodic.ts';
import { project } from './projection.ts';
import type { Sample } from './sample.ts';
import { splat } from './splat.ts';
import { strongestZones } from './strongest.ts';
import { beamsOf, transmission } from './transmission.ts';

/** A simulated triplet, or the crystal that could not be simulated and why. */
export type Outcome = { ok: Sample } | { failed: { id: string; reason: string } };

/** Crystals that are computed together; results wait in memory until their window is done. */
const WINDOW = 32;

/** Beams beyond which a projected cell is refused (a net of about 25 x 25 angstrom). */
const MOST_BEAMS = 4000;

interface Axis {
  zone: Vec3;
  spacing: number | null;
}

/** One zone axis of a crystal, with its jobs (one an energy). */
interface View {
  frame: ZoneFrame;
  axis: Axis;
  radius: number;
  jobs: Job[];
}

interface Prepared {
  crystal: Crystal;
  index: number;
  views: View[];
}

function axesOf(crystal: Crystal, zones: SimulationOptions['zones']): Axis[] {
  if (zones === 'strongest') return strongestZones(crystal);
  const chosen = zones === 'standard' ? standardZones(crystal.spaceGroup) : zones;
  return chosen.map((zone) => ({ zone, spacing: null }));
}

function viewOf(crystal: Crystal, axis: Axis, options: SimulationOptions, camera: Camera): View {
  const frame = zoneFrame({
    cell: crystal.cell,
    centring: centring(crystal.spaceGroup),
    zone: axis.zone,
  });
  const { thermal, bandwidth, absorption } = options;
  const beams = beamsOf({ frame, band: bandwidth });
  if (beams.count > MOST_BEAMS) {
    throw inputError(
      `zone axis [${axis.zone.join(' ')}] needs ${beams.count} beams, more than ${MOST_BEAMS}`,
      'lower the bandwidth, or leave this crystal out',
    );
  }
  const displacement = thermal.kind === 'debye-waller' ? thermal.displacement : 0;
  const projection = project({ crystal, frame, band: bandwidth, displacement });
  const radius = discRadius(frame, axis.spacing);
  const tilts = discTilts(radius, camera.pixel);
  const stages = stagesOf(options.thicknesses, options.sliceThickness);
  const jobs = options.energies.map((energy): Job => {
    const sigma = interactionParameter(energy);
    const slices = stages.map(({ step }) => transmission({ projection, step, sigma, absorption }));
    return { beams, tilts, lambda: wavelength(energy), stages, slices };
  });
  return { frame, axis, radius, jobs };
}

/** Draws the beams of one job into a pattern: every tilt of every disc where it falls. */
function draw(job: Job, intensity: Float32Array, image: Float32Array, camera: Camera): void {
  const { beams, tilts } = job;
  const x = new Float64Array(intensity.length);
  const y = new Float64Array(intensity.length);
  for (let g = 0, at = 0; g < beams.count; g++) {
    for (let q = 0; q < tilts.count; q++, at++) {
      x[at] = beams.x[g]! + tilts.x[q]!;
      y[at] = beams.y[g]! + tilts.y[q]!;
    }
  }
  splat(image, camera, { x, y, weight: intensity.map((value) => value / tilts.count) });
}

const three = <T>(values: readonly T[]): [T, T, T] => [values[0]!, values[1]!, values[2]!];

/** Number of the beam energy in the key of a sample: 0 to 9 for 100 to 190 kV, as in the Summit data. */
const energyNumber = (energies: readonly number[], position: number): number => {
  const summit = energies.every((energy) => energy % 10 === 0 && energy >= 100 && energy <= 190);
  return summit ? (energies[position]! - 100) / 10 : position;
};

function* samplesOf(
  prepared: Prepared,
  results: readonly Intensities[][],
  options: SimulationOptions,
  camera: Camera,
): Generator<Sample> {
  const { crystal, index, views } = prepared;
  for (const [e, energy] of options.energies.entries()) {
    for (const [t, thickness] of options.thicknesses.entries()) {
      const stack = new Float32Array(3 * camera.size ** 2);
      views.forEach((view, v) => {
        const image = stack.subarray(v * camera.size ** 2, (v + 1) * camera.size ** 2);
        draw(view.jobs[e]!, results[v]![e]![t]!, image, camera);
      });
      const suffix = options.thicknesses.length > 1 ? `_${t}` : '';
      yield {
        key: `sample_${index}_${energyNumber(options.energies, e)}${suffix}`,
        spaceGroup: crystal.spaceGroup,
        material: crystal.material,
        formula: crystal.formula,
        energy,
        zones: three(views.map((view) => view.axis.zone)),
        inPlane: three(views.map((view) => view.frame.inPlane)),
        semiAngles: three(views.map((view) => view.radius * wavelength(energy))),
        spacings: views.every((view) => view.axis.spacing !== null)
          ? three(views.map((view) => view.axis.spacing!))
          : null,
        cell: crystal.cell,
        thickness,
        camera,
        stack,
      };
    }
  }
}

type Slot = { ready: Prepared } | { failed: { id: string; reason: string } };

function prepare(
  crystal: Crystal,
  index: number,
  options: SimulationOptions,
  camera: Camera,
): Slot {
  try {
    const axes = axesOf(crystal, options.zones);
    const views = axes.map((axis) => viewOf(crystal, axis, options, camera));
    return { ready: { crystal, index, views } };
  } catch (error) {
    return { failed: { id: crystal.id, reason: messageOf(error) } };
  }
}

function* finishWindow(
  slots: readonly Slot[],
  options: SimulationOptions,
  camera: Camera,
): Generator<Outcome> {
  const views = slots.flatMap((slot) => ('ready' in slot ? slot.ready.views : []));
  const results = periodicMultislice(views.flatMap((view) => view.jobs));
  const each = options.energies.length;
  let at = 0;
  for (const slot of slots) {
    if ('failed' in slot) {
      yield slot;
      continue;
    }
    const mine = slot.ready.views.map((_, v) => results.slice(at + v * each, at + (v + 1) * each));
    at += each * mine.length;
    for (const sample of samplesOf(slot.ready, mine, options, camera)) yield { ok: sample };
  }
}

/** Which crystals of a longer list these are: numbers `first`, `first + step`, ... */
export interface Numbering {
  first: number;
  step: number;
}

/**
 * Simulates the triplet of each crystal at each energy and thickness, in input order; a crystal
 * that cannot be simulated gives its reason instead. Works in windows of 32 crystals; memory stays
 * under about 1 GiB for cells of the minerals table.
 *
 * @param options resolved by `simulationSchema`.
 */
export async function* simulateTriplets(
  crystals: readonly Crystal[],
  options: SimulationOptions,
  progress: ProgressFactory = silentProgress,
  numbering: Numbering = { first: 0, step: 1 },
): AsyncGenerator<Outcome> {
  const camera = defaultCamera(options.size);
  const bar = progress('simulating triplets', crystals.length);
  for (let from = 0; from < crystals.length; from += WINDOW) {
    const window = crystals.slice(from, from + WINDOW);
    const slots = window.map((crystal, i) =>
      prepare(crystal, numbering.first + (from + i) * numbering.step, options, camera),
    );
    yield* finishWindow(slots, options, camera);
    bar.advance(window.length);
  }
  bar.done();
}
