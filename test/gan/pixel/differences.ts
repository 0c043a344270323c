import type { Stream } from '../../../src/common/stream.ts';
import { numbersOf } from '../../../src/engine/numbers.ts';
import { type Scalar, type Tensor1D, tf } from '../../../src/engine/tf.ts';

/** Mean error of a gradient along random directions against central differences, relative. */
export function differenceError(
  loss: (flat: Tensor1D) => Scalar,
  at: Float32Array,
  { step, stream }: { step: number; stream: Stream },
): number {
  const gradient = numbersOf(() => tf.grad((x) => loss(x as Tensor1D))(tf.tensor1d(at)));
  const value = (moved: Float32Array): number =>
    tf.tidy(() => loss(tf.tensor1d(moved))).dataSync()[0]!;
  let [error, size] = [0, 0];
  for (let n = 0; n < 6; n++) {
    const direction = stream.split(n).normals(at.length);
    const [up, down] = [1, -1].map((sign) =>
      value(at.map((v, i) => v + sign * step * direction[i]!)),
    ) as [number, number];
    const difference = (up - down) / (2 * step);
    const along = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
    error += Math.abs(along - difference);
    size += Math.abs(difference);
  }
  if (!(size > 1e-6)) throw new Error('the loss does not move');
  return error / size;
}
