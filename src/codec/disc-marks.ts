import { type Tensor, type Tensor1D, type Tensor2D, type Tensor3D, tf } from '../engine/tf.ts';
import type { DiscGroup, DrawingPlan } from './canvas.ts';
import { NODES } from './footprint.ts';

/** Log-intensities outside these bounds are drawn at the bound. */
const LOWEST = -8;
const HIGHEST = 27;

/** What the discs of one group are drawn from. */
export interface GroupTensors {
  /** (discs) offset of the disc centre from its rounded place; columns, and rows downward. */
  column: Tensor1D;
  row: Tensor1D;
  /** (discs). */
  radius: Tensor1D;
  /** (MODES, discs). */
  coefficients: Tensor2D;
}

/** Pixels from the disc centre along one axis, and where that reads the footprint table. */
interface Axis {
  /** (offsets, discs). */
  distance: Tensor2D;
  node: Tensor2D;
  share: Tensor2D;
}

function axisOf(offsets: Tensor2D, shift: Tensor1D, side: number): Axis {
  const distance = offsets.sub(shift) as Tensor2D;
  const at = distance.abs().mul(NODES);
  const node = at.floor().minimum(side - 2);
  return { distance, node: node.toInt() as Tensor2D, share: at.sub(node).minimum(1) as Tensor2D };
}

/** Table values at the four nodes around every mark, (offsets, offsets, discs). */
interface Corners {
  near: Tensor3D;
  right: Tensor3D;
  below: Tensor3D;
  far: Tensor3D;
}

/** Where the marks of a group lie in the discs and in the footprint tables. */
interface Marks {
  x: Axis;
  y: Axis;
  index: Tensor3D;
  side: number;
}

function marksOf(group: DiscGroup, plan: DrawingPlan, tensors: GroupTensors): Marks {
  const count = 2 * group.reach + 1;
  const offsets = tf.range(-group.reach, group.reach + 1).reshape([count, 1]) as Tensor2D;
  const side = plan.tableSide;
  const x = axisOf(offsets, tensors.column, side);
  const y = axisOf(offsets, tensors.row, side);
  const start = y.node.mul(tf.scalar(side, 'int32')).add(tf.tensor1d(group.table, 'int32'));
  return { x, y, index: start.expandDims(1).add(x.node.expandDims(0)), side };
}

function cornersOf(table: Tensor1D, { index, side }: Marks): Corners {
  const at = (shift: number): Tensor3D =>
    tf.gather(table as Tensor, index.add(tf.scalar(shift, 'int32')) as Tensor1D) as Tensor3D;
  return { near: at(0), right: at(1), below: at(side), far: at(side + 1) };
}

/** The value between the corners, `a` to the right and `b` downward. */
function blend({ near, right, below, far }: Corners, { x, y }: Marks): Tensor3D {
  const a = x.share.expandDims(0);
  const top = near.add(right.sub(near).mul(a));
  const bottom = below.add(far.sub(below).mul(a));
  return top.add(bottom.sub(top).mul(y.share.expandDims(1)));
}

/** Slope along one axis, per pixel, of the value between the corners. */
function slope(
  axis: Axis,
  along: 0 | 1,
  edges: { first: Tensor3D; last: Tensor3D; share: Tensor2D },
) {
  const { first, last, share } = edges;
  const between = first.add(last.sub(first).mul(share.expandDims(along === 0 ? 1 : 0)));
  return between.mul(axis.distance.sign().mul(NODES).expandDims(along));
}

/** Disc coordinates q of every mark, held at the rim outside the disc; y up. */
function discCoordinates({ x, y }: Marks, radius: Tensor1D) {
  const right = x.distance.expandDims(0);
  const up = y.distance.neg().expandDims(1);
  const distance = right.square().add(up.square()).sqrt() as Tensor3D;
  const scale = distance.maximum(radius).reciprocal() as Tensor3D;
  return { qx: right.mul(scale) as Tensor3D, qy: up.mul(scale) as Tensor3D, scale, distance };
}

type Coordinates = ReturnType<typeof discCoordinates>;

/** Coefficients of 1, qx, qy, qx^2, qy^2 and qx qy in the log-intensity. */
function polynomial(coefficients: Tensor2D) {
  const [level, x, y, curve, stretch, shear] = tf.unstack(coefficients) as Tensor1D[];
  const twice = curve!.mul(2);
  return {
    constant: level!.sub(curve!),
    x: x!,
    y: y!,
    xx: twice.add(stretch!),
    yy: twice.sub(stretch!),
    xy: shear!.mul(2),
  };
}

