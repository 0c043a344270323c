import { analyseTriplet } from '../../src/codec/analysis.ts';
import type { TripletDiscs } from '../../src/codec/discs.ts';
import type { TripletGeometry } from '../../src/codec/geometry.ts';
import { renderTriplets, storedPixels } from '../../src/codec/render.ts';

/** Triplets drawn at a time. */
const BATCH = 32;

/** Analyses triplets and draws them again. */
export async function roundTrip(
  pixels: readonly Uint8Array[],
  geometries: readonly TripletGeometry[],
): Promise<Uint8Array[]> {
  const out: Uint8Array[] = [];
  for (let from = 0; from < pixels.length; from += BATCH) {
    const discs: TripletDiscs[] = pixels
      .slice(from, from + BATCH)
      .map((own, i) => analyseTriplet(own, geometries[from + i]!));
    const drawn = renderTriplets(discs);
    const stored = await storedPixels(drawn);
    drawn.dispose();
    const each = stored.length / discs.length;
    discs.forEach((_, i) => {
      out.push(stored.slice(i * each, (i + 1) * each));
    });
  }
  return out;
}

/** Sums from which relative errors follow. */
export class Errors {
  count = 0;
  private away = 0;
  private sum = 0;
  private readonly shares: number[] = [];

  /** Adds a triplet and its drawing, stored values. */
  add(pixels: Uint8Array, drawn: Uint8Array): void {
    let [away, sum] = [0, 0];
    pixels.forEach((value, at) => {
      away += Math.abs(value - drawn[at]!);
      sum += value;
    });
    this.count++;
    this.away += away;
    this.sum += sum;
    this.shares.push(away / sum);
  }

  /** Mean absolute error over mean absolute value: of all pixels, and of single triplets. */
  get result() {
    const sorted = [...this.shares].sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
    return {
      triplets: this.count,
      error: this.away / this.sum,
      median: at(0.5),
      ninetieth: at(0.9),
      worst: at(1),
    };
  }
}
