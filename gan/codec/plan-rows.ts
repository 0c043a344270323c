import { ABSENT_LEVEL, discVector, MODES } from '../../src/codec/discs.ts';
import { knotOf } from '../../src/codec/envelope.ts';
import type { PatternGeometry, TripletGeometry } from '../../src/codec/geometry.ts';
import { extinction } from '../../src/codec/symmetry.ts';
import type { Vec3 } from '../../src/crystal/crystal.ts';
import { addOrbits, type OrbitRows } from './orbits.ts';
import type { Decoding } from './plan.ts';
import type { CodecSpace } from './space.ts';
import { MODE_WEIGHT } from './tables.ts';

/** Whether two classes are seen along the same axes, so that their tables can be mixed. */
function sharesZones(space: CodecSpace, a: number, b: number): boolean {
  return JSON.stringify(space.zones[a]) === JSON.stringify(space.zones[b]);
}

const forbidden = new Map<string, boolean>();

/** Whether a space group forbids a disc; remembered, because every triplet asks again. */
function isForbidden(spaceGroup: number, zone: Vec3, h: number, k: number): boolean {
  const key = `${spaceGroup} ${zone.join(' ')} ${h} ${k}`;
  const known = forbidden.get(key);
  if (known !== undefined) return known;
  const found = extinction(spaceGroup, zone, [h, k]) !== 'none';
  forbidden.set(key, found);
  return found;
}

const DARK = [ABSENT_LEVEL, 0, 0, 0, 0, 0] as const;

/** One pattern of a triplet on its way into a plan. */
interface PatternRow {
  row: number;
  zone: number;
  pattern: PatternGeometry;
  /** Class index, partner and how far toward it the means are moved. */
  mixing: { label: number; partner: number; share: number };
}

/** Growing lists of what a plan holds for each disc. */
export class PlanRows {
  readonly pattern: number[] = [];
  readonly h: number[] = [];
  readonly k: number[] = [];
  readonly source: number[] = [];
  readonly base: number[] = [];
  readonly cosine: number[] = [];
  readonly sine: number[] = [];
  readonly orbits: OrbitRows = { target: [], source: [], weight: [] };
  private readonly space: CodecSpace;
  private readonly count: number;

  /** For `count` triplets. */
  constructor(space: CodecSpace, count: number) {
    this.space = space;
    this.count = count;
  }

  /** Adds triplet `row`. */
  add(row: number, geometry: TripletGeometry, decoding: Decoding): void {
    const { label, partner = label, t = 0 } = decoding;
    const share = partner !== label && sharesZones(this.space, label, partner) ? t : 0;
    const spaceGroup = this.space.classes[label]!;
    geometry.forEach((pattern, zone) => {
      addOrbits(this.orbits, pattern, { spaceGroup, first: this.source.length });
      this.addPattern({ row, zone, pattern, mixing: { label, partner, share } });
    });
  }

  private addPattern({ row, zone, pattern, mixing }: PatternRow): void {
    const { frame } = this.space;
    const nowhere = this.count * frame.slots.count;
    for (let disc = 0; disc < pattern.h.length; disc++) {
      const [h, k] = [pattern.h[disc]!, pattern.k[disc]!];
      const { length, cosine, sine } = discVector(pattern.basis, h, k);
      const slot = frame.slots.find(zone, h, k);
      const dark = this.isDark(mixing.label, slot, pattern, disc);
      this.pattern.push(3 * row + zone);
      this.h.push(h);
      this.k.push(k);
      this.cosine.push(cosine);
      this.sine.push(sine);
      this.source.push(slot < 0 || dark ? nowhere : row * frame.slots.count + slot);
      if (dark) this.base.push(...DARK);
      else this.addMean(mixing, slot, length * frame.pixel);
    }
  }

  private isDark(
    label: number,
    slot: number,
    { zone, h, k }: PatternGeometry,
    disc: number,
  ): boolean {
    const { classes, dark, frame } = this.space;
    if (slot >= 0) return dark[label * frame.slots.count + slot] === 1;
    return isForbidden(classes[label]!, zone, h[disc]!, k[disc]!);
  }

  /** Adds the coefficients of a disc without any deviation: envelope plus class mean of its slot. */
  private addMean({ label, partner, share }: PatternRow['mixing'], slot: number, g: number): void {
    const { means, overall, frame } = this.space;
    const { knot, share: beyond } = knotOf(frame.envelope, g);
    const { values } = frame.envelope;
    const here = knot * MODES;
    const next = Math.min(here + MODES, values.length - MODES);
    const own = (label * frame.slots.count + slot) * MODES;
    const other = (partner * frame.slots.count + slot) * MODES;
    for (let m = 0; m < MODES; m++) {
      const mean =
        slot < 0 ? overall[m]! : (1 - share) * means[own + m]! + share * means[other + m]!;
      const level = (1 - beyond) * values[here + m]! + beyond * values[next + m]!;
      this.base.push(level + mean / MODE_WEIGHT[m]!);
    }
  }
}
