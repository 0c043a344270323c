import { describe, expect, it } from 'vitest';
import { inputError } from '../../src/common/errors.ts';
import { explainLoadError, explainStepError, isOutOfMemory } from '../../src/engine/explain.ts';
import { withoutChatter } from '../../src/engine/quiet.ts';
import { tf } from '../../src/engine/tf.ts';

describe('errors of the loader', () => {
  // Messages of glibc's dynamic loader and of Node.
  it.each([
    [
      'libtensorflow_cc.so.2: cannot open shared object file: No such file or directory',
      'the cached TensorFlow is damaged or gone (run: npx gan setup --force)',
    ],
    [
      '/c/lib/libtensorflow_cc.so.2: file too short',
      'the cached TensorFlow is damaged or gone (run: npx gan setup --force)',
    ],
    [
      '/c/b/tfjs_binding.node: undefined symbol: TFE_ContextOptionsSetTfrt',
      'the binding was built for another TensorFlow (run: npx gan setup --force)',
    ],
    [
      "/lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by x.node)",
      'the binding was compiled with a newer C++ library than this program loads',
    ],
    ["version `GLIBC_2.27' not found", 'this Linux is older than TensorFlow needs (glibc 2.27)'],
    [
      "Module did not self-register: '/c/b/tfjs_binding.node'.",
      'TensorFlow cannot be loaded by a second thread of one process',
    ],
    [
      'something else\nand a trace',
      'TensorFlow does not load: something else (run: npx gan doctor)',
    ],
  ])('%s', (message, expected) => {
    const explained = explainLoadError(new Error(message));
    expect(explained.message).toContain(expected);
    expect(explained.message).not.toContain('\n');
  });

  it('are kept when they are explained already', () => {
    const known = inputError('x');
    expect(explainLoadError(known)).toBe(known);
  });
});

describe('memory', () => {
  it('that runs out is told with the batch size to try', () => {
    let error: unknown;
    try {
      tf.tidy(() => tf.fill([2 ** 20, 2 ** 20, 2 ** 5], 1));
    } catch (thrown) {
      error = thrown;
    }
    expect(isOutOfMemory(error)).toBe(true);
    const explained = explainStepError(error, 128) as Error;
    expect(explained.message).toBe('memory ran out at batch size 128 (try --batch 64)');
    expect((explainStepError(error, 1) as Error).message).toContain('a smaller image size');
  });

  it('has nothing to do with other errors', () => {
    const other = new Error('shapes differ');
    expect(explainStepError(other, 128)).toBe(other);
  });
});

describe('start-up chatter', () => {
  it('is taken out, and only that', () => {
    const text = `WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795363751.136940    9952 port.cc:153] oneDNN custom operations are on. You may see
I0000 00:00:1795363751.882908    9952 cpu_feature_guard.cc:227] This TensorFlow binary is optimized
To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.
E0000 00:00:1795363752.000000    9952 cuda_platform.cc:51] failed call to cuInit: INTERNAL
a line of somebody else
`;
    expect(withoutChatter(text)).toBe(
      'E0000 00:00:1795363752.000000    9952 cuda_platform.cc:51] failed call to cuInit: INTERNAL\na line of somebody else',
    );
  });
});
