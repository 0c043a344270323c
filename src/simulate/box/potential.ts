import { complexAdd, complexMul, irfft2, rfft2 } from '../../engine/complex.ts';
import { type Tensor, tf } from '../../engine/tf.ts';
import { VOLT_SQUARE_ANGSTROM } from '../projection.ts';
import { debyeWaller, type ScatteringFactor } from '../scattering.ts';
import { depositCorrection, depositOf, type Placement, type Spread, spreadOf } from './deposit.ts';
import { type Box, boxArea, eachFrequency } from './grid.ts';

/** Atoms of one kind in a slice: positions as fractions of the sides of the box. */
export interface SpeciesAtoms {
  element: number;
  /** Mean square displacement along one axis that blurs them, square angstrom; 0 for none. */
  meanSquare: number;
  u: readonly number[];
  v: readonly number[];
}

export interface PotentialOptions {
  box: Box;
  placement: Placement;
  /** Scattering factors; Kirkland's where absent. */
  factors: ScatteringFactor;
}

/** Atoms that share a scattering factor. */
export const speciesKey = ({ element, meanSquare }: SpeciesAtoms): string =>
  `${element} ${meanSquare}`;

/** What makes projected potentials of slices: from atoms to a grid, and from there to V angstrom. */
export class SlicePotentials {
  readonly spread: Spread;
  private readonly box: Box;
  private readonly factors: ScatteringFactor;
  private readonly deposit: ReturnType<typeof depositOf>;
  private readonly correction: Float64Array;
  private readonly grid: Float32Array;
  private readonly halves = new Map<string, Tensor>();
  private readonly planes = new Map<string, Float32Array>();

  constructor({ box, placement, factors }: PotentialOptions) {
    this.box = box;
    this.factors = factors;
    this.spread = spreadOf(placement, box);
    this.deposit = depositOf(placement, box);
    this.correction = depositCorrection(placement, box);
    this.grid = new Float32Array(box.rows * box.columns);
  }

  dispose(): void {
    for (const half of this.halves.values()) half.dispose();
    this.halves.clear();
  }

  /** Scattering factor of a species on the half spectrum, V angstrom a deposited atom. */
  private factor({ element, meanSquare }: SpeciesAtoms): Float32Array {
    const { rows, columns } = this.box;
    const half = (columns >> 1) + 1;
    const values = new Float32Array(rows * half);
    const scale = (VOLT_SQUARE_ANGSTROM / boxArea(this.box)) * rows * columns;
    eachFrequency(
      this.box,
      (at, x, y) => {
        if (this.correction[at] === 0) return;
        const q2 = x * x + y * y;
        const f = this.factors(element, q2) * debyeWaller(meanSquare, q2);
        values[at] = scale * f * this.correction[at]!;
      },
      half,
    );
    return values;
  }

  /** The same on the whole spectrum, row-major. */
  plane(species: SpeciesAtoms): Float32Array {
    const key = speciesKey(species);
    const known = this.planes.get(key);
    if (known) return known;
    const { rows, columns } = this.box;
    const half = (columns >> 1) + 1;
    const values = this.factor(species);
    const out = new Float32Array(rows * columns);
    for (let i = 0; i < rows; i++) {
      const opposite = ((rows - i) % rows) * half;
      for (let j = 0; j < half; j++) {
        // A real potential has but the even part where a frequency is its own opposite.
        const own = (columns - j) % columns === j;
        const value = values[i * half + j]!;
        out[i * columns + j] = own ? (value + values[opposite + j]!) / 2 : value;
      }
      for (let j = half; j < columns; j++) {
        out[i * columns + j] = values[opposite + columns - j]!;
      }
    }
    this.planes.set(key, out);
    return out;
  }

  private half(species: SpeciesAtoms): Tensor {
    const key = speciesKey(species);
    const known = this.halves.get(key);
    if (known) return known;
    const { rows, columns } = this.box;
    const shape: [number, number, number] = [1, rows, (columns >> 1) + 1];
    const values = this.factor(species);
    const made = tf.keep(tf.tidy(() => tf.complex(tf.tensor3d(values, shape), tf.zeros(shape))));
    this.halves.set(key, made);
    return made;
  }

  /** Projected potential of a slice, (1, rows, columns) in V angstrom; call inside `tf.tidy`. */
  slice(species: readonly SpeciesAtoms[]): Tensor {
    const { rows, columns } = this.box;
    return tf.tidy(() => {
      const parts = species.map((one) => {
        // The engine copies the grid as soon as it transforms it.
        const grid = this.grid.fill(0);
        for (let i = 0; i < one.u.length; i++) this.deposit(grid, one.u[i]!, one.v[i]!);
        return complexMul(rfft2(tf.tensor3d(grid, [1, rows, columns])), this.half(one));
      });
      if (parts.length === 0) return tf.zeros([1, rows, columns]);
      return irfft2(parts.reduce(complexAdd), columns);
    });
  }
}
