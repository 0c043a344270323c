import { runOperation } from '../../src/engine/operation.ts';
import { type Tensor, type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';

/** Moves of images in whole pixels: dx to the left, dy upward. */
export type Moves = readonly (readonly [dx: number, dy: number])[];

/** Which pixel of a list (B S S) each pixel is after its image was moved; one past the end: dark. */
function readFrom(moves: Moves, size: number): Int32Array {
  const outside = moves.length * size * size;
  const index = new Int32Array(outside).fill(outside);
  moves.forEach(([dx, dy], image) => {
    const from = Math.max(0, -dx);
    const to = Math.min(size, size - dx);
    for (let row = Math.max(0, -dy); row < Math.min(size, size - dy); row++) {
      const start = (image * size + row) * size;
      const shift = dy * size + dx;
      for (let column = from; column < to; column++) {
        index[start + column] = start + column + shift;
      }
    }
  });
  return index;
}

/** Rows of a table by index, by TensorFlow's kernel: tfjs first reads every index back. */
const rowsAt = (table: Tensor2D, index: Int32Array): Tensor =>
  runOperation('GatherV2', [table, tf.tensor1d(index, 'int32'), tf.scalar(0, 'int32')], {
    types: { Tparams: 'float', Tindices: 'int32', Taxis: 'int32' },
    ints: { batch_dims: 0 },
  });

/** Every image read at (x + dx, y + dy); outside is zero. */
function read(x: Tensor, moves: Moves): Tensor {
  const [count, size, , channels] = x.shape as Tensor4D['shape'];
  const pixels = x.reshape([count * size * size, channels]);
  const padded = tf.concat([pixels, tf.zeros([1, channels])], 0) as Tensor2D;
  return rowsAt(padded, readFrom(moves, size)).reshape(x.shape);
}

/**
 * Images (B, S, S, C), each moved by whole pixels; zero comes in from outside. Its gradient is the
 * move back.
 */
export function shifted(x: Tensor4D, moves: Moves): Tensor4D {
  const back = moves.map(([dx, dy]): [number, number] => [-dx, -dy]);
  const move = tf.customGrad((input) => ({
    value: read(input as Tensor, moves),
    gradFunc: (upstream) => read(upstream as Tensor, back),
  }));
  return move(x) as Tensor4D;
}
