import type { Matrix2 } from '../../crystal/zone.ts';
import { frequency } from '../fourier.ts';

/** A periodic window on the specimen, a parallelogram across the beam, and its sampling. */
export interface Box {
  /** The two sides as rows in (x, y) of the pattern, angstrom, right-handed. */
  sides: Matrix2;
  /** Grid points along the first and the second side. */
  rows: number;
  columns: number;
  /**
   * Band limit of potentials, transmission functions and waves, 1/angstrom; at most two thirds of
   * `gridLimit`, so that products of two of them do not fold back into it.
   */
  band: number;
}

export const boxArea = ({ sides: [a, b] }: Box): number => a[0] * b[1] - a[1] * b[0];

/** Reciprocal vectors of the two sides, rows in (x, y), 1/angstrom. */
export function boxReciprocal(box: Box): Matrix2 {
  const [a, b] = box.sides;
  const area = boxArea(box);
  return [
    [b[1] / area, -b[0] / area],
    [-a[1] / area, a[0] / area],
  ];
}

/** Calls back for every point of a transform over the box with its scattering vector, row-major. */
export function eachFrequency(
  box: Box,
  visit: (at: number, x: number, y: number) => void,
  columns = box.columns,
): void {
  const [a, b] = boxReciprocal(box);
  for (let i = 0, at = 0; i < box.rows; i++) {
    const h = frequency(i, box.rows);
    for (let j = 0; j < columns; j++, at++) {
      // The half spectrum of a real transform runs to the highest frequency itself.
      const k = columns < box.columns ? j : frequency(j, box.columns);
      visit(at, h * a[0] + k * b[0], h * a[1] + k * b[1]);
    }
  }
}

/** Largest scattering vector that the grid holds in every direction, 1/angstrom. */
export function gridLimit({ sides: [a, b], rows, columns }: Omit<Box, 'band'>): number {
  return Math.min(rows / Math.hypot(...a), columns / Math.hypot(...b)) / 2;
}
