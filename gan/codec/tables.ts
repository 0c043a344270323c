import { SIGNAL } from '../../src/codec/class-tables.ts';
import type { TripletDiscs } from '../../src/codec/discs.ts';
import { discVector, MODES, turnModes } from '../../src/codec/discs.ts';
import { type Envelope, EnvelopeFit, envelopeAt } from '../../src/codec/envelope.ts';
import type { PatternGeometry } from '../../src/codec/geometry.ts';

/** Which number of a codec vector belongs to which disc: pattern (0..2) and zone indices. */
export class SlotTable {
  /** (S, 3): pattern, h, k of each slot. */
  readonly slots: Int16Array;
  private readonly positions = new Map<number, number>();

  constructor(slots: Int16Array) {
    this.slots = slots;
    for (let i = 0; i < slots.length / 3; i++) {
      this.positions.set(keyOf(slots[3 * i]!, slots[3 * i + 1]!, slots[3 * i + 2]!), i);
    }
  }

  get count(): number {
    return this.slots.length / 3;
  }

  /** Pattern, h and k of a slot. */
  at(slot: number): readonly [number, number, number] {
    return [this.slots[3 * slot]!, this.slots[3 * slot + 1]!, this.slots[3 * slot + 2]!];
  }

  /** Position of a disc; -1 where it has no slot. */
  find(pattern: number, h: number, k: number): number {
    return this.positions.get(keyOf(pattern, h, k)) ?? -1;
  }
}

const REACH = 512;
const keyOf = (pattern: number, h: number, k: number): number =>
  (pattern * 2 * REACH + h + REACH) * 2 * REACH + k + REACH;

/** The discs of one pattern by zone index. */
interface PatternIndices {
  h: Int16Array;
  k: Int16Array;
}

/**
 * The slots of a set of triplets: every disc that at least `least` of them have, in the order of
 * pattern, h and k. Discs of a few long cells only would double the width and teach nothing.
 */
export function slotsOf(
  triplets: Iterable<readonly { geometry: PatternIndices }[]>,
  least: number,
): SlotTable {
  const seen = new Map<number, { slot: [number, number, number]; count: number }>();
  for (const patterns of triplets) {
    patterns.forEach(({ geometry: { h, k } }, pattern) => {
      for (let disc = 0; disc < h.length; disc++) {
        const key = keyOf(pattern, h[disc]!, k[disc]!);
        const entry = seen.get(key);
        if (entry) entry.count++;
        else seen.set(key, { slot: [pattern, h[disc]!, k[disc]!], count: 1 });
      }
    });
  }
  const kept = [...seen.entries()]
    .filter(([, { count }]) => count >= least)
    .sort(([a], [b]) => a - b)
    .flatMap(([, { slot }]) => slot);
  return new SlotTable(Int16Array.from(kept));
}

/** Levels under this are below what a stored pixel holds; fainter discs count as this faint. */
export const FAINTEST = -0.5;

/** How the coefficients of a slot are weighed in a codec vector: a unit of each counts alike. */
export const MODE_WEIGHT = [0.25, 0.3, 0.3, 0.3, 0.3, 0.3] as const;

/** Numbers of one triplet on the slots, and which of them were seen. */
export interface TableRow {
  /** (S, MODES) coefficients minus the envelope, times `MODE_WEIGHT`; 0 where not seen. */
  values: Float32Array;
  /** (S) 1 where the disc lies on the detector. */
  seen: Uint8Array;
  /** (S) 1 where it is bright enough to be measured. */
  lit: Uint8Array;
}

/** What all tables of a data set share. */
export interface TableFrame {
  slots: SlotTable;
  envelope: Envelope;
  /** Reciprocal size of a pixel, 1/angstrom. */
  pixel: number;
}

/** A disc with its coefficients in axes along g. */
interface Disc {
  pattern: number;
  h: number;
  k: number;
  /** |g| in 1/angstrom. */
  g: number;
  /** (MODES); the array is reused from disc to disc. */
  coefficients: Float32Array;
}

/** Whether the centre of a disc lies on the detector. */
const onDetector = (geometry: PatternGeometry, x: number, y: number): boolean => {
  const reach = (geometry.size - 1) / 2 + 0.5;
  return Math.abs(x) <= reach && Math.abs(y) <= reach;
};

/** Every disc of a triplet whose centre lies on the detector. */
export function* discsOf(triplet: TripletDiscs, pixel: number): Generator<Disc> {
  const coefficients = new Float32Array(MODES);
  for (const [pattern, { geometry, coefficients: own }] of triplet.entries()) {
    for (let disc = 0; disc < geometry.h.length; disc++) {
      const h = geometry.h[disc]!;
      const k = geometry.k[disc]!;
      const { length, cosine, sine } = discVector(geometry.basis, h, k);
      if (!onDetector(geometry, length * cosine, length * sine)) continue;
      turnModes(own, disc * MODES, { cosine, sine, to: coefficients, toAt: 0 });
      coefficients[0] = Math.max(coefficients[0]!, FAINTEST);
      yield { pattern, h, k, g: length * pixel, coefficients };
    }
  }
}

/** The mean coefficients by |g| of all discs that are bright enough to be measured. */
export function fitEnvelope(
  triplets: Iterable<TripletDiscs>,
  camera: { pixel: number; size: number },
): Envelope {
  const fit = new EnvelopeFit(camera.pixel * camera.size * Math.SQRT1_2);
  for (const triplet of triplets) {
    for (const { g, coefficients } of discsOf(triplet, camera.pixel)) {
      if (coefficients[0]! >= SIGNAL) fit.add(g, coefficients, 0);
    }
  }
  return fit.envelope();
}

/** A triplet on the slots. */
export function tableRow(triplet: TripletDiscs, { slots, envelope, pixel }: TableFrame): TableRow {
  const values = new Float32Array(slots.count * MODES);
  const seen = new Uint8Array(slots.count);
  const lit = new Uint8Array(slots.count);
  for (const { pattern, h, k, g, coefficients } of discsOf(triplet, pixel)) {
    const slot = slots.find(pattern, h, k);
    if (slot < 0) continue;
    seen[slot] = 1;
    lit[slot] = coefficients[0]! >= SIGNAL ? 1 : 0;
    for (let m = 0; m < MODES; m++) {
      values[slot * MODES + m] = (coefficients[m]! - envelopeAt(envelope, g, m)) * MODE_WEIGHT[m]!;
    }
  }
  return { values, seen, lit };
}
