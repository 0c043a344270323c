import { ParameterLayout, type Weights } from '../../src/engine/parameters.ts';
import { type Tensor, type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { leakyRelu } from '../layers.ts';
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
    ...convSpecs('gain', { side: 3, from: inner, to: 3 }, START),
    ...convSpecs('residual', { side: 3, from: inner, to: pixels }, START),
  ]);
}

/** (B, S, S, 3) as cells: (B, S/4, 4, S/4, 4, 3). */
const cells = (x: Tensor4D): Tensor => {
  const [count, size] = x.shape;
  return x.reshape([count, size / CELL, CELL, size / CELL, CELL, 3]);
};

/** Cells as channels, (B, S/4, S/4, 48), and back. */
const folded = (x: Tensor4D): Tensor4D => {
  const side = x.shape[1] / CELL;
  return cells(x)
    .transpose([0, 1, 3, 2, 4, 5])
    .reshape([x.shape[0], side, side, 3 * CELL ** 2]) as Tensor4D;
};
const unfolded = (x: Tensor4D): Tensor =>
  x.reshape([x.shape[0], x.shape[1], x.shape[2], CELL, CELL, 3]).transpose([0, 1, 3, 2, 4, 5]);

/**
 * Sources (B, S, S, 3) in [-1, 1], changed under conditions (B, latent + embedding): intensity
 * levels above the dark one are scaled by 0.4 to 1.6, smoothly over cells of 4 x 4 pixels, and a
 * residual of at most 0.4 is added. Below the dark level (-1) only a fifth of a change is left, and
 * a stored pixel cuts that off.
 */
export function changePixels(weights: Weights, source: Tensor4D, condition: Tensor2D): Tensor4D {
  const inner = LAYERS.reduce<Tensor4D>((x, name) => {
    const maps = tf.conv2d(x, weights[`${name}/kernel`] as Tensor4D, 1, 'same');
    const next = modulated(weights, name, maps, condition);
    return name === 'first' ? next : (next.add(x) as Tensor4D);
  }, folded(source));
  const [count, side] = inner.shape;
  const gain = tf.tanh(conv(weights, 'gain', inner, 1)).reshape([count, side, 1, side, 1, 3]);
  const residual = unfolded(tf.tanh(conv(weights, 'residual', inner, 1)));
  const levels = cells(source).add(1).mul(gain.mul(GAIN).add(1));
  const changed = levels.add(residual.mul(RESIDUAL)).reshape(source.shape) as Tensor4D;
  return leakyRelu(changed).sub(1) as Tensor4D;
}
