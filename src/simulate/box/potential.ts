import { complexAdd, complexMul, fft2, ifft2, irfft2, rfft2 } from '../../engine/complex.ts';
import { type Tensor, tf } from '../../engine/tf.ts';
import { VOLT_SQUARE_ANGSTROM } from '../projection.ts';
import { electronFactor, kirkland, type ScatteringTable } from '../scattering.ts';
import { depositCorrection, depositOf, type Placement } from './deposit.ts';
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
  table?: ScatteringTable;
}

/** Projected potentials of slices, each (1, rows, columns) in V angstrom; call inside `tf.tidy`. */
export class SlicePotentials {
  private readonly box: Box;
  private readonly table: ScatteringTable;
  private readonly deposit: ReturnType<typeof depositOf>;
  private readonly correction: Float64Array;
  private readonly grid: Float32Array;
  private readonly factors = new Map<string, Tensor>();

  constructor({ box, placement, table = kirkland() }: PotentialOptions) {
    this.box = box;
    this.table = table;
    this.deposit = depositOf(placement, box);
    this.correction = depositCorrection(placement, box);
    this.grid = new Float32Array(box.rows * box.columns);
  }

  dispose(): void {
    for (const factor of this.factors.values()) factor.dispose();
    this.factors.clear();
  }

  /** Scattering factor of a species on the half spectrum, V angstrom a deposited atom. */
  private factor({ element, meanSquare }: SpeciesAtoms): Tensor {
    const key = `${element} ${meanSquare}`;
    const known = this.factors.get(key);
    if (known) return known;
    const { rows, columns } = this.box;
    const half = (columns >> 1) + 1;
    const values = new Float32Array(rows * half);
    const scale = (VOLT_SQUARE_ANGSTROM / boxArea(this.box)) * rows * columns;
    eachFrequency(
      this.box,
      (at, x, y) => {
        if (this.correction[at] === 0) return;
        const q2 = x * x + y * y;
        const blur = Math.exp(-2 * Math.PI ** 2 * meanSquare * q2);
        values[at] = scale * electronFactor(this.table[element]!, q2) * blur * this.correction[at]!;
      },
      half,
    );
    const shape: [number, number, number] = [1, rows, half];
    const made = tf.keep(tf.tidy(() => tf.complex(tf.tensor3d(values, shape), tf.zeros(shape))));
    this.factors.set(key, made);
    return made;
  }

  /** The projected potential of one slice. */
  slice(species: readonly SpeciesAtoms[]): Tensor {
    const { rows, columns } = this.box;
    return tf.tidy(() => {
      const parts = species.map((one) => {
        // The engine copies the grid as soon as it transforms it.
        const grid = this.grid.fill(0);
        for (let i = 0; i < one.u.length; i++) this.deposit(grid, one.u[i]!, one.v[i]!);
        return complexMul(rfft2(tf.tensor3d(grid, [1, rows, columns])), this.factor(one));
      });
      if (parts.length === 0) return tf.zeros([1, rows, columns]);
      return irfft2(parts.reduce(complexAdd), columns);
    });
  }
}

/**
 * The anti-alias aperture, (1, rows, columns): 1 inside the band, 0 outside, falling as a cosine
 * over the outermost `taper` (a share of the band).
 */
export function aperture(box: Box, taper: number): Float32Array {
  const out = new Float32Array(box.rows * box.columns);
  eachFrequency(box, (at, x, y) => {
    const share = Math.sqrt(x * x + y * y) / box.band;
    if (share > 1) return;
    const inner = 1 - taper;
    out[at] = share <= inner ? 1 : (1 + Math.cos((Math.PI * (share - inner)) / taper)) / 2;
  });
  return out;
}

/** exp(i sigma v (1 + i absorption)) of a slice, band-limited; (1, rows, columns) complex. */
export const transmissionOf = (
  volts: Tensor,
  options: { sigma: number; absorption: number; aperture: Tensor },
): Tensor =>
  tf.tidy(() => {
    const phase = volts.mul(options.sigma);
    const [re, im] = [phase.cos(), phase.sin()];
    const wave =
      options.absorption > 0
        ? ((fade) => tf.complex(re.mul(fade), im.mul(fade)))(phase.mul(-options.absorption).exp())
        : tf.complex(re, im);
    return ifft2(complexMul(fft2(wave), options.aperture));
  });
