import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import util from 'node:util';
import type * as tfjs from '@tensorflow/tfjs';
import { inputError } from '../common/errors.ts';
import { endBySignal } from '../common/interruption.ts';
import { linkedTensorflow, realBinding, tfjsPackageFolder } from './binding.ts';
import { type EngineDevice, readManifest } from './cache.ts';
import { explainLoadError } from './explain.ts';
import { oneGpu, preloadCuda, xlaFlags } from './nvidia.ts';
import { loadHelper, quietly } from './quiet.ts';

export type {
  Scalar,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  Variable,
} from '@tensorflow/tfjs';

/** Writes figures for TensorBoard. */
export interface SummaryWriter {
  scalar(name: string, value: number, step: number): void;
  flush(): void;
}

/** TensorFlow.js with what its Node version adds. */
export type TensorflowNode = typeof tfjs & {
  node: { summaryFileWriter(folder: string): SummaryWriter };
};

/** What runs: versions, device, threads. */
export interface Engine {
  /** TensorFlow's version. */
  tensorflow: string;
  /** TensorFlow.js's version. */
  tfjs: string;
  /** Which build is set up. */
  build: EngineDevice;
  /** Whether operations run on a GPU. */
  gpu: boolean;
  /** Threads of one operation and of independent operations. */
  threads: number;
}

/** Node 23 removed helpers that tfjs-node still calls, and later ones warn about the others. */
function restoreRemovedHelpers(): void {
  const legacy = util as unknown as Record<string, unknown>;
  legacy.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  legacy.isArray = Array.isArray;
}

/**
 * Threads for TensorFlow: `CBED_THREADS`, else its own variables, else one for each core that this
 * process may use. The first must win: a process that a study starts inherits the others from its
 * parent, which has set them for itself.
 */
function setThreads(): void {
  const asked = Number(process.env.CBED_THREADS);
  const given = Number.isInteger(asked) && asked > 0;
  const threads = String(given ? asked : availableParallelism());
  for (const name of ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS', 'OMP_NUM_THREADS']) {
    if (given) process.env[name] = threads;
    else process.env[name] ??= threads;
  }
}

/** Variables that the native library reads while it loads; a user's own choice stands. */
function setEnvironment(tensorflow: string | null, build: EngineDevice): void {
  setThreads();
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // Of its own TensorFlow uses oneDNN only where a processor has VNNI: convolutions of others then take a
  // quarter longer, and round otherwise.
  if (process.arch === 'x64') process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  // Otherwise the calling thread sleeps while as many others compute, and every kernel waits for
  // them to wake.
  process.env.TF_ONEDNN_THREADPOOL_USE_CALLER_THREAD ??= '1';
  // On AVX-512 processors oneDNN 3.7.3 gives wrong input gradients of convolutions: of single channels,
  // and of the last ones where a block of 32 is followed by one that is half full or less.
  process.env.ONEDNN_MAX_CPU_ISA ??= 'AVX2';
  if (build !== 'cuda' || !tensorflow) return;
  process.env.CUDA_VISIBLE_DEVICES = oneGpu(process.env.CUDA_VISIBLE_DEVICES);
  // GPUs since 2020 would otherwise round the factors of products and convolutions to ten bits,
  // and results would not be those of a processor to rounding.
  process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  process.env.XLA_FLAGS ??= xlaFlags(tensorflow);
}

interface NodeBackend {
  isUsingGpuDevice: boolean;
  binding: { TF_Version: string };
}

function load(): { tf: TensorflowNode; engine: Engine } {
  if (!realBinding()) throw inputError('TensorFlow is not set up yet', 'run: npx gan setup');
  const tensorflow = linkedTensorflow();
  const build = (tensorflow && readManifest(tensorflow)?.device) || 'cpu';
  setEnvironment(tensorflow, build);
  restoreRemovedHelpers();
  const helper = loadHelper();
  const loaded = quietly(helper, () => {
    if (build === 'cuda' && tensorflow && helper) preloadCuda(tensorflow, helper);
    try {
      return createRequire(import.meta.url)(tfjsPackageFolder()) as TensorflowNode;
    } catch (error) {
      throw explainLoadError(error);
    }
  });
  loaded.enableProdMode();
  const backend = loaded.backend() as unknown as NodeBackend;
  const gpu = backend.isUsingGpuDevice;
  if (build === 'cuda' && !gpu) {
    console.error(
      'TensorFlow for CUDA found no GPU and runs on the processor (see: npx gan doctor)',
    );
  }
  const version = { tensorflow: backend.binding.TF_Version, tfjs: loaded.version.tfjs };
  const threads = Number(process.env.TF_NUM_INTRAOP_THREADS);
  return { tf: loaded, engine: { ...version, build, gpu, threads } };
}

const loaded = load();
endBySignal();

/**
 * TensorFlow.js on the native engine. Importing this module loads it (about a second), so the
 * commands import the rooms that need it only when they run.
 */
export const tf = loaded.tf;

/** What runs. */
export const engine: Engine = loaded.engine;
