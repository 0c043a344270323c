import { native } from '../../src/engine/operation.ts';
import { type Tensor, type Tensor4D, tf } from '../../src/engine/tf.ts';

/** Every image read at (x + dx, y + dy); outside is zero. Rows of `by`: dx, dy. */
function read(x: Tensor, by: readonly (readonly [number, number])[]): Tensor {
  const { binding } = native();
  const attributes = [
    { name: 'dtype', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'interpolation', type: binding.TF_ATTR_STRING, value: 'NEAREST' },
    { name: 'fill_mode', type: binding.TF_ATTR_STRING, value: 'CONSTANT' },
  ];
  const transforms = tf.tensor2d(by.map(([dx, dy]) => [1, 0, dx, 0, 1, dy, 0, 0]));
  const shape = tf.tensor1d([x.shape[1]!, x.shape[2]!], 'int32');
  const inputs = [x, transforms, shape, tf.scalar(0)];
  return native().executeSingleOutput('ImageProjectiveTransformV3', attributes, inputs);
}

/**
 * Images (B, S, S, C), each moved by whole pixels (dx to the left, dy upward); zero comes in from
 * outside. Its gradient is the move back.
 */
export function shifted(x: Tensor4D, by: readonly (readonly [number, number])[]): Tensor4D {
  const back = by.map(([dx, dy]): [number, number] => [-dx, -dy]);
  const move = tf.customGrad((input) => ({
    value: read(input as Tensor, by),
    gradFunc: (upstream) => read(upstream as Tensor, back),
  }));
  return move(x) as Tensor4D;
}
