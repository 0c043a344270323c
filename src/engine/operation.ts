import { type Tensor, tf } from './tf.ts';

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

/** OperationAttributes of an operation by kind and name, as TensorFlow's registry has them. */
export interface OperationAttributes {
  types?: Record<string, 'float' | 'int32' | 'complex64'>;
  flags?: Record<string, boolean>;
  floats?: Record<string, number>;
  ints?: Record<string, number>;
  texts?: Record<string, string>;
}

function listed({
  types = {},
  flags = {},
  floats = {},
  ints = {},
  texts = {},
}: OperationAttributes): unknown[] {
  const { binding } = native();
  const numbers = {
    float: binding.TF_FLOAT,
    int32: binding.TF_INT32,
    complex64: binding.TF_COMPLEX64,
  };
  const list = (kind: number, of: Record<string, unknown>) =>
    Object.entries(of).map(([name, value]) => ({ name, type: kind, value }));
  return [
    ...Object.entries(types).map(([name, type]) => ({
      ...{ name, type: binding.TF_ATTR_TYPE, value: numbers[type] },
    })),
    ...list(binding.TF_ATTR_BOOL, flags),
    ...list(binding.TF_ATTR_FLOAT, floats),
    ...list(binding.TF_ATTR_INT, ints),
    ...list(binding.TF_ATTR_STRING, texts),
  ];
}

/** The one output of a TensorFlow operation; it has no gradient. */
export const runOperation = (
  name: string,
  inputs: Tensor[],
  attributes: OperationAttributes,
): Tensor => native().executeSingleOutput(name, listed(attributes), inputs);

/** The outputs of a TensorFlow operation that has several; they have no gradient. */
export const runMultiOutputOperation = (
  name: string,
  inputs: Tensor[],
  { outputs, ...attributes }: OperationAttributes & { outputs: number },
): Tensor[] => native().executeMultipleOutputs(name, listed(attributes), inputs, outputs);
