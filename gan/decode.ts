import { CELL_NUMBERS, cellFromNumbers } from '../src/codec/cell-numbers.ts';
import type { TripletDiscs } from '../src/codec/discs.ts';
import { type TripletGeometry, tripletGeometry } from '../src/codec/geometry.ts';
import { MODES } from '../src/codec/modes.ts';
import { discVector } from '../src/codec/polar.ts';
import type { DiscTensors } from '../src/codec/render.ts';
import type { Cell } from '../src/crystal/crystal.ts';
import { type Tensor1D, type Tensor2D, tf } from '../src/engine/tf.ts';
import { envelopeAt } from './envelope.ts';
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

  constructor(
    private readonly space: CodecSpace,
    private readonly count: number,
  ) {}

  add(row: number, geometry: TripletGeometry, decoding: Decoding): void {
    const { frame, means } = this.space;
    const { label, partner = label, t = 0 } = decoding;
    const share = partner !== label && sharesZones(this.space, label, partner) ? t : 0;
    const slots = frame.slots.count;
    geometry.forEach(({ basis, h, k }, zone) => {
      for (let disc = 0; disc < h.length; disc++) {
        const { length, cosine, sine } = discVector(basis, h[disc]!, k[disc]!);
        const slot = frame.slots.find(zone, h[disc]!, k[disc]!);
        this.pattern.push(3 * row + zone);
        this.h.push(h[disc]!);
        this.k.push(k[disc]!);
        this.source.push(slot < 0 ? this.count * slots : row * slots + slot);
        this.cosine.push(cosine);
        this.sine.push(sine);
        for (let m = 0; m < MODES; m++) {
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
  };
}

/** Rows by index; the gradient adds them up, also where a row is read twice. */
function takeRows(table: Tensor2D, index: Int32Array): Tensor2D {
  const rows = table.shape[0];
  const at = () => tf.tensor1d(index, 'int32');
  const read = tf.customGrad((input) => ({
    value: tf.gather(input as Tensor2D, at()),
    gradFunc: (upstream) => tf.unsortedSegmentSum(upstream as Tensor2D, at(), rows),
  }));
  return read(table) as Tensor2D;
}

/** From axes along g to detector axes, by columns. */
function towardDetector(polar: Tensor2D, plan: DecodingPlan): Tensor2D {
  const c = tf.tensor1d(plan.cosine);
  const s = tf.tensor1d(plan.sine);
  const [level, x, y, curve, p, q] = tf.unstack(polar, 1) as Tensor1D[];
  const c2 = c.square().sub(s.square());
  const s2 = c.mul(s).mul(2);
  return tf.stack(
    [
      level!,
      c.mul(x!).sub(s.mul(y!)),
      s.mul(x!).add(c.mul(y!)),
      curve!,
      c2.mul(p!).sub(s2.mul(q!)),
      s2.mul(p!).add(c2.mul(q!)),
    ],
    1,
  ) as Tensor2D;
}

/** Tensors of a space that decoding needs; made once, shared by all batches. */
export interface SpaceTensors {
  /** (rank, S MODES) axes times their scales. */
  axes: Tensor2D;
  /** (S MODES). */
  mean: Tensor1D;
  /** (MODES). */
  weights: Tensor1D;
}

export function spaceTensors({ principal, scales }: CodecSpace): SpaceTensors {
  return tf.tidy(() => ({
    axes: tf
      .tensor2d(principal.axes, [principal.rank, principal.width])
      .mul<Tensor2D>(tf.tensor2d(scales, [principal.rank, 1])),
    mean: tf.tensor1d(principal.mean),
    weights: tf.tensor1d([...MODE_WEIGHT]),
  }));
}

/**
 * The discs of codec vectors (B, width) as tensors for the renderer; differentiable with respect
 * to the scores. Lattices are those of the plan.
 */
export function decodeTensors(
  vectors: Tensor2D,
  plan: DecodingPlan,
  context: { space: CodecSpace; tensors: SpaceTensors },
): DiscTensors {
  const { space, tensors } = context;
  const { rank } = space.principal;
  const slots = space.frame.slots.count;
  const deviations = vectors.slice([0, 0], [-1, rank]).matMul(tensors.axes).add(tensors.mean);
  const table = deviations.reshape([plan.count * slots, MODES]).div(tensors.weights);
  const padded = tf.concat([table, tf.zeros([1, MODES])], 0) as Tensor2D;
  const base = tf.tensor2d(plan.base, [plan.source.length, MODES]);
  const polar = base.add(takeRows(padded, plan.source)) as Tensor2D;
  const patterns = plan.geometries.flat();
  return {
    size: space.camera.size,
    centre: space.camera.centre,
    aperture: patterns[0]!.aperture,
    pattern: plan.pattern,
    h: plan.h,
    k: plan.k,
    basis: tf.tensor2d(
      patterns.flatMap(({ basis }) => [...basis]),
      [patterns.length, 4],
    ),
    radius: tf.tensor1d(patterns.map(({ radius }) => radius)),
    coefficients: towardDetector(polar, plan),
  };
}

/** The decoded triplets as plain numbers, from the coefficients of `decodeTensors`. */
export function decodedTriplets(plan: DecodingPlan, coefficients: Float32Array): TripletDiscs[] {
  let at = 0;
  return plan.geometries.map(
    (geometries) =>
      geometries.map((geometry) => {
        const length = geometry.h.length * MODES;
        at += length;
        return {
          geometry,
          coefficients: coefficients.slice(at - length, at),
          background: null,
        };
      }) as unknown as TripletDiscs,
  );
}
