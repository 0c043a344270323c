import { runOperation } from '../../src/engine/operation.ts';
import type { Tensor } from '../../src/engine/tf.ts';

/** Matrix product of a and b, of which one may be transposed. Not differentiable. */
export const product = (a: Tensor, b: Tensor, transposed?: 'left' | 'right'): Tensor =>
  runOperation('MatMul', [a, b], {
    types: { T: 'float' },
    flags: { transpose_a: transposed === 'left', transpose_b: transposed === 'right' },
  });
