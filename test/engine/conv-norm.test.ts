import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { type ConvNormOptions, convNorm } from '../../src/engine/conv-norm.ts';
import { relu } from '../../src/engine/relu.ts';
import { type Tensor, type Tensor1D, type Tensor4D, tf } from '../../src/engine/tf.ts';

interface Outcome {
  y: number[];
  dx: number[];
  dgain: number[];
  doffset: number[];
}
interface Golden {
  x: number[];
  upstream: number[];
  gain: number[];
  offset: number[];
  mean: number[];
  variance: number[];
  inference: Outcome;
  training: Outcome;
  after: { mean: number[]; variance: number[] };
}

const { batchNorm: golden } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/torch-layers.json'), 'utf8'),
) as { batchNorm: Golden };

const close = (ours: Tensor, theirs: ArrayLike<number>, digits = 4) => {
  expect(ours.size).toBe(theirs.length);
  ours.dataSync().forEach((value, i) => {
    expect(value).toBeCloseTo(theirs[i]!, digits);
  });
};

/** A 1x1 kernel that leaves three channels as they are. */
const identity = () => tf.tensor4d([1, 0, 0, 0, 1, 0, 0, 0, 1], [1, 1, 3, 3]);

const zeroStatistics = (channels: number) => ({
  mean: tf.zeros([channels]) as Tensor1D,
  variance: tf.ones([channels]) as Tensor1D,
});

it('normalises as PyTorch does, gradients and running statistics included', () => {
  const before = tf.memory().numTensors;
  const kept: Tensor1D[] = [];
  tf.tidy(() => {
    const x = tf.tensor4d(golden.x, [2, 2, 2, 3]);
    const [gain, offset] = [tf.tensor1d(golden.gain), tf.tensor1d(golden.offset)];
    const options: ConvNormOptions = {
      stride: 1,
      relu: false,
      statistics: { mean: tf.tensor1d(golden.mean), variance: tf.tensor1d(golden.variance) },
      sink: ({ mean, variance }) => void kept.push(tf.keep(mean), tf.keep(variance)),
    };
    const kernel = identity();
    const run = (x0: Tensor, g: Tensor, o: Tensor) =>
      convNorm(x0 as Tensor4D, { kernel, gain: g as Tensor1D, offset: o as Tensor1D }, options);
    const upstream = tf.tensor4d(golden.upstream, [2, 2, 2, 3]);
    close(run(x, gain, offset), golden.training.y);
    const [dx, dgain, doffset] = tf.grads((...inputs) =>
      run(...(inputs as [Tensor, Tensor, Tensor]))
        .mul(upstream)
        .sum(),
    )([x, gain, offset]);
    close(kept[0]!, golden.after.mean);
    close(kept[1]!, golden.after.variance);
    close(dx!, golden.training.dx);
    close(dgain!, golden.training.dgain);
    close(doffset!, golden.training.doffset);
  });
  tf.dispose(kept);
  expect(tf.memory().numTensors).toBe(before);
});

it.each([1, 2] as const)('is convolution, normalisation and ReLU composed, stride %i', (stride) => {
  const stream = new Stream(5, 'conv');
  tf.tidy(() => {
    const x = tf.tensor4d(stream.normals(2 * 6 * 6 * 2), [2, 6, 6, 2]);
    const kernel = tf.tensor4d(stream.normals(9 * 2 * 3), [3, 3, 2, 3]);
    const [gain, offset] = [tf.tensor1d([0.5, 1, 2]), tf.tensor1d([0.1, -0.2, 0.3])];
    const fused = (x0: Tensor, k: Tensor, g: Tensor, o: Tensor) =>
      convNorm(
        x0 as Tensor4D,
        { kernel: k as Tensor4D, gain: g as Tensor1D, offset: o as Tensor1D },
        { stride, relu: true, statistics: zeroStatistics(3), sink() {} },
      );
    const composed = (x0: Tensor, k: Tensor, g: Tensor, o: Tensor) => {
      const maps = tf.conv2d(x0 as Tensor4D, k as Tensor4D, stride, 'same');
      const centred = maps.sub(maps.mean([0, 1, 2]));
      const deviation = centred.square().mean([0, 1, 2]).add(1e-5).sqrt();
      return centred.div(deviation).mul(g).add(o).relu();
    };
    const inputs = [x, kernel, gain, offset];
    close(fused(x, kernel, gain, offset), composed(x, kernel, gain, offset).dataSync());
    const gradients = (run: typeof fused | typeof composed) =>
      tf.grads((...given) =>
        run(...(given as [Tensor, Tensor, Tensor, Tensor]))
          .mul(tf.tensor1d([1, -2, 3]))
          .square()
          .sum(),
      )(inputs);
    const theirs = gradients(composed);
    gradients(fused).forEach((ours, i) => {
      close(ours, theirs[i]!.dataSync(), 2);
    });
  });
});

it('leaves the gradient in the input out when told so', () => {
  tf.tidy(() => {
    const x = tf.randomNormal([1, 4, 4, 3], 0, 1, 'float32', 7) as Tensor4D;
    const ones = tf.ones([3]) as Tensor1D;
    const options: ConvNormOptions = {
      stride: 1,
      relu: true,
      statistics: zeroStatistics(3),
      sink() {},
      inputGradient: false,
    };
    const slope = tf.grad((kernel) =>
      convNorm(x, { kernel: kernel as Tensor4D, gain: ones, offset: ones }, options).sum(),
    )(identity());
    expect(slope.shape).toEqual([1, 1, 3, 3]);
    expect(slope.dataSync().every(Number.isFinite)).toBe(true);
  });
});

it('has the slope of a ReLU', () => {
  tf.tidy(() => {
    const x = tf.tensor1d([-2, -0.5, 0.5, 3]);
    expect([...relu(x).dataSync()]).toEqual([0, 0, 0.5, 3]);
    const slope = tf.grad((v) =>
      relu(v)
        .mul(tf.tensor1d([1, 2, 3, 4]))
        .sum(),
    )(x);
    expect([...slope.dataSync()]).toEqual([0, 0, 3, 4]);
  });
});
