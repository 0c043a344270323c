import { setImmediate as nextTurn } from 'node:timers/promises';
import { Stream } from '../common/stream.ts';
import type { Crystal } from '../crystal/crystal.ts';
import { type Box, boxReciprocal, eachFrequency } from './box/grid.ts';
import { boxMultislice } from './box/multislice.ts';
import { SlicePotentials } from './box/potential.ts';
import type { ProbePosition } from './box/probe.ts';
import { type Filling, fillBox } from './box/specimen.ts';
import { boxFor, checkWidth, leastWidth } from './box/window.ts';
import type { Camera } from './camera.ts';
import { splat } from './camera.ts';
import { apertureRadius } from './disc.ts';
import { interactionParameter, wavelength } from './electron.ts';
import type { BoxOptions } from './options.ts';
import type { Patterns } from './sample.ts';
import { scatteringFactors } from './scattering.ts';
import { sliceOf, type ZoneView, zoneViews } from './zone-views.ts';

/** Number of slices and their thickness, and after how many of them to record. */
interface Cut {
  slices: number;
  step: number;
  records: number[];
  depth: number | null;
}

/** Whole slices a period where slices repeat, whole slices a thickness where they do not. */
function cutOf(view: ZoneView, options: BoxOptions): Cut {
  const asked = sliceOf(view, options);
  const deepest = options.thicknesses.at(-1)!;
  const repeating = options.thermal.kind !== 'frozen-phonons';
  const length = repeating ? view.frame.period : deepest;
  const slices =
    options.sliceThickness === 'spacing' && !repeating
      ? Math.max(1, Math.round(length / asked))
      : Math.max(1, Math.ceil(length / asked - 1e-3));
  const step = length / slices;
  const records = options.thicknesses.map((t) => Math.max(1, Math.round(t / step)));
  return { slices, step, records, depth: repeating ? null : deepest };
}

/** A mesh of probe positions over one projected cell, near the middle of the box. */
function positionsOf(view: ZoneView, box: Box, count: number): ProbePosition[] {
  const [p, q] = boxReciprocal(box);
  const [a, b] = view.frame.projected;
  const out: ProbePosition[] = [];
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const x = (i * a[0] + j * b[0]) / count;
      const y = (i * a[1] + j * b[1]) / count;
      out.push([0.5 + x * p[0] + y * p[1], 0.5 + x * q[0] + y * q[1]]);
    }
  }
  return out;
}

/** Mean of the patterns of thermal configurations, by energy and record. */
function averaged(runs: readonly Float32Array[][][]): Float32Array[][] {
  if (runs.length === 1) return runs[0]!;
  return runs[0]!.map((records, e) =>
    records.map((first, t) =>
      first.map((_, at) => runs.reduce((sum, run) => sum + run[e]![t]![at]!, 0) / runs.length),
    ),
  );
}

/** Intensities over the transform of the box of one view, by energy and thickness. */
function viewIntensities(
  { crystal, view, radii, box }: { crystal: Crystal; view: ZoneView; radii: number[]; box: Box },
  options: BoxOptions,
): Float32Array[][] {
  const { thermal } = options;
  const { slices, step, records, depth } = cutOf(view, options);
  const frozen = thermal.kind === 'frozen-phonons';
  const stream = new Stream(options.seed, 'phonons').split(crystal.id).split(view.zone.join(' '));
  const filling: Omit<Filling, 'phonons'> = {
    crystal,
    frame: view.frame,
    box,
    slices,
    step,
    depth,
    displacement: thermal.kind === 'none' ? 0 : thermal.displacement,
    holz: options.holz,
  };
  const potentials = new SlicePotentials({
    box,
    placement: options.placement,
    factors: scatteringFactors(options.factors),
  });
  const distinct = [...new Set(records)].sort((a, b) => a - b);
  const runs = Array.from({ length: frozen ? thermal.configurations : 1 }, (_, n) =>
    boxMultislice({
      box,
      potentials,
      specimen: fillBox({ ...filling, phonons: frozen ? stream.split(n) : null }),
      beams: options.energies.map((energy) => ({
        lambda: wavelength(energy),
        sigma: interactionParameter(energy),
      })),
      radii,
      positions: positionsOf(view, box, options.positions),
      records: distinct,
      absorption: options.absorption,
      taper: 0,
    }),
  );
  potentials.dispose();
  return averaged(runs).map((found) => records.map((record) => found[distinct.indexOf(record)]!));
}

/** Widens `auto` boxes to the probe and to the pixels, and refuses widths that are too small. */
function widthOf(radii: readonly number[], options: BoxOptions, camera: Camera): number {
  const smallest = Math.min(...radii);
  if (options.box === 'auto') return Math.max(leastWidth(smallest), 1 / camera.pixel);
  checkWidth(options.box, smallest);
  return options.box;
}

function drawBox(box: Box, intensity: Float32Array, image: Float32Array, camera: Camera): void {
  const x = new Float64Array(intensity.length);
  const y = new Float64Array(intensity.length);
  eachFrequency(box, (at, gx, gy) => {
    x[at] = gx;
    y[at] = gy;
  });
  splat(image, camera, { x, y, weight: intensity });
}

/** The patterns of one crystal by a probe in a box; signals get their turn before each. */
export async function boxPatterns(
  crystal: Crystal,
  options: BoxOptions,
  camera: Camera,
): Promise<Patterns> {
  const views = zoneViews(crystal, options.zones);
  const points = camera.size ** 2;
  const stacks = options.energies.map(() =>
    options.thicknesses.map(() => new Float32Array(3 * points)),
  );
  const radii = views.map((view) =>
    options.energies.map((energy) => apertureRadius(view, energy, options)),
  );
  for (const [v, view] of views.entries()) {
    await nextTurn();
    const { holz, square, bandwidth: band } = options;
    const width = widthOf(radii[v]!, options, camera);
    const box = boxFor({ crystal, frame: view.frame, width, band, holz, square });
    const found = viewIntensities({ crystal, view, radii: radii[v]!, box }, options);
    found.forEach((list, e) => {
      list.forEach((intensity, t) => {
        const image = stacks[e]![t]!.subarray(v * points, (v + 1) * points);
        drawBox(box, intensity, image, camera);
      });
    });
  }
  return { views, radii, stacks };
}
