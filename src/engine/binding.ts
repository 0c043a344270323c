import {
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageRoot } from '../common/paths.ts';

export const BINDING_FILE = 'tfjs_binding.node';
export const HELPER_FILE = 'helper.node';
export const KERNELS_FILE = 'kernels.node';

/**
 * The folder of tfjs-node: the copy without an installer that the published package carries
 * (scripts/tarball.mjs), or @tensorflow/tfjs-node-gpu in a checkout.
 */
export function tfjsPackageFolder(): string {
  const carried = join(packageRoot, 'vendor', 'tfjs-node-gpu');
  if (existsSync(join(carried, 'package.json'))) return carried;
  return dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json'));
}

/** Where tfjs-node looks for its native binding: here a link into the cache. */
export const bindingPath = (): string => join(tfjsPackageFolder(), 'lib', 'napi-v8', BINDING_FILE);

/** Where the binding of an unpacked TensorFlow stands, by the key of what it is made from. */
export const bindingFolder = (tensorflow: string, key: string): string =>
  join(tensorflow, `binding-${key}`);

/** The unpacked TensorFlow that this checkout's link leads to, or null for a foreign binding. */
export function linkedTensorflow(): string | null {
  const stat = lstatSync(bindingPath(), { throwIfNoEntry: false });
  if (!stat?.isSymbolicLink()) return null;
  return dirname(dirname(readlinkSync(bindingPath())));
}

/** The binding's real place, or null when there is none (a broken link included). */
export const realBinding = (): string | null =>
  existsSync(bindingPath()) ? realpathSync(bindingPath()) : null;

/** Whether this checkout uses exactly that binding. */
export function isLinked(binding: string): boolean {
  const stat = lstatSync(bindingPath(), { throwIfNoEntry: false });
  return stat?.isSymbolicLink() === true && readlinkSync(bindingPath()) === binding;
}

/** Makes this checkout use a binding, in one step for those who look meanwhile. */
export function linkBinding(binding: string): void {
  const link = bindingPath();
  const fresh = `${link}.${process.pid}`;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(binding, fresh);
  renameSync(fresh, link);
}
