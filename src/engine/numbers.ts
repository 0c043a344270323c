import { type Tensor, tf } from './tf.ts';

/**
 * The numbers of the tensor that `make` gives, in its own memory; every tensor made on the way is
 * freed. Numbers read inside `tf.tidy` and returned from it would be looked through one by one for
 * tensors, which takes seconds for millions of them.
 */
export function numbersOf(make: () => Tensor): Float32Array {
  const tensor = tf.tidy(make);
  const numbers = tensor.dataSync() as Float32Array;
  tensor.dispose();
  return numbers;
}
