import type { PatternGeometry } from '../src/codec/geometry.ts';
import { MODES } from '../src/codec/modes.ts';
import { patternSymmetry, transformIndex } from '../src/codec/symmetry.ts';

/**
 * The projection of disc coefficients (in axes along g) onto the symmetry of their space group, as
 * a sparse matrix: coefficient m of disc `target` gets `weight`[m] times that of disc `source`.
 */
export interface OrbitRows {
  target: number[];
  source: number[];
  /** (entries, MODES) */
  weight: number[];
}

/** Modes that change sign in a mirror that holds g: the slope across g and the shear. */
const ODD = new Set([2, 5]);

const keyOf = (h: number, k: number): number => (h + 4096) * 8192 + k + 4096;

const determinant = ([a, b, c, d]: readonly [number, number, number, number]): number =>
  a * d - b * c;

/**
 * Adds the projection of one pattern, whose discs start at position `first` of a longer list. Along
 * g an orbit is the mean of its discs, mirrored where the operation is a mirror. The direct beam
 * keeps what a two-fold axis leaves (reciprocity gives every bright field one), and no astigmatism
 * where the axis is higher.
 */
export function addOrbits(
  rows: OrbitRows,
  geometry: Pick<PatternGeometry, 'h' | 'k' | 'zone'>,
  options: { spaceGroup: number; first: number },
): void {
  const { h, k } = geometry;
  const operations = patternSymmetry(options.spaceGroup, geometry.zone);
  const positions = new Map<number, number>();
  h.forEach((value, disc) => {
    positions.set(keyOf(value, k[disc]!), disc);
  });
  const high = operations.some((w) => determinant(w) > 0 && Math.abs(w[0] + w[3]) < 2);
  h.forEach((value, disc) => {
    const target = options.first + disc;
    if (value === 0 && k[disc] === 0) {
      rows.target.push(target);
      rows.source.push(target);
      rows.weight.push(1, 0, 0, 1, high ? 0 : 1, high ? 0 : 1);
      return;
    }
    const images = operations
      .map((operation) => ({
        source: positions.get(keyOf(...transformIndex(operation, value, k[disc]!))),
        mirror: determinant(operation) < 0,
      }))
      .filter((image) => image.source !== undefined);
    for (const { source, mirror } of images) {
      rows.target.push(target);
      rows.source.push(options.first + source!);
      for (let m = 0; m < MODES; m++) {
        rows.weight.push((mirror && ODD.has(m) ? -1 : 1) / images.length);
      }
    }
  });
}
