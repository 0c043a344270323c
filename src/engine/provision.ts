import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CbedError, inputError, usageError } from '../common/errors.ts';
import { sweep, temporaryName, withLock } from '../common/lock.ts';
import { type ProgressFactory, silentProgress } from '../common/progress.ts';
import {
  BINDING_FILE,
  bindingFolder,
  isLinked,
  linkBinding,
  linkedTensorflow,
  tfjsPackageFolder,
} from './binding.ts';
import {
  cacheFolder,
  downloadsFolder,
  type EngineDevice,
  isComplete,
  readManifest,
  tensorflowFolder,
  writeManifest,
} from './cache.ts';
import { bindingKey, compileBinding, requireCompiler } from './compile.ts';
import { type FetchedWheel, fetchWheels } from './fetch.ts';
import { describeMachine } from './machine.ts';
import { hasNvidiaDriver } from './nvidia.ts';
import { requirementsOf } from './pypi.ts';
import { explainFileError } from './space.ts';
import { metadataOf, unpackWheels } from './unpack.ts';
import { expectedBytes, pinnedCuda, TENSORFLOW_VERSION, tensorflowProject } from './wheel.ts';

export interface ProvisionOptions {
  /** `auto`: what is set up here already, else CUDA where an NVIDIA driver is there, else cpu. */
  device?: EngineDevice | 'auto';
  /** TensorFlow's version. */
  version?: string;
  /** Fetch and compile even where everything is in place. */
  force?: boolean;
  progress?: ProgressFactory;
  /** Told once when another process is setting up and this one waits for it. */
  onWait?: (holder: string) => void;
}

export interface Provisioned {
  version: string;
  device: EngineDevice;
  /** The folder in the cache, or null where the package's own installer did it. */
  folder: string | null;
  /** Whether everything was in place already. */
  already: boolean;
}

interface Target {
  version: string;
  device: EngineDevice;
  folder: string;
  force: boolean;
  progress: ProgressFactory;
}

// What NVIDIA's wheels weigh together, for the bar and the disk.
const CUDA_LIBRARIES_BYTES = 3.4e9;

/**
 * The build to set up. A CUDA engine without a driver could be fetched but never start.
 *
 * @throws input error when a GPU is asked for and there is no NVIDIA driver.
 */
async function chooseDevice(
  asked: EngineDevice | 'auto',
  current: EngineDevice | null,
): Promise<EngineDevice> {
  if (asked === 'cpu') return 'cpu';
  if (asked === 'auto' && current) return current;
  const driver = await hasNvidiaDriver();
  if (asked === 'auto') return driver && process.arch === 'x64' ? 'cuda' : 'cpu';
  if (driver) return 'cuda';
  throw inputError(
    'a GPU was asked for, but there is no NVIDIA driver',
    'install the driver so that nvidia-smi answers, or use --device cpu',
  );
}

/** TensorFlow's wheel, and for CUDA those pinned for it or named by its `and-cuda` extra. */
async function fetchAll({ version, device, progress }: Target): Promise<FetchedWheel[]> {
  const project = tensorflowProject(device, process.arch);
  const wheels = await fetchWheels([{ project, specifier: `==${version}` }], {
    progress,
    what: `TensorFlow ${version}`,
    bytes: expectedBytes(project, version),
  });
  if (device === 'cpu') return wheels;
  const libraries =
    pinnedCuda(version) ?? requirementsOf(await metadataOf(wheels[0]!.path), 'and-cuda');
  const what = 'the CUDA libraries';
  const bytes = CUDA_LIBRARIES_BYTES;
  return [...wheels, ...(await fetchWheels(libraries, { progress, what, bytes }))];
}

/** Makes a folder under a name of its own and renames it into place when it is whole. */
async function makeFolder(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const fresh = temporaryName(target);
  const old = temporaryName(`${target}.old`);
  mkdirSync(fresh, { recursive: true });
  try {
    await fill(fresh);
    // Programs that run on the old files keep them until they end.
    if (existsSync(target)) renameSync(target, old);
    renameSync(fresh, target);
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
  }
}

async function unpackInto(target: Target): Promise<void> {
  const { version, device, folder, progress } = target;
  const wheels = await fetchAll(target);
  await makeFolder(folder, async (fresh) => {
    const paths = wheels.map((wheel) => wheel.path);
    const files = await unpackWheels(paths, fresh, progress);
    const sources = wheels.map(({ path, sha256, pinned }) => ({
      name: basename(path),
      sha256,
      pinned,
    }));
    const { arch } = process;
    writeManifest(fresh, { format: 1, version, device, arch, wheels: sources, files });
  });
  rmSync(downloadsFolder(), { recursive: true, force: true });
}

