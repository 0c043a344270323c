import type { Tensor } from './tf.ts';
import { tf } from './tf.ts';

interface NativeBackend {
  executeSingleOutput(name: string, attributes: unknown[], inputs: Tensor[]): Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: unknown[],
    inputs: Tensor[],
    outputs: number,
  ): Tensor[];
  binding: {
    TF_ATTR_TYPE: number;
    TF_ATTR_BOOL: number;
    TF_ATTR_FLOAT: number;
    TF_ATTR_INT: number;
    TF_ATTR_STRING: number;
    TF_FLOAT: number;
    TF_INT32: number;
    TF_COMPLEX64: number;
  };
}

/** The backend's door to any TensorFlow operation by name. */
export const native = (): NativeBackend => tf.backend() as unknown as NativeBackend;

const complexOp = (name: string, inputs: Tensor[], attribute = 'T'): Tensor => {
  const backend = native();
  const type = {
    name: attribute,
    type: backend.binding.TF_ATTR_TYPE,
    value: backend.binding.TF_COMPLEX64,
  };
  return backend.executeSingleOutput(name, [type], inputs);
};

/** Unnormalised forward 2-D transform over the last two axes of a complex64 tensor. */
export const fft2 = (x: Tensor): Tensor => complexOp('FFT2D', [x], 'Tcomplex');

/** Inverse 2-D transform (divides by the number of points) over the last two axes. */
export const ifft2 = (x: Tensor): Tensor => complexOp('IFFT2D', [x], 'Tcomplex');

/** Complex product, broadcasting. */
export const complexMul = (a: Tensor, b: Tensor): Tensor => complexOp('Mul', [a, b]);

/** Complex sum, broadcasting. */
export const complexAdd = (a: Tensor, b: Tensor): Tensor => complexOp('AddV2', [a, b]);

/** Unnormalised transform over the last two axes of real values: the half of the spectrum that tells all. */
export function rfft2(x: Tensor): Tensor {
  const { binding } = native();
  return native().executeSingleOutput(
    'RFFT2D',
    [
      { name: 'Treal', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: 'Tcomplex', type: binding.TF_ATTR_TYPE, value: binding.TF_COMPLEX64 },
    ],
    [x, tf.tensor1d(x.shape.slice(-2), 'int32')],
  );
}

/** Inverse of `rfft2` for real values of `columns` columns (divides by the number of points). */
export function irfft2(x: Tensor, columns: number): Tensor {
  const { binding } = native();
  return native().executeSingleOutput(
    'IRFFT2D',
    [
      { name: 'Treal', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: 'Tcomplex', type: binding.TF_ATTR_TYPE, value: binding.TF_COMPLEX64 },
    ],
    [x, tf.tensor1d([x.shape.at(-2)!, columns], 'int32')],
  );
}
