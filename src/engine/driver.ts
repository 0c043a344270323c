import { existsSync } from 'node:fs';
import { runProgram, versionOf } from './program.ts';

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