const isCompiled = (folder: string): boolean =>
  existsSync(join(bindingFolder(folder, bindingKey()), BINDING_FILE));

async function makeAll(target: Target): Promise<void> {
  const { folder, force, progress } = target;
  for (const place of [cacheFolder(), downloadsFolder(), folder]) sweep(place);
  const unpacked = !force && isComplete(folder);
  if (unpacked && isCompiled(folder)) return;
  // Said before the download rather than after it.
  await requireCompiler();
  if (!unpacked) await unpackInto(target);
  await makeFolder(bindingFolder(folder, bindingKey()), (fresh) =>
    compileBinding(folder, fresh, progress),
  );
}

/** Whoever did not ask for CUDA learns that the processor will do. */
function explainFailure(error: unknown, asked: EngineDevice | 'auto', chosen: EngineDevice): Error {
  const explained = explainFileError(error, cacheFolder());
  if (asked !== 'auto' || chosen !== 'cuda' || !(explained instanceof CbedError)) return explained;
  return inputError(
    `the engine for the GPU here could not be set up: ${explained.message}`,
    'for the processor alone: npx gan setup --device cpu',
  );
}

/** TensorFlow in the version that tfjs-node's own installer brings (its libtensorflow). */
const OWN_INSTALLER_VERSION = '2.9.1';

/**
 * Runs the installer inside @tensorflow/tfjs-node-gpu: the way for macOS and Windows, whose
 * wheels have no libraries that a program other than Python can link.
 *
 * @throws input error when the installer fails; what it said is on the terminal.
 */
async function useOwnInstaller(device: EngineDevice, progress: ProgressFactory): Promise<void> {
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

/** TensorFlow's wheels are linked against glibc. */
function requireGlibc(): void {
  if (describeMachine().glibc !== null) return;
  throw inputError(
    'TensorFlow has no wheels for this Linux, whose C library is not glibc',
    'use Debian, Ubuntu, Fedora and the like, or a container of them',
  );
}

/**
 * Links this checkout to a TensorFlow that stands whole and compiled in the cache, as in a fresh
 * clone, which then needs no setup. Gives whether there was one.
 */
export function linkCached(): boolean {
  if (process.platform !== 'linux') return false;
  for (const device of ['cuda', 'cpu'] as const) {
    const folder = tensorflowFolder(TENSORFLOW_VERSION, device);
    if (!isComplete(folder) || !isCompiled(folder)) continue;
    linkBinding(join(bindingFolder(folder, bindingKey()), BINDING_FILE));
    return true;
  }
  return false;
}

/**
 * Makes native TensorFlow ready for this checkout: fetched, unpacked into the per-user cache,
 * its binding compiled and linked. Idempotent; goes on where an interrupted call stopped; safe
 * when several processes call it.
 *
 * @throws usage or input error of one line that names what is missing and the mend.
 */
export async function provision(options: ProvisionOptions = {}): Promise<Provisioned> {
  const { version = TENSORFLOW_VERSION, force = false, progress = silentProgress } = options;
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw usageError(`"${version}" is no TensorFlow version`, `for example ${TENSORFLOW_VERSION}`);
  }
  const linked = linkedTensorflow();
  const current = (linked && readManifest(linked)?.device) || null;
  const device = await chooseDevice(options.device ?? 'auto', force ? null : current);
  if (process.platform !== 'linux') {
    await useOwnInstaller(device, progress);
    return { version: OWN_INSTALLER_VERSION, device, folder: null, already: false };
  }
  const folder = tensorflowFolder(version, device);
  const already = !force && isComplete(folder) && isCompiled(folder);
  if (!already) {
    tensorflowProject(device, process.arch);
    requireGlibc();
    const target = { version, device, folder, force, progress };
    const lock = join(cacheFolder(), 'setup.lock');
    try {
      await withLock(lock, () => makeAll(target), { onWait: options.onWait });
    } catch (error) {
      throw explainFailure(error, options.device ?? 'auto', device);
    }
  }
  const binding = join(bindingFolder(folder, bindingKey()), BINDING_FILE);
  const same = isLinked(binding);
  if (!same) linkBinding(binding);
  return { version, device, folder, already: already && same };
}
