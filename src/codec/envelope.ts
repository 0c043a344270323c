/** Mean level of the discs as a function of |g|, linear between knots. */
export class Envelope {
  /** Mean level at |g| = (i + 1/2) step. */
  readonly levels: Float32Array;
  /** Distance between knots, 1/angstrom. */
  readonly step: number;

  constructor(levels: Float32Array, step = 0.05) {
    this.levels = levels;
    this.step = step;
  }

  /** Mean level at `g` 1/angstrom, ln above the floor; constant beyond the last knot. */
  at(g: number): number {
    const last = this.levels.length - 1;
    const place = Math.min(Math.max(g / this.step - 0.5, 0), last);
    const knot = Math.min(Math.floor(place), Math.max(0, last - 1));
    const next = Math.min(knot + 1, last);
    const share = place - knot;
    return (1 - share) * this.levels[knot]! + share * this.levels[next]!;
  }

  /**
   * The mean of measured levels by |g|; a knot without a disc takes the value of the one before.
   *
   * @throws RangeError where there is no disc at all.
   */
  static fit(discs: Iterable<{ g: number; level: number }>, step = 0.05): Envelope {
    const sums: number[] = [];
    const counts: number[] = [];
    for (const { g, level } of discs) {
      const knot = Math.floor(g / step);
      while (sums.length <= knot) {
        sums.push(0);
        counts.push(0);
      }
      sums[knot]! += level;
      counts[knot]!++;
    }
    const first = counts.findIndex((count) => count > 0);
    if (first < 0) throw new RangeError('no disc to take an envelope from');
    let held = sums[first]! / counts[first]!;
    const levels = sums.map((sum, knot) => {
      if (counts[knot]! > 0) held = sum / counts[knot]!;
      return held;
    });
    return new Envelope(Float32Array.from(levels), step);
  }
}
