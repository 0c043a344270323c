import { CELL_NUMBERS, cellFromNumbers } from '../src/codec/cell-numbers.ts';
import { type TripletGeometry, tripletGeometry } from '../src/codec/geometry.ts';
import { ABSENT_LEVEL, MODES } from '../src/codec/modes.ts';
import { discVector } from '../src/codec/polar.ts';
import type { Cell } from '../src/crystal/crystal.ts';
import { envelopeAt } from './envelope.ts';
import { addOrbits, type OrbitRows } from './orbits.ts';
import { type CodecSpace, vectorWidth } from './space.ts';
import { MODE_WEIGHT } from './tables.ts';

/** What a vector is decoded as: a class, or a point between it and a partner. */
export interface Decoding {
  /** Class index: its symmetry, absences and lattice hold whatever `t` is. */
  label: number;
  /** Class toward which the means are moved, and how far: 0 its own, 1 the partner's. */
  partner?: number;
  t?: number;
}

/** Everything about a batch of decodings that does not move with the intensities. */
export interface DecodingPlan {
  count: number;
  cells: readonly Cell[];
  geometries: readonly TripletGeometry[];
  /** Pattern of each disc (three a triplet). */
  pattern: Int32Array;
  h: Int16Array;
  k: Int16Array;
  /** Row of (count S + 1) that holds the deviation of each disc; the last row is zero. */
  source: Int32Array;
  /** (discs, MODES) envelope plus class mean, in axes along g. */
  base: Float32Array;
  /** (discs) direction of g. */
  cosine: Float32Array;
  sine: Float32Array;
  /** The symmetry of every pattern; see `OrbitRows`. */
  orbits: { target: Int32Array; source: Int32Array; weight: Float32Array };
}

/** The cell of a vector: class mean plus deviation; the class mean alone where that is no cell. */
function cellOfVector(space: CodecSpace, vector: Float32Array, decoding: Decoding): Cell {
  const { cellMeans, cellScales, principal, classes } = space;
  const { label, partner = label, t = 0 } = decoding;
  const mean = (i: number): number =>
    (1 - t) * cellMeans[label * CELL_NUMBERS + i]! + t * cellMeans[partner * CELL_NUMBERS + i]!;
  const centre = Array.from({ length: CELL_NUMBERS }, (_, i) => mean(i));
  const moved = centre.map((value, i) => value + vector[principal.rank + i]! * cellScales[i]!);
  const spaceGroup = classes[label]!;
  const own = Array.from({ length: CELL_NUMBERS }, (_, i) => cellMeans[label * CELL_NUMBERS + i]!);
  const cell = cellFromNumbers(moved, spaceGroup) ?? cellFromNumbers(own, spaceGroup);
  if (!cell) throw new RangeError(`the mean cell of space group ${spaceGroup} is no cell`);
  return cell;
}

function geometryOf(space: CodecSpace, cell: Cell, label: number): TripletGeometry {
  const { classes, zones, camera, aperture } = space;
  return tripletGeometry({
    cell,
    spaceGroup: classes[label]!,
    zones: zones[label]!,
    camera,
    aperture,
  });
}

/** Whether two classes are seen along the same axes, so that their tables can be mixed. */
function sharesZones(space: CodecSpace, a: number, b: number): boolean {
  return JSON.stringify(space.zones[a]) === JSON.stringify(space.zones[b]);
}

/** Growing lists of what a plan holds for each disc. */
class PlanRows {
  readonly pattern: number[] = [];
  readonly h: number[] = [];
  readonly k: number[] = [];
  readonly source: number[] = [];
  readonly base: number[] = [];
  readonly cosine: number[] = [];
  readonly sine: number[] = [];
  readonly orbits: OrbitRows = { target: [], source: [], weight: [] };

  constructor(
    private readonly space: CodecSpace,
    private readonly count: number,
  ) {}

  add(row: number, geometry: TripletGeometry, decoding: Decoding): void {
    const { frame, means } = this.space;
    const { label, partner = label, t = 0 } = decoding;
    const share = partner !== label && sharesZones(this.space, label, partner) ? t : 0;
    const slots = frame.slots.count;
    geometry.forEach((pattern, zone) => {
      const { basis, h, k } = pattern;
      const spaceGroup = this.space.classes[label]!;
      addOrbits(this.orbits, pattern, { spaceGroup, first: this.source.length });
      for (let disc = 0; disc < h.length; disc++) {
        const { length, cosine, sine } = discVector(basis, h[disc]!, k[disc]!);
        const slot = frame.slots.find(zone, h[disc]!, k[disc]!);
        this.pattern.push(3 * row + zone);
        this.h.push(h[disc]!);
        this.k.push(k[disc]!);
        const extinct = slot >= 0 && this.space.dark[label * slots + slot] === 1;
        this.source.push(slot < 0 || extinct ? this.count * slots : row * slots + slot);
        this.cosine.push(cosine);
        this.sine.push(sine);
        for (let m = 0; m < MODES; m++) {
          if (extinct) {
            this.base.push(m === 0 ? ABSENT_LEVEL : 0);
            continue;
          }
          const mean = (c: number): number =>
            slot < 0 ? 0 : means[(c * slots + slot) * MODES + m]! / MODE_WEIGHT[m]!;
          const mixed =
            share === 0 ? mean(label) : (1 - share) * mean(label) + share * mean(partner);
          this.base.push(envelopeAt(frame.envelope, length * frame.pixel, m) + mixed);
        }
      }
    });
  }
}

/**
 * Plans the decoding of vectors (B, width): cells and discs are taken from the values, so that the
 * drawing can be differentiated with respect to the intensities.
 */
export function planDecoding(
  space: CodecSpace,
  vectors: Float32Array,
  decodings: readonly Decoding[],
): DecodingPlan {
  const width = vectorWidth(space);
  const count = decodings.length;
  const rows = new PlanRows(space, count);
  const cells = decodings.map((decoding, i) =>
    cellOfVector(space, vectors.subarray(i * width, (i + 1) * width), decoding),
  );
  const geometries = cells.map((cell, i) => geometryOf(space, cell, decodings[i]!.label));
  geometries.forEach((geometry, i) => {
    rows.add(i, geometry, decodings[i]!);
  });
  return {
    count,
    cells,
    geometries,
    pattern: Int32Array.from(rows.pattern),
    h: Int16Array.from(rows.h),
    k: Int16Array.from(rows.k),
    source: Int32Array.from(rows.source),
    base: Float32Array.from(rows.base),
    cosine: Float32Array.from(rows.cosine),
    sine: Float32Array.from(rows.sine),
    orbits: {
      target: Int32Array.from(rows.orbits.target),
      source: Int32Array.from(rows.orbits.source),
      weight: Float32Array.from(rows.orbits.weight),
    },
  };
}
