import { runOperation } from './operation.ts';
import { type Tensor, tf } from './tf.ts';

/** Unnormalised forward 2-D transform over the last two axes of a complex64 tensor. */
export const fft2 = (x: Tensor): Tensor =>
  runOperation('FFT2D', [x], { types: { Tcomplex: 'complex64' } });

/** Inverse 2-D transform (divides by the number of points) over the last two axes. */
export const ifft2 = (x: Tensor): Tensor =>
  runOperation('IFFT2D', [x], { types: { Tcomplex: 'complex64' } });

/** Complex product, broadcasting. */
export const complexMul = (a: Tensor, b: Tensor): Tensor =>
  runOperation('Mul', [a, b], { types: { T: 'complex64' } });

/** Complex sum, broadcasting. */
export const complexAdd = (a: Tensor, b: Tensor): Tensor =>
  runOperation('AddV2', [a, b], { types: { T: 'complex64' } });

/** Types of the transforms of real values. */
const REAL = { Treal: 'float', Tcomplex: 'complex64' } as const;

/** Unnormalised transform over the last two axes of real values: the half of the spectrum that tells all. */
export const rfft2 = (x: Tensor): Tensor =>
  runOperation('RFFT2D', [x, tf.tensor1d(x.shape.slice(-2), 'int32')], { types: REAL });

/** Inverse of `rfft2` for real values of `columns` columns (divides by the number of points). */
export const irfft2 = (x: Tensor, columns: number): Tensor =>
  runOperation('IRFFT2D', [x, tf.tensor1d([x.shape.at(-2)!, columns], 'int32')], { types: REAL });
