import { existsSync, readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, freemem, platform, totalmem } from 'node:os';

/** What the engine depends on in the machine. */
export interface Machine {
  node: string;
  platform: string;
  arch: string;
  /** Version of the C library, or null where it is not glibc. */
  glibc: string | null;
  processor: string;
  /** Cores that this process may use. */
  cores: number;
  /** Vector instructions that TensorFlow chooses its kernels by. */
  instructions: string[];
  memoryBytes: number;
  freeMemoryBytes: number;
}

const VECTOR_INSTRUCTIONS = ['avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'amx_bf16', 'asimd'];

/** The vector instructions named in a /proc/cpuinfo. */
export function parseInstructions(cpuinfo: string): string[] {
  const flags = /^(?:flags|Features)\s*:\s*(.+)$/m.exec(cpuinfo)?.[1]?.split(/\s+/) ?? [];
  return VECTOR_INSTRUCTIONS.filter((name) => flags.includes(name));
}

function glibcVersion(): string | null {
  // Else the report asks for the names of every open connection's ends, which waits where there
  // is no name server.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as unknown as {
    header: { glibcVersionRuntime?: string };
  };
  return report.header.glibcVersionRuntime ?? null;
}

/** The smaller of the machine's memory and the limit of this container. */
function memoryLimit(): number {
  const file = '/sys/fs/cgroup/memory.max';
  const limit = existsSync(file) ? Number(readFileSync(file, 'utf8')) : Number.NaN;
  return Number.isFinite(limit) && limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

export function describeMachine(): Machine {
  const cpuinfo = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  return {
    node: process.versions.node,
    platform: platform(),
    arch: arch(),
    glibc: glibcVersion(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    instructions: parseInstructions(cpuinfo),
    memoryBytes: memoryLimit(),
    freeMemoryBytes: freemem(),
  };
}
