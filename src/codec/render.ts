import { PIXEL_SCALE } from '../dataset/examples.ts';
import { type Tensor, type Tensor1D, type Tensor2D, type Tensor3D, tf } from '../engine/tf.ts';
import { type DrawingPlan, planDrawing, type TableRequest, tableSlopes } from './canvas.ts';
import { drawMarks, type GroupTensors, marksGradient } from './disc-marks.ts';
import type { Aperture } from './footprint.ts';
import { GREYS_PER_LOG, LOG_CEILING } from './modes.ts';

/** A batch of patterns as tensors; every tensor may carry a gradient. */
export interface DiscTensors {
  /** Pixels a side. */
  size: number;
  /** Column and row of the direct beam. */
  centre: number;
  aperture: Aperture;
  /** Pattern of each disc, and its zone indices. */
  pattern: Int32Array;
  h: ArrayLike<number>;
  k: ArrayLike<number>;
  /** (patterns, 4) lattice in pixels as in `PatternGeometry.basis`. */
  basis: Tensor2D;
  /** (patterns) disc radius in pixels. */
  radius: Tensor1D;
  /** (discs, MODES), units of ln above the floor. */
  coefficients: Tensor2D;
  /** (patterns, 3) as in `PatternDiscs.background`; none where absent. */
  background?: Tensor2D;
}

/** Intensity below which the logarithm is not taken: far under the floor of a stored pixel (1). */
const TINY = 1e-9;

/** Keeps tensors for a backward pass: what a forward pass makes is otherwise gone by then. */
type Save = (tensors: Tensor[]) => void;

/** Adds values to a canvas of `length` pixels; the gradient reads them back. */
function scatter(values: Tensor1D, index: Tensor1D, length: number): Tensor1D {
  const add = tf.customGrad((v, save) => {
    (save as Save)([index]);
    const gradFunc = (dy: Tensor | Tensor[], [at]: Tensor[]) =>
      tf.gather(dy as Tensor, at as Tensor1D);
    return { value: tf.unsortedSegmentSum(v as Tensor, index, length), gradFunc };
  });
  return add(values) as Tensor1D;
}

/** Canvas positions of the marks of a group, flat in the order of `drawMarks`. */
function markIndex(plan: DrawingPlan, groupIndex: number): Tensor1D {
  const group = plan.groups[groupIndex]!;
  const count = 2 * group.reach + 1;
  const steps = new Int32Array(count * count);
  for (let at = 0; at < steps.length; at++) {
    const row = Math.floor(at / count) - group.reach;
    steps[at] = row * plan.side + (at % count) - group.reach;
  }
  return tf
    .tensor2d(steps, [steps.length, 1], 'int32')
    .add(tf.tensor1d(group.centre, 'int32'))
    .reshape([-1]);
}

/** What `discMarks` needs beside its differentiable inputs. */
interface Drawing {
  plan: DrawingPlan;
  table: Tensor1D;
  places: TableRequest;
}

/** `drawMarks` with its gradient; positions are offsets from the rounded disc centres. */
function discMarks(drawing: Drawing, groupIndex: number, inputs: GroupTensors): Tensor3D {
  const { plan, table, places } = drawing;
  const group = plan.groups[groupIndex]!;
  const draw = tf.customGrad((column, row, r, coefficients, save) => {
    const tensors = { column, row, radius: r, coefficients } as GroupTensors;
    (save as Save)([column, row, r, coefficients, table] as Tensor[]);
    const gradFunc = (dMarks: Tensor | Tensor[], saved: Tensor[]) => {
      const [c, w, s, m, footprints] = saved;
      const slopes = tf.tensor1d(tableSlopes(plan, places));
      const back = marksGradient(group, plan, {
        tensors: { column: c, row: w, radius: s, coefficients: m } as GroupTensors,
        table: footprints as Tensor1D,
        slopes,
        dMarks: dMarks as Tensor3D,
      });
      return [back.column, back.row, back.radius, back.coefficients];
    };
    return { value: drawMarks(group, plan, { ...tensors, table }), gradFunc };
  });
  return draw(inputs.column, inputs.row, inputs.radius, inputs.coefficients) as Tensor3D;
}

/** Rows of a table by index, with the sum over rows as the gradient. */
function take(table: Tensor, index: Tensor1D, rows: number): Tensor {
  const read = tf.customGrad((t, save) => {
    (save as Save)([index]);
    const gradFunc = (dy: Tensor | Tensor[], [at]: Tensor[]) =>
      tf.unsortedSegmentSum(dy as Tensor, at as Tensor1D, rows);
    return { value: tf.gather(t as Tensor, index), gradFunc };
  });
  return read(table);
}

