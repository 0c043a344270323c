import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { type Scalar, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { difference } from '../support/difference.ts';

const stream = new Stream(3, 'strided');
const SIDE = 6;
const TO = 5;

/** Input's gradient of sum(weight x convolution of stride 2, 3x3, 'same') in double precision. */
function gradientOf(kernel: Float32Array, weight: Float32Array, channels: number): Float64Array {
  const found = new Float64Array(SIDE * SIDE * channels);
  const half = SIDE / 2;
  for (let at = 0; at < half * half; at++) {
    for (let tap = 0; tap < 9; tap++) {
      // TensorFlow pads an even side below and to the right alone.
      const row = 2 * Math.floor(at / half) + Math.floor(tap / 3);
      const column = 2 * (at % half) + (tap % 3);
      if (row >= SIDE || column >= SIDE) continue;
      for (let from = 0; from < channels; from++) {
        for (let to = 0; to < TO; to++) {
          found[(row * SIDE + column) * channels + from]! +=
            weight[at * TO + to]! * kernel[(tap * channels + from) * TO + to]!;
        }
      }
    }
  }
  return found;
}

describe("the input's gradient of a strided convolution", () => {
  it.each([3, 24, 32, 33, 36, 40, 48, 56, 72, 80, 96])('is right for %i channels', (channels) => {
    const kernel = stream.normals(9 * channels * TO);
    const weight = stream.normals((SIDE / 2) ** 2 * TO);
    const before = tf.memory().numTensors;
    const ours = tf.tidy(() => {
      const w = tf.tensor4d(kernel, [3, 3, channels, TO]);
      const up = tf.tensor4d(weight, [1, SIDE / 2, SIDE / 2, TO]);
      const loss = (x: Tensor4D) => tf.conv2d(x, w, 2, 'same').mul(up).sum() as Scalar;
      return tf
        .grad((x) => loss(x as Tensor4D))(tf.zeros([1, SIDE, SIDE, channels]))
        .dataSync();
    });
    expect(tf.memory().numTensors).toBe(before);
    expect(difference(ours, gradientOf(kernel, weight, channels))).toBeLessThan(1e-5);
  });

  it('is that of a product where a convolution has one tap', () => {
    const kernel = stream.normals(40 * TO);
    const up = tf.tensor4d(stream.normals(SIDE * SIDE * TO), [1, SIDE, SIDE, TO]);
    const loss = (x: Tensor4D) =>
      tf
        .conv2d(x, tf.tensor4d(kernel, [1, 1, 40, TO]), 1, 'same')
        .mul(up)
        .sum() as Scalar;
    const ours = tf.grad((x) => loss(x as Tensor4D))(tf.zeros([1, SIDE, SIDE, 40]));
    const expected = tf.matMul(up.reshape([-1, TO]), tf.tensor2d(kernel, [40, TO]), false, true);
    expect(difference(ours.dataSync(), expected.dataSync())).toBeLessThan(1e-5);
  });
});
