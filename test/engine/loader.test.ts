import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/common/paths.ts';
import { bindingPath, linkedTensorflow } from '../../src/engine/binding.ts';
import {
  engineConvolution,
  matmulRate,
  plainConvolution,
  selfTest,
} from '../../src/engine/selftest.ts';
import { engine, tf } from '../../src/engine/tf.ts';
import { buildSources, type Checkout, makeCheckout } from './support/checkout.ts';

const built = join(packageRoot, 'dist', 'src', 'engine', 'tf.js');
const program = `
const { tf, engine } = await import(process.argv[1]);
tf.tidy(() => tf.conv2d(tf.ones([1, 8, 8, 3]), tf.ones([3, 3, 3, 4]), 1, 'same').dataSync());
console.log(JSON.stringify(engine));`;

const start = (env: NodeJS.ProcessEnv, module = built, source = program) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', source, module], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });

beforeAll(() => buildSources(), 300_000);

describe('the engine', { timeout: 120_000 }, () => {
  it('describes itself', () => {
    expect(engine.tensorflow).toMatch(/^\d+\.\d+\.\d+$/);
    expect(engine.tfjs).toMatch(/^4\./);
    expect(engine.threads).toBeGreaterThanOrEqual(1);
    expect(tf.getBackend()).toBe('tensorflow');
  });

  it('starts without a word on stderr, unless its log is asked for', () => {
    const quiet = start({ CBED_ENGINE_LOG: '', TF_CPP_MIN_LOG_LEVEL: undefined });
    expect(quiet.stderr).toBe('');
    expect(quiet.status).toBe(0);
    const loud = start({ CBED_ENGINE_LOG: '1', TF_CPP_MIN_LOG_LEVEL: '0' });
    expect(loud.stderr).toContain('InitializeLog');
  });

  it('keeps what others print on stderr', () => {
    const source = `${program}\nprocess.stderr.write('mine\\n'); process.emitWarning('also mine');`;
    const run = start({ CBED_ENGINE_LOG: '' }, built, source);
    expect(run.stderr).toMatch(/^mine\n.*Warning: also mine/);
  });

  it('takes the number of threads from the environment', () => {
    const threads = (asked: string | undefined, own: string | undefined) =>
      JSON.parse(start({ CBED_THREADS: asked, TF_NUM_INTRAOP_THREADS: own }).stdout).threads;
    expect(threads('1', undefined)).toBe(1);
    expect(threads(undefined, '3')).toBe(3);
    // A process that a study starts inherits what its parent set for itself.
    expect(threads('1', '3')).toBe(1);
  });

  it('has the helpers that Node removed', () => {
    const column = tf.tensor1d([3, 1, 2]);
    expect(Array.from(tf.topk(column, 2).values.dataSync())).toEqual([3, 2]);
    tf.dispose(column);
  });
});

describe('the self-test', () => {
  const example = {
    height: 3,
    width: 2,
    channels: 1,
    filters: 1,
    reach: 1,
    input: Float32Array.from([1, 2, 3, 4, 5, 6]),
    filter: Float32Array.from([0, 0, 0, 0, 1, 10, 0, 0, 0]),
    weight: Float32Array.from([1, 1, 1, 1, 1, 1]),
  };

  it('knows a convolution by hand', () => {
    const plain = plainConvolution(example);
    expect(Array.from(plain.convolution)).toEqual([21, 2, 43, 4, 65, 6]);
    expect(Array.from(plain.inputGradient)).toEqual([1, 11, 1, 11, 1, 11]);
    // Sums of the input under each tap of the filter.
    expect(Array.from(plain.filterGradient)).toEqual([4, 10, 6, 9, 21, 12, 8, 18, 10]);
    const found = engineConvolution(example);
    expect(Array.from(found.convolution)).toEqual(Array.from(plain.convolution));
    expect(Array.from(found.inputGradient)).toEqual(Array.from(plain.inputGradient));
    expect(Array.from(found.filterGradient)).toEqual(Array.from(plain.filterGradient));
  });

  it('passes, and leaves no tensors', () => {
    const before = tf.memory().numTensors;
    const result = selfTest();
    expect(result.passed).toBe(true);
    expect(Math.max(...Object.values(result.differences))).toBeGreaterThan(0);
    expect(result.matmul.gflops).toBeGreaterThan(0.5);
    expect(tf.memory().numTensors).toBe(before);
    expect(matmulRate(64, 20)).toBeGreaterThan(0);
  });
});

describe.skipIf(!linkedTensorflow())('a loader that cannot', { timeout: 300_000 }, () => {
  /** A checkout whose engine is a copy that may be damaged; its libraries are links. */
  function damaged(harm: (folder: string) => void) {
    const checkout: Checkout = makeCheckout();
    const folder = join(checkout.root, 'engine');
    const real = readlinkSync(bindingPath());
    const binding = join(folder, 'binding-test', 'tfjs_binding.node');
    const link = join(
      checkout.root,
      'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node',
    );
    for (const path of [binding, link, join(folder, 'lib', 'x')])
      mkdirSync(dirname(path), { recursive: true });
    copyFileSync(real, binding);
    for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
      symlinkSync(join(linkedTensorflow()!, 'lib', name), join(folder, 'lib', name));
    }
    symlinkSync(binding, link);
    harm(folder);
    const source = `try { await import(process.argv[1]); } catch (error) { console.log(error.message, error.exitCode); }`;
    const module = join(checkout.root, 'dist', 'src', 'engine', 'tf.js');
    const { stdout } = start({}, module, source);
    checkout.remove();
    return stdout.trim();
  }

  it('says in one line why', () => {
    const library = (folder: string) => join(folder, 'lib', 'libtensorflow_cc.so.2');
    expect(damaged((folder) => rmSync(library(folder)))).toBe(
      'the cached TensorFlow is damaged or gone (run: npx gan setup --force) 3',
    );
    const foreign = damaged((folder) => {
      rmSync(library(folder));
      const flags = ['-shared', '-x', 'c++', '/dev/null', '-Wl,-soname,libtensorflow_cc.so.2'];
      execFileSync('g++', [...flags, '-o', library(folder)]);
    });
    expect(foreign).toBe(
      'the binding was built for another TensorFlow (run: npx gan setup --force) 3',
    );
    expect(damaged((folder) => rmSync(folder, { recursive: true }))).toBe(
      'TensorFlow is not set up yet (run: npx gan setup) 3',
    );
  });
});
