import { MODES, type TripletDiscs } from '../../src/codec/discs.ts';
import { asTriplets, type DiscTensors, renderPatterns } from '../../src/codec/render.ts';
import { type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import type { DecodingPlan } from './plan.ts';
import type { CodecSpace } from './space.ts';
import { MODE_WEIGHT } from './tables.ts';

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

/** Adds rows up by index; the gradient reads them back. */
function addRows(values: Tensor2D, index: Int32Array, rows: number): Tensor2D {
  const at = () => tf.tensor1d(index, 'int32');
  const add = tf.customGrad((input) => ({
    value: tf.unsortedSegmentSum(input as Tensor2D, at(), rows),
    gradFunc: (upstream) => tf.gather(upstream as Tensor2D, at()),
  }));
  return add(values) as Tensor2D;
}

/** The coefficients with the symmetry of their space groups: the mean over each orbit of discs. */
function symmetric(polar: Tensor2D, { orbits, source }: DecodingPlan): Tensor2D {
  const weight = tf.tensor2d(orbits.weight, [orbits.source.length, MODES]);
  const images = takeRows(polar, orbits.source).mul(weight) as Tensor2D;
  return addRows(images, orbits.target, source.length);
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
  context: SpaceContext,
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
    basis: Float32Array.from(patterns.flatMap(({ basis }) => basis)),
    radius: Float32Array.from(patterns, ({ radius }) => radius),
    coefficients: towardDetector(symmetric(polar, plan), plan),
  };
}

/** A space, and its tensors. */
export interface SpaceContext {
  space: CodecSpace;
  tensors: SpaceTensors;
}

/** Draws vectors, (B, S, S, 3) in network units; differentiable in the table scores. */
export const drawVectors = (
  vectors: Tensor2D,
  plan: DecodingPlan,
  context: SpaceContext,
): Tensor4D => tf.tidy(() => asTriplets(renderPatterns(decodeTensors(vectors, plan, context))));

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
