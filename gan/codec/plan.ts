import { CELL_PARAMETERS, cellFromNumbers } from '../../src/codec/cell-numbers.ts';
import { ABSENT_LEVEL, discVector, MODES } from '../../src/codec/discs.ts';
import { knotOf } from '../../src/codec/envelope.ts';
import {
  type PatternGeometry,
  type TripletGeometry,
  tripletGeometry,
} from '../../src/codec/geometry.ts';
import { extinction, patternSymmetry } from '../../src/codec/symmetry.ts';
import type { Cell, Vec3 } from '../../src/crystal/crystal.ts';
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

/** What a codec triplet is drawn from: enough to draw it again. */
export interface CodecSource extends Decoding {
  /** (latent) */
  z: Float32Array;
  /** (embedding) added to the class embedding; none where absent. */
  offset?: Float32Array;
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
  const between = (of: Float32Array, i: number): number =>
    (1 - t) * of[label * CELL_PARAMETERS + i]! + t * of[partner * CELL_PARAMETERS + i]!;
  const moved = Array.from(
    { length: CELL_PARAMETERS },
    (_, i) => between(cellMeans, i) + vector[principal.rank + i]! * between(cellScales, i),
  );
  const spaceGroup = classes[label]!;
  const own = Array.from(
    { length: CELL_PARAMETERS },
    (_, i) => cellMeans[label * CELL_PARAMETERS + i]!,
  );
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
