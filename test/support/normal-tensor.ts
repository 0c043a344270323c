import type { Stream } from '../../src/common/stream.ts';
import { type Tensor, tf } from '../../src/engine/tf.ts';

/** Tensors of normal numbers about `middle`, each from a stream of its own name. */
export const normalTensors =
  (stream: Stream) =>
  <T extends Tensor = Tensor>(name: string, shape: number[], scale = 1, middle = 0): T => {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = stream.split(name).normals(size, scale);
    return tf.tensor(
      values.map((value) => value + middle),
      shape,
    ) as T;
  };
