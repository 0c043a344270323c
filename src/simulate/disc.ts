import { inputError } from '../common/errors.ts';
import type { ZoneFrame } from '../crystal/zone.ts';
import { wavelength } from './electron.ts';
import type { SimulationOptions } from './options.ts';
import type { ZoneView } from './zone-views.ts';

/** Largest and smallest disc radius of the overlap rule, 1/angstrom. */
const LARGEST = 0.13;
const SMALLEST = 0.035;
/** Share of the shortest zero-layer reciprocal vector that a disc may fill. */
const FILL = 0.47;

/** Length of the shortest reciprocal vector of the zero layer, 1/angstrom. */
function shortestReciprocal(frame: Pick<ZoneFrame, 'reciprocal'>): number {
  const [a, b] = frame.reciprocal;
  let shortest = Infinity;
  for (let i = -3; i <= 3; i++) {
    for (let j = -3; j <= 3; j++) {
      if (i === 0 && j === 0) continue;
      shortest = Math.min(shortest, Math.hypot(i * a[0] + j * b[0], i * a[1] + j * b[1]));
    }
  }
  return shortest;
}

/**
 * Radius of the discs in 1/angstrom by the overlap rule: 1/(4 d) where a spacing d (angstrom) chose
 * the zone axis, discs that do not touch, at most 0.13, but never under 0.035 (so that the discs of
 * cells longer than 13 angstrom overlap rather than vanish).
 */
export function discRadius(frame: Pick<ZoneFrame, 'reciprocal'>, spacing?: number | null): number {
  const touching = FILL * shortestReciprocal(frame);
  const chosen = spacing ? 1 / (4 * spacing) : LARGEST;
  return Math.max(SMALLEST, Math.min(chosen, touching, LARGEST));
}

/** Refuses discs that touch where their interference is not computed. */
function checkOverlap(view: ZoneView, radius: number, energy: number): void {
  const largest = shortestReciprocal(view.frame) / 2;
  if (radius <= largest) return;
  const mrad = (value: number): string => (1000 * value * wavelength(energy)).toFixed(2);
  throw inputError(
    `semiangle ${mrad(radius)} mrad makes the discs of zone [${view.zone.join(' ')}] overlap at ${energy} kV`,
    `use at most ${mrad(largest)} mrad, or --mode box`,
  );
}

/** Energy at which the Summit data chose their angles, kV. */
const SUMMIT_ENERGY = 100;

/**
 * Radius of the probe-forming aperture in 1/angstrom: a fixed angle, the rule of the Summit data
 * (0.5 lambda(100 kV) / (2 d) whatever the energy) in its mode, or the overlap rule.
 */
export function apertureRadius(view: ZoneView, energy: number, options: SimulationOptions): number {
  const lambda = wavelength(energy);
  if (options.semiangle !== 'rule') {
    const radius = options.semiangle / 1000 / lambda;
    if (options.mode === 'periodic') checkOverlap(view, radius, energy);
    return radius;
  }
  if (options.mode === 'box' && options.square && view.spacing) {
    return wavelength(SUMMIT_ENERGY) / (4 * view.spacing * lambda);
  }
  return discRadius(view.frame, view.spacing);
}

/** Incident directions that fill a disc, as transverse wave vectors in 1/angstrom. */
export interface Tilts {
  count: number;
  x: Float64Array;
  y: Float64Array;
}

/** A square mesh of directions in a disc, finer than half a pixel and than radius / 2.6. */
export function discTilts(radius: number, pixel: number): Tilts {
  const step = Math.min(pixel / 2, radius / 2.6);
  const reach = Math.ceil(radius / step);
  const x: number[] = [];
  const y: number[] = [];
  for (let i = -reach; i <= reach; i++) {
    for (let j = -reach; j <= reach; j++) {
      if (Math.hypot(i, j) * step > radius + 1e-9) continue;
      x.push(i * step);
      y.push(j * step);
    }
  }
  return { count: x.length, x: Float64Array.from(x), y: Float64Array.from(y) };
}
