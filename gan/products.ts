import { native } from '../src/engine/complex.ts';
import type { Tensor } from '../src/engine/tf.ts';

const attributesOf = (left: boolean, right: boolean) => {
  const { binding } = native();
  return [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'transpose_a', type: binding.TF_ATTR_BOOL, value: left },
    { name: 'transpose_b', type: binding.TF_ATTR_BOOL, value: right },
  ];
};

/** Matrix product of a and b, of which one may be transposed. Not differentiable. */
export const product = (a: Tensor, b: Tensor, transposed?: 'left' | 'right'): Tensor =>
  native().executeSingleOutput(
    'MatMul',
    attributesOf(transposed === 'left', transposed === 'right'),
    [a, b],
  );
