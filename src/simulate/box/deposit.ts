import type { Box } from './grid.ts';
import { eachFrequency } from './grid.ts';

/**
 * How an atom is put between grid points: `exact` (Kaiser-Bessel gridding, right to single
 * precision inside the band limit) or `linear` (shared between four points, as abTEM does, with
 * its correction), which blurs the potential where the grid is coarse.
 */
export type Placement = 'exact' | 'linear';

/** Grid points that one atom touches along a side, exact placement. */
const WIDTH = 8;
/** Shape parameter for a band of two thirds of the grid's limit (Beatty et al. 2005). */
const BETA = Math.PI * WIDTH * 0.6585;
/** Nodes of the kernel table a grid point. */
const FINE = 512;

/** Modified Bessel function of the first kind, order 0. */
function besselI0(x: number): number {
  let [term, sum] = [1, 1];
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

let table: Float64Array | undefined;

/** The Kaiser-Bessel kernel at a distance in grid points, linear between 512 nodes a point. */
function kernel(distance: number): number {
  table ??= Float64Array.from({ length: (WIDTH / 2) * FINE + 2 }, (_, i) => {
    const x = Math.min(1, i / ((WIDTH / 2) * FINE));
    return besselI0(BETA * Math.sqrt(1 - x * x));
  });
  const at = Math.abs(distance) * FINE;
  const low = Math.floor(at);
  return low >= (WIDTH / 2) * FINE ? 0 : table[low]! + (at - low) * (table[low + 1]! - table[low]!);
}

/** Transform of the kernel at a frequency in cycles a grid point. */
function kernelTransform(frequency: number): number {
  const square = BETA ** 2 - (Math.PI * WIDTH * frequency) ** 2;
  const root = Math.sqrt(Math.abs(square));
  if (root < 1e-9) return WIDTH;
  return (WIDTH * (square > 0 ? Math.sinh(root) : Math.sin(root))) / root;
}

/**
 * How an atom is spread over the grid: `reach` points along either side. Writes first row, first
 * column (wrap around the grid), the shares of the rows and those of the columns.
 */
export interface Spread {
  reach: number;
  /** Writes 2 + 2 reach numbers for an atom at fractions (u, v) of the sides. */
  write: (out: Float32Array | Float64Array, at: number, u: number, v: number) => void;
}

export function spreadOf(placement: Placement, { rows, columns }: Box): Spread {
  const reach = placement === 'exact' ? WIDTH : 2;
  const share = placement === 'exact' ? kernel : (distance: number) => 1 - Math.abs(distance);
  return {
    reach,
    write: (out, at, u, v) => {
      const [x, y] = [u * rows, v * columns];
      const row = Math.floor(x) - reach / 2 + 1;
      const column = Math.floor(y) - reach / 2 + 1;
      out[at] = row;
      out[at + 1] = column;
      for (let i = 0; i < reach; i++) {
        out[at + 2 + i] = share(x - row - i);
        out[at + 2 + reach + i] = share(y - column - i);
      }
    },
  };
}

/** Adds one atom at fractions (u, v) of the sides to a grid. */
export type Deposit = (grid: Float32Array, u: number, v: number) => void;

const wrap = (index: number, count: number): number => ((index % count) + count) % count;

export function depositOf(placement: Placement, box: Box): Deposit {
  const { reach, write } = spreadOf(placement, box);
  const shares = new Float64Array(2 + 2 * reach);
  return (grid, u, v) => {
    write(shares, 0, u, v);
    for (let i = 0; i < reach; i++) {
      const start = wrap(shares[0]! + i, box.rows) * box.columns;
      for (let j = 0; j < reach; j++) {
        const at = start + wrap(shares[1]! + j, box.columns);
        grid[at]! += shares[2 + i]! * shares[2 + reach + j]!;
      }
    }
  };
}

/**
 * What the transform of a deposited grid must be multiplied with to give exp(-2 pi i g.r) summed
 * over its atoms; over the half spectrum of a real transform. Exact placement is cut off at the
 * band limit, beyond which it is not right.
 */
export function depositCorrection(placement: Placement, box: Box): Float64Array {
  const half = (box.columns >> 1) + 1;
  const out = new Float64Array(box.rows * half);
  const [a, b] = box.sides;
  eachFrequency(
    box,
    (at, x, y) => {
      const p = (x * a[0] + y * a[1]) / box.rows;
      const q = (x * b[0] + y * b[1]) / box.columns;
      if (placement === 'exact') {
        const inside = x * x + y * y < box.band ** 2;
        out[at] = inside ? 1 / (kernelTransform(p) * kernelTransform(q)) : 0;
      } else {
        const k = Math.hypot(p, q);
        out[at] = k === 0 ? 1 : k / Math.sin(k);
      }
    },
    half,
  );
  return out;
}
