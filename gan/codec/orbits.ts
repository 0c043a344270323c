import { MODES } from '../../src/codec/discs.ts';
import type { PatternGeometry } from '../../src/codec/geometry.ts';
import { patternSymmetry } from '../../src/codec/symmetry.ts';

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

/** Signs of the modes in a mirror that holds g: the slope across g and the shear turn over. */
const MIRRORED = [1, 1, -1, 1, 1, -1] as const;

const determinant = ([a, b, c, d]: readonly [number, number, number, number]): number =>
  a * d - b * c;

/** Positions of the discs of a pattern by zone index. */
class Positions {
  private readonly reach: number;
  private readonly table: Int32Array;

  constructor({ h, k }: { h: Int16Array; k: Int16Array }) {
    let reach = 0;
    for (let disc = 0; disc < h.length; disc++) {
      reach = Math.max(reach, Math.abs(h[disc]!), Math.abs(k[disc]!));
    }
    this.reach = reach;
    this.table = new Int32Array((2 * reach + 1) ** 2).fill(-1);
    for (let disc = 0; disc < h.length; disc++) {
      this.table[(h[disc]! + reach) * (2 * reach + 1) + k[disc]! + reach] = disc;
    }
  }

  /** The disc (h, k); -1 where the pattern has none. */
  find(h: number, k: number): number {
    const { reach, table } = this;
    if (h < -reach || h > reach || k < -reach || k > reach) return -1;
    return table[(h + reach) * (2 * reach + 1) + k + reach]!;
  }
}

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
  const positions = new Positions(geometry);
  const mirror = operations.map((operation) => determinant(operation) < 0);
  const high = operations.some((w) => determinant(w) > 0 && Math.abs(w[0] + w[3]) < 2);
  const images = new Int32Array(operations.length);
  for (let disc = 0; disc < h.length; disc++) {
    const [value, other] = [h[disc]!, k[disc]!];
    const target = options.first + disc;
    if (value === 0 && other === 0) {
      rows.target.push(target);
      rows.source.push(target);
      rows.weight.push(1, 0, 0, 1, high ? 0 : 1, high ? 0 : 1);
      continue;
    }
    let count = 0;
    for (let n = 0; n < images.length; n++) {
      const [a, b, c, d] = operations[n]!;
      images[n] = positions.find(value * a + other * c, value * b + other * d);
      if (images[n]! >= 0) count++;
    }
    for (let n = 0; n < images.length; n++) {
      if (images[n]! < 0) continue;
      rows.target.push(target);
      rows.source.push(options.first + images[n]!);
      for (let m = 0; m < MODES; m++) rows.weight.push((mirror[n] ? MIRRORED[m]! : 1) / count);
    }
  }
}
