import { discVector, MODES, turnModes } from './discs.ts';
import type { EncodedSet, EncodedTriplet } from './encode.ts';
import { type Envelope, EnvelopeFit, envelopeAt } from './envelope.ts';
import type { PatternGeometry } from './geometry.ts';

/** Levels from here on count as signal. */
export const SIGNAL = 0.4;

/** What a training triplet says of one disc. */
export interface DiscFacts {
  /** Level minus the envelope at its |g|. */
  residual: number;
  /** The five modes in axes along g. */
  modes: readonly number[];
  /** Seen on the detector, and without signal. */
  absent: boolean;
}

/** Positions of the discs of one pattern by zone index. */
class DiscLookup {
  private readonly reach: number;
  private readonly positions: Int32Array;

  constructor({ h, k }: PatternGeometry) {
    let reach = 0;
    for (let disc = 0; disc < h.length; disc++) {
      reach = Math.max(reach, Math.abs(h[disc]!), Math.abs(k[disc]!));
    }
    this.reach = reach;
    this.positions = new Int32Array((2 * reach + 1) ** 2).fill(-1);
    for (let disc = 0; disc < h.length; disc++) {
      this.positions[this.key(h[disc]!, k[disc]!)] = disc;
    }
  }

  private key(h: number, k: number): number {
    return (h + this.reach) * (2 * this.reach + 1) + k + this.reach;
  }

  /** Position of disc (h, k) in the list; -1 where the pattern has none. */
  find(h: number, k: number): number {
    const inside = Math.abs(h) <= this.reach && Math.abs(k) <= this.reach;
    return inside ? this.positions[this.key(h, k)]! : -1;
  }
}

/** Sums over the members of a class for one disc. */
interface MeanEntry {
  residual: number;
  lit: number;
  seen: number;
}

const keyOf = (zone: number, h: number, k: number): string => `${zone} ${h} ${k}`;

/**
 * Training triplets as tables over zone indices: what each says of a disc, and what its class says
 * of the discs that it does not show.
 */
export class ClassTables {
  readonly set: EncodedSet;
  readonly envelope: Envelope;
  private readonly members: number[][];
  private readonly lookups = new Map<number, readonly DiscLookup[]>();
  private readonly means = new Map<number, Map<string, MeanEntry>>();

  constructor(set: EncodedSet) {
    this.set = set;
    this.members = set.classes.map(() => []);
    set.triplets.forEach(({ label }, row) => {
      this.members[label]!.push(row);
    });
    this.envelope = this.fitEnvelope();
  }

  /** Rows of a class. */
  rows(label: number): readonly number[] {
    return this.members[label] ?? [];
  }

  triplet(row: number): EncodedTriplet {
    return this.set.triplets[row]!;
  }

  /** |g| in 1/angstrom up to which a disc counts as seen: its centre well on the detector. */
  get seenTo(): number {
    const { size, pixel } = this.set.camera;
    return (size * pixel) / 2 + 0.5 * pixel;
  }

  /** Means by |g| of all discs with signal that count as seen. */
  private fitEnvelope(): Envelope {
    const fit = new EnvelopeFit(this.seenTo);
    for (const { discs } of this.set.triplets) {
      for (const { geometry, coefficients } of discs) {
        for (let disc = 0; disc < geometry.h.length; disc++) {
          const g = this.distance(geometry, geometry.h[disc]!, geometry.k[disc]!);
          const lit = coefficients[disc * MODES]! >= SIGNAL;
          if (lit && g < this.seenTo) fit.add(g, coefficients, disc * MODES);
        }
      }
    }
    return fit.envelope();
  }

  /** Mean level of the discs at |g| 1/angstrom, ln above the floor. */
  meanLevel(g: number): number {
    return envelopeAt(this.envelope, g, 0);
  }

  /** |g| of disc (h, k) in 1/angstrom. */
  distance(geometry: PatternGeometry, h: number, k: number): number {
    return discVector(geometry.basis, h, k).length * this.set.camera.pixel;
  }

  private lookup(row: number): readonly DiscLookup[] {
    let known = this.lookups.get(row);
    if (!known) {
      known = this.triplet(row).discs.map(({ geometry }) => new DiscLookup(geometry));
      this.lookups.set(row, known);
    }
    return known;
  }

  /** What a training triplet says of disc (h, k) of a pattern; null where it does not show it. */
  private own(row: number, zone: number, index: readonly [number, number]): DiscFacts | null {
    const disc = this.lookup(row)[zone]!.find(...index);
    if (disc < 0) return null;
    const { geometry, coefficients } = this.triplet(row).discs[zone as 0 | 1 | 2];
    const g = this.distance(geometry, ...index);
    if (g >= this.seenTo) return null;
    const level = coefficients[disc * MODES]!;
    const { cosine, sine } = discVector(geometry.basis, ...index);
    const turned = new Float32Array(MODES);
    turnModes(coefficients, disc * MODES, { cosine, sine, to: turned, toAt: 0 });
    return {
      residual: Math.max(0, level) - this.meanLevel(g),
      modes: Array.from(turned.subarray(1)),
      absent: level < SIGNAL,
    };
  }

  private classMeans(label: number): Map<string, MeanEntry> {
    const known = this.means.get(label);
    if (known) return known;
    const means = new Map<string, MeanEntry>();
    for (const row of this.rows(label)) {
      this.triplet(row).discs.forEach(({ geometry: { h, k } }, zone) => {
        for (let disc = 0; disc < h.length; disc++) {
          const facts = this.own(row, zone, [h[disc]!, k[disc]!]);
          if (!facts) continue;
          const key = keyOf(zone, h[disc]!, k[disc]!);
          const entry = means.get(key) ?? { residual: 0, lit: 0, seen: 0 };
          entry.seen++;
          if (!facts.absent) {
            entry.lit++;
            entry.residual += facts.residual;
          }
          means.set(key, entry);
        }
      });
    }
    this.means.set(label, means);
    return means;
  }

  /**
   * What is to be drawn for disc (h, k): what the triplet itself shows, or the mean of its class.
   * A disc that no member shows is absent.
   */
  disc(row: number, zone: number, index: readonly [number, number]): DiscFacts {
    const own = this.own(row, zone, index);
    if (own) return own;
    const mean = this.classMeans(this.triplet(row).label).get(keyOf(zone, ...index));
    if (!mean || mean.lit === 0) return { residual: -2, modes: [0, 0, 0, 0, 0], absent: true };
    return { residual: mean.residual / mean.lit, modes: [0, 0, 0, 0, 0], absent: false };
  }
}
