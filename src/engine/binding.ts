import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The installed @tensorflow/tfjs-node-gpu package. */
export const tfjsPackageFolder = (): string =>
  dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json'));

/** Where tfjs-node looks for its native binding. */
export const bindingPath = (): string =>
  join(tfjsPackageFolder(), 'lib', 'napi-v8', 'tfjs_binding.node');
