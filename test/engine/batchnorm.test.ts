import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { batchNorm } from '../../src/engine/batchnorm.ts';
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

const close = (ours: Tensor, theirs: readonly number[]) => {
  ours.dataSync().forEach((value, i) => {
    expect(value).toBeCloseTo(theirs[i]!, 4);
  });
};

it.each(['training', 'inference'] as const)('agrees with PyTorch in %s', (mode) => {
  const before = tf.memory().numTensors;
  const kept: Tensor1D[] = [];
  tf.tidy(() => {
    const x = tf.tensor4d(golden.x, [2, 2, 2, 3]);
    const gain = tf.tensor1d(golden.gain);
    const offset = tf.tensor1d(golden.offset);
    const [mean, variance] = [tf.tensor1d(golden.mean), tf.tensor1d(golden.variance)];
    const upstream = tf.tensor4d(golden.upstream, [2, 2, 2, 3]);
    const sink =
      mode === 'training'
        ? (m: Tensor1D, v: Tensor1D) => void kept.push(tf.keep(m), tf.keep(v))
        : undefined;
    const run = (x0: Tensor, g: Tensor, o: Tensor) =>
      batchNorm(
        x0 as Tensor4D,
        { gain: g as Tensor1D, offset: o as Tensor1D, mean, variance },
        { sink },
      );
    const value = tf.tidy(() => run(x, gain, offset));
    const [dx, dgain, doffset] = tf.grads((...inputs) =>
      run(...(inputs as [Tensor, Tensor, Tensor]))
        .mul(upstream)
        .sum(),
    )([x, gain, offset]);
    const theirs = golden[mode];
    close(value, theirs.y);
    close(dx!, theirs.dx);
    close(dgain!, theirs.dgain);
    close(doffset!, theirs.doffset);
  });
  if (mode === 'training') {
    close(kept[0]!, golden.after.mean);
    close(kept[1]!, golden.after.variance);
    tf.dispose(kept);
  }
  expect(tf.memory().numTensors).toBe(before);
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
