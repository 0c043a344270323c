import { inputError } from '../../common/errors.ts';
import type { Crystal } from '../../crystal/crystal.ts';
import type { Matrix2, Vec2, ZoneFrame } from '../../crystal/zone.ts';
import { fastSize } from '../fourier.ts';
import type { Box } from './grid.ts';
import { basisHeights } from './specimen.ts';

/** Widths of the probe (1 / radius) that a box must hold, so that its tails do not meet. */
const PROBES = 4;

/** Largest multiple of a projected vector that is tried for a seamless side. */
const MOST_REPEATS = 12;

/** The least width of a box for a probe of this aperture radius (1/angstrom), in angstrom. */
export const leastWidth = (radius: number): number => PROBES / radius;

/** Refuses a width that the probe does not fit in. */
export function checkWidth(width: number, radius: number): void {
  const least = leastWidth(radius);
  if (width >= least - 1e-9) return;
  throw inputError(
    `a box of ${width} angstrom is too small for a probe of aperture radius ${radius.toFixed(3)} 1/angstrom`,
    `use --box ${Math.ceil(least)} or more`,
  );
}

const scaled = (v: Vec2, n: number): Vec2 => [v[0] * n, v[1] * n];

/** The smallest multiple of a projected vector that is a whole lattice vector across the beam. */
function repeats(height: number, period: number): number | null {
  for (let n = 1; n <= MOST_REPEATS; n++) {
    const share = (n * height) / period;
    if (Math.abs(share - Math.round(share)) < 1e-4) return n;
  }
  return null;
}

/** Sides that are lattice vectors across the beam, at least `width` long; null where there are none. */
function seamlessSides(crystal: Crystal, frame: ZoneFrame, width: number, holz: boolean) {
  const heights = basisHeights(crystal, frame);
  const counts = heights.map((height) => (holz ? repeats(height, frame.period) : 1));
  if (counts[0] === null || counts[1] === null) return null;
  const side = (i: 0 | 1): Vec2 => {
    const least = scaled(frame.projected[i], counts[i]!);
    return scaled(least, Math.ceil(width / Math.hypot(...least) - 1e-9));
  };
  const sides: Matrix2 = [side(0), side(1)];
  return sides.some((s) => Math.hypot(...s) > 1.5 * width) ? null : sides;
}

export interface WindowRequest {
  crystal: Crystal;
  frame: ZoneFrame;
  /** Least length of the sides, angstrom. */
  width: number;
  /** Band limit, 1/angstrom. */
  band: number;
  holz: boolean;
  /** A square cut-out of just this width, as the Summit data have, rather than whole cells. */
  square: boolean;
}

/**
 * The box for a crystal along a zone axis: a parallelogram of whole cells, which continues without
 * a seam, or a square cut-out where the lattice has no vectors across the beam.
 */
export function boxFor({ crystal, frame, width, band, holz, square }: WindowRequest): Box {
  const cut: Matrix2 = [
    [width, 0],
    [0, width],
  ];
  const sides = square ? cut : (seamlessSides(crystal, frame, width, holz) ?? cut);
  const points = (side: Vec2): number => fastSize(Math.ceil(3 * band * Math.hypot(...side) - 1e-6));
  return { sides, rows: points(sides[0]), columns: points(sides[1]), band };
}