function logIntensity({ qx, qy }: Coordinates, coefficients: Tensor2D): Tensor3D {
  const p = polynomial(coefficients);
  const alongX = qx.mul(p.xx).add(qy.mul(p.xy)).add(p.x).mul(qx);
  return alongX.add(qy.mul(p.yy).add(p.y).mul(qy)).add(p.constant);
}

/**
 * Intensities that the discs of a group give the pixels around them, (rows, columns, discs):
 * footprint times exp(log-intensity).
 */
export function drawMarks(
  group: DiscGroup,
  plan: DrawingPlan,
  tensors: GroupTensors & { table: Tensor1D },
): Tensor3D {
  return tf.tidy(() => {
    const marks = marksOf(group, plan, tensors);
    const mark = blend(cornersOf(tensors.table, marks), marks);
    const level = logIntensity(discCoordinates(marks, tensors.radius), tensors.coefficients);
    return mark.mul(level.clipByValue(LOWEST, HIGHEST).exp());
  });
}

const overMarks = (t: Tensor3D): Tensor1D => t.sum([0, 1]);

/** Gradient of the coefficients from that of the log-intensity. */
function coefficientGradient(dLevel: Tensor3D, { qx, qy }: Coordinates): Tensor2D {
  const gx = dLevel.mul(qx) as Tensor3D;
  const gy = dLevel.mul(qy) as Tensor3D;
  const level = overMarks(dLevel);
  const xx = overMarks(gx.mul(qx));
  const yy = overMarks(gy.mul(qy));
  const curve = xx.add(yy).mul(2).sub(level) as Tensor1D;
  const shear = overMarks(gx.mul(qy)).mul(2) as Tensor1D;
  return tf.stack([level, overMarks(gx), overMarks(gy), curve, xx.sub(yy), shear]) as Tensor2D;
}

/** Gradient of disc centre (right, up) and radius through the disc coordinates. */
function coordinateGradient(
  dLevel: Tensor3D,
  q: Coordinates,
  { coefficients, radius }: GroupTensors,
) {
  const { qx, qy, scale, distance } = q;
  const p = polynomial(coefficients);
  const gx = qx.mul(p.xx.mul(2)).add(qy.mul(p.xy)).add(p.x).mul(dLevel);
  const gy = qy.mul(p.yy.mul(2)).add(qx.mul(p.xy)).add(p.y).mul(dLevel);
  const radial = gx.mul(qx).add(gy.mul(qy)).mul(scale);
  const inside = distance.less(radius);
  // Outside the disc q is held at the rim: only its direction moves.
  const held = tf.where(inside, tf.zerosLike(radial), radial);
  return {
    right: gx.mul(scale).sub(held.mul(qx)) as Tensor3D,
    up: gy.mul(scale).sub(held.mul(qy)) as Tensor3D,
    radius: held.sub(radial) as Tensor3D,
  };
}

/** Gradients of `drawMarks` with respect to column, row, radius and coefficients. */
export function marksGradient(
  group: DiscGroup,
  plan: DrawingPlan,
  options: { tensors: GroupTensors; table: Tensor1D; slopes: Tensor1D; dMarks: Tensor3D },
): GroupTensors {
  const { tensors, table, slopes, dMarks } = options;
  return tf.tidy(() => {
    const marks = marksOf(group, plan, tensors);
    const corners = cornersOf(table, marks);
    const q = discCoordinates(marks, tensors.radius);
    const level = logIntensity(q, tensors.coefficients);
    const dFootprint = level.clipByValue(LOWEST, HIGHEST).exp().mul(dMarks);
    const free = level.greater(LOWEST).logicalAnd(level.less(HIGHEST));
    const dLevel = tf.where(free, dFootprint.mul(blend(corners, marks)), tf.zerosLike(level));
    const through = coordinateGradient(dLevel as Tensor3D, q, tensors);
    const { near, right, below, far } = corners;
    const { x, y } = marks;
    const inX = slope(x, 0, { first: right.sub(near), last: far.sub(below), share: y.share });
    const inY = slope(y, 1, { first: below.sub(near), last: far.sub(right), share: x.share });
    const inRadius = blend(cornersOf(slopes, marks), marks);
    return {
      column: overMarks(dFootprint.mul(inX).add(through.right)).neg() as Tensor1D,
      row: overMarks(through.up.sub(dFootprint.mul(inY))),
      radius: overMarks(dFootprint.mul(inRadius).add(through.radius)),
      coefficients: coefficientGradient(dLevel as Tensor3D, q),
    };
  });
}
