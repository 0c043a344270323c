import type { Stream } from '../../../src/common/stream.ts';
import { PIXEL_SCALE } from '../../../src/dataset/examples.ts';
import { type Tensor4D, tf } from '../../../src/engine/tf.ts';
import type { Triplets } from '../descriptors/descriptors.ts';
import type { Features } from '../features.ts';

/** Kernels: side, input channels, output channels; all with stride 2. */
const LAYERS = [
  [5, 3, 24],
  [3, 24, 48],
  [3, 48, 64],
] as const;

const WIDTH = 48 + 64;
const BATCH = 64;

/**
 * A feature space that has seen no data: three random convolutions, drawn from the stream, and
 * the mean of the last two layers over the pattern. Random networks are a fair
 * judge where the data are unlike the photographs that trained ones know (Naeem et al. 2020).
 */
export function randomConvolutions(stream: Stream): (triplets: Triplets) => Features {
  const kernels = LAYERS.map(([side, from, to], i) => ({
    shape: [side, side, from, to] as [number, number, number, number],
    values: stream.split(i).normals(side * side * from * to, Math.sqrt(2 / (side * side * from))),
  }));
  return ({ pixels, count, size }) => {
    const values = new Float32Array(count * WIDTH);
    const row = size * size * 3;
    for (let start = 0; start < count; start += BATCH) {
      const some = Math.min(BATCH, count - start);
      const part = tf.tidy(() => {
        const stored = tf.tensor4d(pixels.subarray(start * row, (start + some) * row), [
          some,
          size,
          size,
          3,
        ]);
        let maps = stored.mul(PIXEL_SCALE) as Tensor4D;
        const means = kernels.map(({ shape, values: kernel }) => {
          maps = tf.relu(tf.conv2d(maps, tf.tensor4d(kernel, shape), 2, 'same'));
          return maps.mean([1, 2]);
        });
        return tf.concat(means.slice(1), 1);
      });
      values.set(part.dataSync(), start * WIDTH);
      part.dispose();
    }
    return { count, width: WIDTH, values };
  };
}
