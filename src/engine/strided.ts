import type * as tfjs from '@tensorflow/tfjs-node-gpu';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-node-gpu';

interface Attribute {
  name: string;
  value: unknown;
}

type Execute = (name: string, attributes: Attribute[], inputs: Tensor[]) => Tensor;

/** What of a backend is changed. */
export interface StridedBackend {
  executeSingleOutput: Execute;
}

/** Channels that oneDNN works on at once. */
const BLOCK = 32;

const isStrided = (attributes: readonly Attribute[]): boolean =>
  attributes.some(
    ({ name, value }) => name === 'strides' && (value as number[]).some((n) => n > 1),
  );

/**
 * How many channels a kernel has to gain so that its gradient comes out right. oneDNN 3.7.3, which
 * TensorFlow 2.21 has inside, computes the last channels wrong on AVX-512 processors where a block
 * of 32 is followed by one that is half full or less, in strided convolutions
 * (`brgconv_strided:avx512_core`) and in those with one tap.
 */
export function missingChannels(channels: number): number {
  const over = channels % BLOCK;
  return channels > BLOCK && over > 0 && over <= BLOCK / 2 ? BLOCK - over : 0;
}

/** Makes a backend compute the input's gradient of such convolutions on whole blocks. */
export function onWholeBlocks(tf: typeof tfjs, backend: StridedBackend): void {
  const execute = backend.executeSingleOutput.bind(backend);
  backend.executeSingleOutput = (name, attributes, inputs) => {
    if (name !== 'Conv2DBackpropInput') return execute(name, attributes, inputs);
    const [sizes, kernel, upstream] = inputs as [Tensor1D, Tensor4D, Tensor];
    const [down, across, channels] = kernel.shape;
    const touched = down * across === 1 || isStrided(attributes);
    const more = touched ? missingChannels(channels) : 0;
    if (more === 0) return execute(name, attributes, inputs);
    return tf.tidy(() => {
      const [count = 0, rows = 0, columns = 0] = sizes.dataSync();
      const wide = tf.tensor1d([count, rows, columns, channels + more], 'int32');
      const none: [number, number] = [0, 0];
      const whole = kernel.pad([none, none, [0, more], none]);
      const gradient = execute(name, attributes, [wide, whole, upstream]) as Tensor4D;
      return gradient.slice([0, 0, 0, 0], [count, rows, columns, channels]);
    });
  };
}
