import { MODES } from './discs.ts';

/** Mean coefficients as a function of |g|, linear between knots. */
export interface Envelope {
  /** Distance between knots, 1/angstrom; knot i stands at (i + 1/2) step. */
  step: number;
  /** (knots, MODES); modes in axes along g. */
  values: Float32Array;
}

const ENVELOPE_STEP = 0.05;

/** Knot below `g` and the share of the next one. */
export function knotOf(envelope: Envelope, g: number): { knot: number; share: number } {
  const last = envelope.values.length / MODES - 1;
  const at = Math.min(Math.max(g / envelope.step - 0.5, 0), last);
  const knot = Math.min(Math.floor(at), Math.max(0, last - 1));
  return { knot, share: last === 0 ? 0 : at - knot };
}

/** Mean of coefficient `mode` at |g| in 1/angstrom. */
export function envelopeAt(envelope: Envelope, g: number, mode: number): number {
  const { knot, share } = knotOf(envelope, g);
  const next = Math.min(knot + 1, envelope.values.length / MODES - 1);
  const value = (i: number): number => envelope.values[i * MODES + mode]!;
  return (1 - share) * value(knot) + share * value(next);
}

/** Gathers discs and gives their mean by |g|. */
export class EnvelopeFit {
  private readonly sums: Float64Array;
  private readonly counts: Float64Array;

  /** Knots up to `reach` 1/angstrom. */
  constructor(reach: number) {
    const knots = Math.ceil(reach / ENVELOPE_STEP) + 1;
    this.sums = new Float64Array(knots * MODES);
    this.counts = new Float64Array(knots);
  }

  /** Adds the disc at |g| whose coefficients stand at `at`. */
  add(g: number, coefficients: Float32Array, at: number): void {
    const knot = Math.min(Math.floor(g / ENVELOPE_STEP), this.counts.length - 1);
    this.counts[knot]!++;
    for (let m = 0; m < MODES; m++) this.sums[knot * MODES + m]! += coefficients[at + m]!;
  }

  /** The envelope; empty knots take the value of the nearest filled one nearer to the beam. */
  envelope(): Envelope {
    const values = new Float32Array(this.sums.length);
    let filled = this.counts.findIndex((count) => count > 0);
    if (filled < 0) throw new RangeError('no disc to take an envelope from');
    for (let knot = 0; knot < this.counts.length; knot++) {
      if (this.counts[knot]! > 0) filled = knot;
      for (let m = 0; m < MODES; m++) {
        values[knot * MODES + m] = this.sums[filled * MODES + m]! / this.counts[filled]!;
      }
    }
    return { step: ENVELOPE_STEP, values };
  }
}
