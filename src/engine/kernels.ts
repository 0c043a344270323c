import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { KERNELS_FILE, realBinding } from './binding.ts';
import { native } from './complex.ts';
import { engine, type Tensor } from './tf.ts';

interface Library {
  /** Makes the kernels known to TensorFlow; its complaint, or ''. */
  register(threads: number): string;
}

/** Runs a fused kernel (src/engine/native) by name; `list` is the length of its list, if it has one. */
export type Kernels = (
  name: string,
  inputs: readonly Tensor[],
  outputs: number,
  list?: number,
) => Tensor[];

/** The library beside the binding; null where none could be compiled, or TensorFlow refuses it. */
function load(): Kernels | null {
  const binding = realBinding();
  const path = binding && join(dirname(binding), KERNELS_FILE);
  if (!path || !existsSync(path) || engine.gpu || process.env.CBED_KERNELS === '0') return null;
  const complaint = (createRequire(import.meta.url)(path) as Library).register(engine.threads);
  if (complaint !== '') return null;
  return (name, inputs, outputs, list) => {
    const backend = native();
    const attributes =
      list === undefined ? [] : [{ name: 'N', type: backend.binding.TF_ATTR_INT, value: list }];
    return backend.executeMultipleOutputs(name, attributes, [...inputs], outputs);
  };
}

let loaded: Kernels | null | undefined;

/**
 * The fused kernels, or null where TensorFlow's own do the work: on GPUs, where none could be
 * compiled, and with `CBED_KERNELS=0`. Both ways give the same to rounding.
 */
export function kernels(): Kernels | null {
  if (loaded === undefined) loaded = load();
  return loaded;
}

/** Runs an action on TensorFlow's own kernels, to compare. */
export function withoutKernels<T>(action: () => T): T {
  const before = kernels();
  loaded = null;
  try {
    return action();
  } finally {
    loaded = before;
  }
}
