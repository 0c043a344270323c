import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import util from 'node:util';
import type * as tfjs from '@tensorflow/tfjs-node-gpu';
import { inputError } from '../ground/errors.ts';
import { bindingPath } from './binding.ts';

export type {
  Scalar,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  Variable,
} from '@tensorflow/tfjs-node-gpu';

/** Node 23 removed helpers that tfjs-node still calls. */
function restoreRemovedHelpers(): void {
  const legacy = util as unknown as Record<string, unknown>;
  legacy.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  legacy.isArray ??= Array.isArray;
}

function load(): typeof tfjs {
  if (!existsSync(bindingPath())) {
    throw inputError('TensorFlow is not set up yet', 'run: npx gan setup');
  }
  // Read by the native library when it is loaded; a user's own choice stands.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  restoreRemovedHelpers();
  const loaded = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as typeof tfjs;
  loaded.enableProdMode();
  return loaded;
}

/**
 * TensorFlow.js on the native engine. Importing this module loads it (about a second), so the
 * commands import the rooms that need it only when they run.
 */
export const tf = load();
