import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram, versionOf } from './program.ts';
import type { Helper } from './quiet.ts';

/** An NVIDIA GPU as its driver describes it. */
export interface Gpu {
  name: string;
  memoryBytes: number;
  driver: string;
}

const SMI = ['nvidia-smi', '/usr/local/nvidia/bin/nvidia-smi', '/usr/lib/wsl/lib/nvidia-smi'];
const DRIVER_FILES = ['/dev/nvidiactl', '/proc/driver/nvidia/version', '/dev/dxg'];

/** The GPUs in a table that `nvidia-smi --format=csv,noheader,nounits` printed (memory in MiB). */
export function parseGpus(table: string): Gpu[] {
  return table
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', memory = '', driver = ''] = line.split(',').map((cell) => cell.trim());
      return { name, memoryBytes: (Number(memory) || 0) * 2 ** 20, driver };
    });
}

/** The machine's NVIDIA GPUs; none where there is no driver. */
export async function nvidiaGpus(): Promise<Gpu[]> {
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader,nounits'];
  for (const program of SMI) {
    const answer = await runProgram(program, query, { timeoutMs: 20_000 }).catch(() => null);
    if (answer?.code === 0) return parseGpus(answer.stdout);
  }
  return [];
}

/** Whether an NVIDIA driver is there: its device file, or a tool of it that answers. */
export async function hasNvidiaDriver(): Promise<boolean> {
  if (DRIVER_FILES.some((path) => existsSync(path))) return true;
  for (const program of SMI) {
    if ((await versionOf(program, ['-L'])) !== null) return true;
  }
  return false;
}

// The libraries that TensorFlow opens by name, in an order that suits their dependences. cuDNN's
// own parts lie beside it and are opened by it.
const OPENED = [
  'libcudart',
  'libnvJitLink',
  'libcublasLt',
  'libcublas',
  'libcufft',
  'libcurand',
  'libcusparse',
  'libcusolver',
  'libnvrtc',
  'libcudnn',
  'libnccl',
  'libcupti',
];

/** The CUDA libraries of an unpacked TensorFlow, in the order to load them. */
export function cudaLibraries(tensorflow: string): string[] {
  const root = join(tensorflow, 'nvidia');
  const files = (existsSync(root) ? readdirSync(root) : []).flatMap((part) => {
    const folder = join(root, part, 'lib');
    return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  });
  return OPENED.flatMap((name) =>
    files.filter((path) => new RegExp(`/${name}\\.so\\.\\d+$`).test(path)),
  );
}

/**
 * Loads the CUDA libraries before TensorFlow asks for them by name. TensorFlow's own search
 * path does not lead to wheels that were unpacked, and the system's is fixed when a process
 * starts; a library that is loaded already is found whatever the paths.
 *
 * @returns the complaints about libraries that could not be loaded.
 */
export function preloadCuda(tensorflow: string, helper: Helper): string[] {
  return cudaLibraries(tensorflow)
    .map((path) => helper.preload(path))
    .filter((complaint) => complaint !== '');
}

/** Where XLA finds ptxas and libdevice of the unpacked wheels. */
export const xlaFlags = (tensorflow: string): string =>
  `--xla_gpu_cuda_data_dir=${join(tensorflow, 'nvidia', 'cuda_nvcc')}`;