/** Column and row of every disc, from the lattice. */
function discCentres(discs: DiscTensors): { column: Tensor1D; row: Tensor1D; radius: Tensor1D } {
  const { pattern, basis, radius, centre } = discs;
  const index = tf.tensor1d(pattern, 'int32');
  const lattice = take(tf.concat([basis, radius.expandDims(1)], 1), index, basis.shape[0]);
  const [hx, hy, kx, ky, r] = tf.unstack(lattice, 1) as Tensor1D[];
  const h = tf.tensor1d(Float32Array.from(discs.h));
  const k = tf.tensor1d(Float32Array.from(discs.k));
  return {
    column: hx!.mul(h).add(kx!.mul(k)).add(centre),
    row: hy!.mul(h).add(ky!.mul(k)).neg().add(centre),
    radius: r!,
  };
}

/** Background intensity (patterns, size, size); see `PatternDiscs.background`. */
function backgroundOf(background: Tensor2D, size: number, centre: number): Tensor3D {
  const line = tf.range(0, size).sub(centre);
  const square = line.square().expandDims(0).add(line.square().expandDims(1));
  const s = square.sqrt().mul(2 / size);
  const [b0, b1, b2] = tf.split(background, 3, 1).map((b) => b.expandDims(2)) as Tensor3D[];
  const level = b0!.add(b1!.mul(s)).add(b2!.mul(s.square())) as Tensor3D;
  return tf.exp(level.clipByValue(-30, LOG_CEILING)) as Tensor3D;
}

/** Linear intensities (patterns, size, size) in units of the floor of a stored pixel. */
export function drawIntensities(discs: DiscTensors): Tensor3D {
  const draw = (): Tensor3D => {
    const { size, basis, background, aperture } = discs;
    const patterns = basis.shape[0];
    const centres = discCentres(discs);
    const radius = discs.radius.dataSync() as Float32Array;
    const plan = planDrawing({
      patterns,
      size,
      pattern: discs.pattern,
      column: centres.column.dataSync() as Float32Array,
      row: centres.row.dataSync() as Float32Array,
      radius,
      aperture,
    });
    const table = tf.tensor1d(plan.tables);
    const length = patterns * plan.side * plan.side;
    let canvas: Tensor1D = tf.zeros([length]);
    const places = tf.stack([centres.column, centres.row, centres.radius], 1);
    const rows = tf.concat([places, discs.coefficients], 1);
    plan.groups.forEach((group, groupIndex) => {
      const members = tf.tensor1d(group.members, 'int32');
      const own = take(rows, members, discs.pattern.length).transpose();
      const [column, row, r, coefficients] = tf.split(own, [1, 1, 1, own.shape[0]! - 3]);
      const marks = discMarks({ plan, table, places: { radius, aperture } }, groupIndex, {
        column: column!.reshape([-1]).sub(tf.tensor1d(group.column)) as Tensor1D,
        row: row!.reshape([-1]).sub(tf.tensor1d(group.row)) as Tensor1D,
        radius: r!.reshape([-1]),
        coefficients: coefficients as Tensor2D,
      });
      canvas = canvas.add(scatter(marks.reshape([-1]), markIndex(plan, groupIndex), length));
    });
    const { margin, side } = plan;
    const inner = canvas
      .reshape([patterns, side, side])
      .slice([0, margin, margin], [patterns, size, size]) as Tensor3D;
    if (!background) return inner;
    return inner.add(backgroundOf(background, size, discs.centre)) as Tensor3D;
  };
  return tf.tidy(draw);
}

/**
 * The stored pixel values of intensities in units of the floor, as networks see them:
 * clip(10 ln I, 0, 255) * PIXEL_SCALE.
 */
export const toNetworkUnits = <T extends Tensor>(intensities: T): T =>
  tf.tidy(() =>
    intensities
      .maximum(TINY)
      .log()
      .clipByValue(0, LOG_CEILING)
      .mul(GREYS_PER_LOG * PIXEL_SCALE),
  ) as T;

/**
 * Draws patterns, (patterns, size, size) in network units. Differentiable in the lattice, the
 * radius, the coefficients and the background; which pixels a disc marks is taken from the values.
 */
export const renderPatterns = (discs: DiscTensors): Tensor3D =>
  tf.tidy(() => toNetworkUnits(drawIntensities(discs)));
