import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inputError } from '../ground/errors.ts';
import { atomically, writeJson } from '../ground/files.ts';
import { type ProgressFactory, silentProgress } from '../ground/progress.ts';
import { bindingPath } from './binding.ts';
import { downloadsFolder, type EngineDevice, tensorflowFolder } from './cache.ts';
import { compileBinding, runProgram } from './compile.ts';
import { unzipEntry, zipEntries } from './zip.ts';

/** The TensorFlow that the project is tested with. */
export const TENSORFLOW_VERSION = '2.21.0';

export interface ProvisionOptions {
  device?: EngineDevice | 'auto';
  version?: string;
  /** Fetch and compile even where everything is in place. */
  force?: boolean;
  progress?: ProgressFactory;
}

export interface Provisioned {
  version: string;
  device: EngineDevice;
  /** The folder in the cache with lib/ and include/. */
  folder: string;
  /** Whether everything was in place already. */
  already: boolean;
}

const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

async function fetchWheel(version: string): Promise<string> {
  const folder = downloadsFolder();
  mkdirSync(folder, { recursive: true });
  const answer = await runProgram('python3', [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '-q',
    '-d',
    folder,
    `tensorflow-cpu==${version}`,
  ]).catch(() => null);
  const name = readdirSync(folder).find(
    (file) => file.startsWith(`tensorflow_cpu-${version}-`) && file.endsWith('.whl'),
  );
  if (answer?.code !== 0 || !name)
    throw inputError(`pip could not fetch tensorflow-cpu ${version}`, 'check the network and pip');
  return join(folder, name);
}

const targetOf = (name: string): string | null => {
  if (LIBRARIES.some((library) => name === `tensorflow/${library}`))
    return name.replace('tensorflow/', 'lib/');
  return /^tensorflow\/include\/(tensorflow\/(c|core\/platform)|tsl\/platform|xla\/tsl\/c)\/.*\.h$/.test(
    name,
  )
    ? name.replace('tensorflow/', '')
    : null;
};

async function unpack(wheel: string, folder: string, progress: ProgressFactory): Promise<void> {
  const entries = (await zipEntries(wheel)).filter((entry) => targetOf(entry.name));
  const bar = progress(
    'unpacking TensorFlow (MB)',
    Math.round(entries.reduce((sum, entry) => sum + entry.bytes, 0) / 1e6),
  );
  let written = 0;
  for (const entry of entries) {
    await unzipEntry(wheel, entry, join(folder, targetOf(entry.name)!), (bytes) => {
      const before = Math.floor(written / 1e6);
      written += bytes;
      bar.advance(Math.floor(written / 1e6) - before);
    });
  }
  bar.done();
}

/** Makes native TensorFlow ready for this checkout: fetched, unpacked, binding compiled. Idempotent. */
export async function provision(options: ProvisionOptions = {}): Promise<Provisioned> {
  const { version = TENSORFLOW_VERSION, force = false, progress = silentProgress } = options;
  const device = 'cpu';
  const folder = tensorflowFolder(version, device);
  const binding = join(folder, 'tfjs_binding.node');
  const ready = !force && existsSync(binding);
  if (!ready) {
    const download = progress('fetching TensorFlow', 1);
    const wheel = await fetchWheel(version);
    download.done();
    await unpack(wheel, folder, progress);
    const compiling = progress('compiling the binding', 1);
    await atomically(binding, (temporary) => compileBinding(folder, temporary));
    compiling.done();
    writeJson(join(folder, 'manifest.json'), { version, device });
    rmSync(wheel, { force: true });
  }
  const target = bindingPath();
  const same = existsSync(target) && readFileSync(target).equals(readFileSync(binding));
  if (!same) {
    mkdirSync(dirname(target), { recursive: true });
    await atomically(target, (temporary) => copyFileSync(binding, temporary));
  }
  return { version, device, folder, already: ready && same };
}
