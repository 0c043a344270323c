import { bytesText } from '../common/log.ts';
import type { Check, DoctorReport } from './doctor-report.ts';

/** What doctor found, before it is weighed. */
export interface Findings extends Omit<DoctorReport, 'format' | 'state' | 'checks'> {
  /** Why the engine does not load, or null when it does. */
  loadFailure: { message: string; signal: string | null } | null;
  /** Whether a binding is linked into this checkout. */
  linked: boolean;
  /** A file of the linked TensorFlow that is absent or of the wrong size. */
  damaged: string | null;
  /** The command that installs a compiler here. */
  compilerMend: string;
}

type Examine = (found: Findings) => Check | null;

const ok = (name: string, detail: string): Check => ({ name, state: 'ok', detail, mend: '' });
const warning = (name: string, detail: string, mend: string): Check => ({
  name,
  state: 'warning',
  detail,
  mend,
});
const problem = (name: string, detail: string, mend: string): Check => ({
  name,
  state: 'problem',
  detail,
  mend,
});

const ROOM_FOR_SETUP = 1.4e9;
const LITTLE_MEMORY = 4 * 2 ** 30;

const node: Examine = ({ machine }) => {
  const [major = 0, minor = 0] = machine.node.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 11)
    ? ok('node', machine.node)
    : problem('node', machine.node, 'install Node 20.11 or later');
};

const system: Examine = ({ machine }) => {
  const text = `${machine.platform} ${machine.arch}, glibc ${machine.glibc ?? 'absent'}`;
  if (machine.platform !== 'linux') {
    const mend = "tfjs-node's own, older TensorFlow is used; on Linux the current one runs";
    return warning('system', text, mend);
  }
  if (machine.glibc !== null) return ok('system', text);
  return problem('system', text, 'TensorFlow needs glibc: use Debian, Ubuntu, Fedora and the like');
};

const processor: Examine = ({ machine }) => {
  const text = `${machine.processor}, ${machine.cores} cores, ${machine.instructions.join(' ')}`;
  return machine.arch !== 'x64' || machine.instructions.includes('avx')
    ? ok('processor', text)
    : problem('processor', text, 'TensorFlow needs AVX: use a processor or a VM setting with it');
};

const memory: Examine = ({ machine }) => {
  const text = `${bytesText(machine.memoryBytes)}, ${bytesText(machine.freeMemoryBytes)} free`;
  return machine.memoryBytes >= LITTLE_MEMORY
    ? ok('memory', text)
    : warning('memory', text, 'quickstart wants 4 GiB: close other programs or use a smaller size');
};

const compiler: Examine = ({ tools, compilerMend, linked }) => {
  if (tools.compiler !== null) return ok('compiler', tools.compiler);
  const report = linked ? warning : problem;
  return report('compiler', 'none found', compilerMend);
};

const pip: Examine = ({ tools }) =>
  tools.pip !== null
    ? ok('pip', tools.pip)
    : warning(
        'pip',
        'none found',
        'not needed where pypi.org can be reached; apt-get install python3-pip',
      );

const disk: Examine = ({ cache, linked }) => {
  const names = cache.entries.map((entry) => entry.name).join(', ');
  const place = `${cache.folder}${names ? ` (${names})` : ''}`;
  const text = `${bytesText(cache.bytes)} in ${place}, ${bytesText(cache.freeBytes)} free`;
  return linked || cache.freeBytes >= ROOM_FOR_SETUP
    ? ok('cache', text)
    : problem('cache', text, 'free some space, or set CBED_CACHE to a folder on a larger disk');
};

const files: Examine = ({ linked, damaged }) => {
  if (!linked) return problem('files', 'TensorFlow is not set up', 'npx gan setup');
  return damaged === null
    ? ok('files', 'complete')
    : problem('files', `damaged: ${damaged}`, 'npx gan setup --force');
};

const tensorflow: Examine = ({ engine, loadFailure }) => {
  if (engine) {
    const dnn = engine.oneDnn ? ', oneDNN' : '';
    const text = `${engine.tensorflow} (${engine.build}${dnn}, ${engine.threads} threads), loaded in ${engine.loadSeconds} s`;
    return ok('tensorflow', text);
  }
  if (!loadFailure) return null;
  return loadFailure.signal === 'SIGILL'
    ? problem('tensorflow', 'the processor lacks an instruction it uses', 'use another machine')
    : problem('tensorflow', loadFailure.message, 'npx gan setup --force');
};

const kernels: Examine = ({ engine, machine }) => {
  if (!engine || engine.gpu || machine.platform !== 'linux') return null;
  return engine.kernels
    ? ok('kernels', 'fused kernels are used')
    : warning(
        'kernels',
        'none: training is slower',
        'npx gan setup; CBED_KERNELS=0 must not be set',
      );
};

const selfTest: Examine = ({ selfTest: test }) => {
  if (!test) return null;
  const worst = Math.max(...Object.values(test.differences));
  const text = `differs from plain JavaScript by ${worst.toExponential(1)}, ${test.matmul.gflops} GFLOP/s`;
  return test.passed
    ? ok('self-test', text)
    : problem('self-test', text, 'npx gan setup --force; TF_ENABLE_ONEDNN_OPTS=0 if it stays');
};

const gpu: Examine = ({ gpus, engine }) => {
  const text = gpus.map((each) => `${each.name}, ${bytesText(each.memoryBytes)}`).join('; ');
  const driver = gpus[0] ? ` (driver ${gpus[0].driver})` : '';
  if (engine?.build === 'cuda' && !engine.gpu) {
    const mend = 'see what CBED_ENGINE_LOG=1 npx gan doctor prints; the driver must know CUDA 12.5';
    return problem('gpu', `TensorFlow finds none; driver: ${text || 'none'}`, mend);
  }
  if (gpus.length === 0) return ok('gpu', 'none: TensorFlow runs on the processor');
  return engine?.gpu
    ? ok('gpu', text + driver)
    : warning('gpu', `${text}${driver}, not used`, 'npx gan setup --device cuda');
};

const EXAMINATIONS = [
  node,
  system,
  processor,
  memory,
  compiler,
  pip,
  disk,
  files,
  tensorflow,
  kernels,
  selfTest,
  gpu,
];

/** Every check with its state, and the mend of each that is off. */
export const checksOf = (found: Findings): Check[] =>
  EXAMINATIONS.map((each) => each(found)).filter((check) => check !== null);

/** The worst state of all checks. */
export function worstState(checks: readonly Check[]): DoctorReport['state'] {
  if (checks.some((check) => check.state === 'problem')) return 'problems';
  return checks.some((check) => check.state === 'warning') ? 'warnings' : 'ok';
}
