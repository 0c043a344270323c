import { describe, expect, it } from 'vitest';
import {
  discriminator,
  discriminatorLayout,
  embed,
  type GanShape,
  generator,
  generatorLayout,
} from '../../gan/codec/networks.ts';
import { dense, layerNorm, leakyRelu } from '../../gan/training/layers.ts';
import { discriminatorHinge, generatorHinge, gradientPenalty } from '../../gan/training/losses.ts';
import { Stream } from '../../src/common/stream.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import type { ParameterLayout } from '../../src/engine/parameters.ts';
import { type Scalar, type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';

const stream = new Stream(5, 'gradients');
const shape: GanShape = { latent: 6, embedding: 4, hidden: 24, vector: 10, code: 5 };
const BATCH = 16;

const normal2d = (name: string, rows: number, columns: number): Tensor2D =>
  tf.tensor2d(stream.split(name).normals(rows * columns), [rows, columns]);
const codes = tf.tensor2d(
  Array.from({ length: BATCH }, (_, i) =>
    Array.from({ length: 5 }, (_, j) => +(j === i % 3 || j === 3 + (i % 2))),
  ),
);

/**
 * Starting weights whose hidden units lie well above or well below the kink of the leaky ReLU,
 * half of them each: there the losses are smooth, and differences tell the truth.
 */
function awayFromKinks(layout: ParameterLayout, name: string): Float32Array {
  const start = layout.initial(stream.split(name));
  let at = 0;
  layout.specs.forEach(({ name: weight }, i) => {
    const far = { 'first/bias': 6, 'second/bias': 12, 'first/shift': 6, 'second/shift': 6 }[weight];
    const size = layout.sizes[i]!;
    if (far) for (let j = 0; j < size; j++) start[at + j] = j % 2 ? far : -far;
    at += size;
  });
  return start;
}

/** Mean error of the gradient along random directions against central differences, relative. */
function differenceError(loss: (flat: Tensor1D) => Scalar, at: Float32Array, step: number): number {
  const gradient = numbersOf(() => tf.grad((x) => loss(x as Tensor1D))(tf.tensor1d(at)));
  const value = (sign: number, direction: Float32Array): number =>
    tf.tidy(
      () => loss(tf.tensor1d(at.map((v, i) => v + sign * step * direction[i]!))).dataSync()[0]!,
    );
  let error = 0;
  let size = 0;
  for (let n = 0; n < 12; n++) {
    const direction = stream.split(`direction ${n}`).normals(at.length);
    const difference = (value(1, direction) - value(-1, direction)) / (2 * step);
    const along = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
    error += Math.abs(along - difference);
    size += Math.abs(difference);
  }
  expect(size).toBeGreaterThan(1e-6);
  return error / size;
}

describe('layers', () => {
  const x = normal2d('x', BATCH, 10);
  const weights = stream.split('w').normals(10 * 7);
  const target = normal2d('target', BATCH, 7);

  it.each([
    ['dense, kernel', (w: Tensor1D) => dense(x, w.reshape([10, 7]), tf.zeros([7]))],
    [
      'dense, input',
      (w: Tensor1D) => dense(w.reshape([7, 10]), normal2d('k', 10, 7), tf.ones([7])),
    ],
    ['leaky ReLU', (w: Tensor1D) => leakyRelu(x.matMul(w.reshape([10, 7])))],
    [
      'layer norm, input',
      (w: Tensor1D) =>
        layerNorm(x.matMul(w.reshape([10, 7])), tf.linspace(0.5, 2, 7), tf.ones([7])),
    ],
    [
      'layer norm, gain and shift',
      (w: Tensor1D) => layerNorm(target, w.slice([0], [7]), w.slice([7], [7])),
    ],
  ])('%s: gradient agrees with differences', (_, layer) => {
    const loss = (w: Tensor1D): Scalar => {
      const y = layer(w) as Tensor2D;
      return y
        .sub(target.slice([0, 0], y.shape))
        .square()
        .mean();
    };
    expect(differenceError(loss, weights, 1e-3)).toBeLessThan(2e-3);
  });

  it('leaky ReLU is x above zero and x / 5 below, and dense is x W + b', () => {
    expect([...leakyRelu(tf.tensor2d([[-5, 0, 3]])).dataSync()]).toEqual([-1, 0, 3]);
    const y = dense(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]]), tf.tensor1d([0.5]));
    expect(y.dataSync()[0]).toBe(11.5);
  });

  it('layer norm gives rows of mean 0 and variance 1', () => {
    const { mean, variance } = tf.moments(layerNorm(x, tf.ones([10]), tf.zeros([10])), 1);
    expect(mean.abs().max().dataSync()[0]).toBeLessThan(1e-5);
    expect(variance.sub(1).abs().max().dataSync()[0]).toBeLessThan(1e-3);
  });
});

describe('losses of the GAN', () => {
  const layouts = { generator: generatorLayout(shape), discriminator: discriminatorLayout(shape) };
  const start = {
    generator: awayFromKinks(layouts.generator, 'g'),
    discriminator: awayFromKinks(layouts.discriminator, 'd'),
  };
  const real = normal2d('real', BATCH, shape.vector);
  const z = normal2d('z', BATCH, shape.latent);
  const fake = (flat: Tensor1D): Tensor2D => {
    const weights = layouts.generator.unpack(flat);
    return generator(weights, z, embed(weights, codes));
  };

  it('hinge of the discriminator', () => {
    const fakes = fake(tf.tensor1d(start.generator));
    const loss = (flat: Tensor1D): Scalar => {
      const weights = layouts.discriminator.unpack(flat);
      const [onReal, onFake] = discriminator(weights, [real, fakes], codes);
      return discriminatorHinge(onReal!, onFake!);
    };
    expect(differenceError(loss, start.discriminator, 3e-3)).toBeLessThan(1e-2);
  });

  it('hinge of the generator', () => {
    const weights = layouts.discriminator.unpack(tf.tensor1d(start.discriminator));
    const loss = (flat: Tensor1D): Scalar =>
      generatorHinge(discriminator(weights, [fake(flat)], codes)[0]!);
    expect(differenceError(loss, start.generator, 3e-3)).toBeLessThan(1e-2);
  });

  it('gradient penalty: the gradient of a gradient is exact', () => {
    const loss = (flat: Tensor1D): Scalar => {
      const weights = layouts.discriminator.unpack(flat);
      return gradientPenalty((x) => discriminator(weights, [x], codes)[0]!, real, 0.5);
    };
    expect(differenceError(loss, start.discriminator, 3e-3)).toBeLessThan(1e-2);
  });

  it('gradient penalty of a linear score is gamma / 2 times its squared slope', () => {
    const slope = tf.tensor2d([[3], [4]]);
    const penalty = gradientPenalty((x) => x.matMul(slope).reshape([-1]), tf.ones([5, 2]), 2);
    expect(penalty.dataSync()[0]).toBeCloseTo(25, 5);
  });

  it('scores of batches that go through together are those of each alone', () => {
    const weights = layouts.discriminator.unpack(tf.tensor1d(start.discriminator));
    const other = normal2d('other', BATCH, shape.vector);
    const together = discriminator(weights, [real, other], codes);
    [real, other].forEach((x, i) => {
      const alone = discriminator(weights, [x], codes)[0]!;
      expect(together[i]!.sub(alone).abs().max().dataSync()[0]).toBeLessThan(1e-5);
    });
  });
});
