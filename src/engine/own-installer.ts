import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { inputError } from '../common/errors.ts';
import type { ProgressFactory } from '../common/progress.ts';
import { tfjsPackageFolder } from './binding.ts';
import type { EngineDevice } from './cache.ts';

/** TensorFlow in the version that tfjs-node's own installer brings (its libtensorflow). */
export const OWN_INSTALLER_VERSION = '2.9.1';

/**
 * Runs the installer inside @tensorflow/tfjs-node-gpu: the way for macOS and Windows, whose
 * wheels have no libraries that a program other than Python can link.
 *
 * @throws input error when the installer fails; what it said is on the terminal.
 */
export async function useOwnInstaller(
  device: EngineDevice,
  progress: ProgressFactory,
): Promise<void> {
  const folder = tfjsPackageFolder();
  const kind = device === 'cuda' ? 'gpu' : 'cpu';
  const bar = progress(`running tfjs-node's own installer for ${process.platform}`, 1);
  const code = await new Promise<number | null>((resolve, reject) => {
    const parameters = [join(folder, 'scripts', 'install.js'), kind, 'download'];
    const child = spawn(process.execPath, parameters, { cwd: folder, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', resolve);
  });
  bar.done();
  if (code === 0) return;
  throw inputError(
    `tfjs-node's own installer failed with code ${code}`,
    'it fetches from storage.googleapis.com and needs a C++ compiler: see its output above',
  );
}
