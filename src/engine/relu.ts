import { runOperation } from './operation.ts';
import { type Tensor, tf } from './tf.ts';

/**
 * max(x, 0) with TensorFlow's own gradient kernel: one pass where tfjs takes two. Differentiable
 * once; use `tf.relu` where a second derivative is needed.
 */
export function relu<T extends Tensor>(x: T): T {
  const rectify = tf.customGrad((input, save) => {
    const y = tf.relu(input as T);
    (save as unknown as (tensors: Tensor[]) => void)([y]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) =>
      runOperation('ReluGrad', [dy, saved[0]!], { types: { T: 'float' } });
    return { value: y, gradFunc };
  });
  return rectify(x) as T;
}
