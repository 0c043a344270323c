import { ParameterLayout, type Weights } from '../../src/engine/parameters.ts';
import { type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { leakyRelu, project } from '../codec/layers.ts';
import { conv, convSpecs, heDeviation } from './maps.ts';
import { modulated, modulationSpecs } from './modulation.ts';
import type { PixelShape } from './shape.ts';

/** Pixels a side that one place of the inner maps stands for. */
const CELL = 4;
/** Inner maps have this many times the channels of `width`. */
const WIDER = 4;
/** Largest relative change of intensity levels, and largest residual, of a range of 2. */
const GAIN = 0.6;
const RESIDUAL = 0.4;
/** The last layers start small: at first a source hardly changes. */
const START = 0.003;
const LAYERS = ['first', 'second', 'third'] as const;

/** Weights of the generator; `class/embedding` is the table of class and crystal-system parts. */
export function residualLayout(shape: PixelShape): ParameterLayout {
  const condition = shape.latent + shape.embedding;
  const inner = WIDER * shape.width;
  const pixels = 3 * CELL ** 2;
  const layer = (name: string, from: number) => [
    {
      name: `${name}/kernel`,
      shape: [3, 3, from, inner],
      start: { normal: heDeviation(9 * from) },
    },
    ...modulationSpecs(name, condition, inner),
  ];
  return new ParameterLayout([
    { name: 'class/embedding', shape: [shape.code, shape.embedding], start: { normal: 1 } },
    ...LAYERS.flatMap((name, i) => layer(name, i === 0 ? pixels : inner)),
    ...convSpecs('change', { side: 3, from: inner, to: 3 + pixels }, START),
  ]);
}

/** Triplets (B, S, S, 3) with the pixels of a cell as channels, (B, S/4, S/4, 48); and back. */
function folded(x: Tensor4D): Tensor4D {
  const [count, size] = x.shape;
  const side = size / CELL;
  const cells = x.reshape([count, side, CELL, side, CELL, 3]).transpose([0, 1, 3, 2, 4, 5]);
  return cells.reshape([count, side, side, 3 * CELL ** 2]) as Tensor4D;
}
function unfolded(x: Tensor4D): Tensor4D {
  const [count, side] = x.shape;
  const cells = x.reshape([count, side, side, CELL, CELL, 3]).transpose([0, 1, 3, 2, 4, 5]);
  return cells.reshape([count, side * CELL, side * CELL, 3]) as Tensor4D;
}

/** (3, 48): the gain of a pattern for each pixel of a cell. */
const spread = (): Tensor2D => tf.eye(3).tile<Tensor2D>([1, CELL ** 2]);

/**
 * Sources (B, S, S, 3) in [-1, 1], changed under conditions (B, latent + embedding): intensity
 * levels above the dark one are scaled by 0.4 to 1.6, alike in cells of 4 x 4 pixels, and a residual
 * of at most 0.4 is added. Below the dark level (-1) only a fifth of a change is left, and a stored
 * pixel cuts that off.
 */
export function changePixels(weights: Weights, source: Tensor4D, condition: Tensor2D): Tensor4D {
  const cells = folded(source);
  const inner = LAYERS.reduce<Tensor4D>((x, name) => {
    const maps = tf.conv2d(x, weights[`${name}/kernel`] as Tensor4D, 1, 'same');
    const next = modulated(weights, name, maps, condition);
    return name === 'first' ? next : (next.add(x) as Tensor4D);
  }, cells);
  const change = tf.tanh(conv(weights, 'change', inner, 1)).reshape([-1, 3 + cells.shape[3]]);
  const [gain, residual] = tf.split(change, [3, cells.shape[3]], 1) as [Tensor2D, Tensor2D];
  const scale = project(gain, spread()).mul(GAIN).add(1).reshape(cells.shape);
  const levels = cells.add(1).mul(scale).add(residual.mul(RESIDUAL).reshape(cells.shape));
  return unfolded(leakyRelu(levels as Tensor4D).sub(1) as Tensor4D);
}
