import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bindingFolder, KERNELS_FILE, realBinding } from './binding.ts';
import { bindingKey } from './compile.ts';
import { native } from './operation.ts';
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

/** The library beside the binding, if it was made from the sources of this checkout. */
function libraryPath(): string | null {
  const binding = realBinding();
  if (!binding || process.platform !== 'linux') return null;
  const folder = dirname(binding);
  const path = join(folder, KERNELS_FILE);
  const own = bindingFolder(dirname(folder), bindingKey()) === folder;
  return own && existsSync(path) ? path : null;
}

/** The kernels; null where there is no library, or TensorFlow refuses it. */
function load(): Kernels | null {
  if (engine.gpu || process.env.CBED_KERNELS === '0') return null;
  const path = libraryPath();
  if (!path) return null;
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
