import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { inputOf } from '../../classifier/batches.ts';
import { unmoved } from '../../classifier/placement.ts';
import { Stream } from '../../src/common/stream.ts';
import { Adam, blend } from '../../src/engine/adam.ts';
import { KERNELS_FILE, realBinding } from '../../src/engine/binding.ts';
import { convNorm } from '../../src/engine/conv-norm.ts';
import { type Kernels, kernels, withoutKernels } from '../../src/engine/kernels.ts';
import { ParameterLayout } from '../../src/engine/parameters.ts';
import { engine, type Tensor, type Tensor1D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { normalTensors } from '../support/normal-tensor.ts';

const stream = new Stream(11, 'kernels');
const run = kernels() as Kernels;

const normals = normalTensors(stream);
const normal = (name: string, shape: number[], middle = 0): Tensor =>
  normals(name, shape, 1, middle);

/** Largest difference as a share of the largest value. */
function difference(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  expect(ours.length).toBe(theirs.length);
  let [most, size] = [0, 1e-12];
  for (let i = 0; i < ours.length; i++) {
    most = Math.max(most, Math.abs(ours[i]! - theirs[i]!));
    size = Math.max(size, Math.abs(theirs[i]!));
  }
  return most / size;
}

const sameOnBoth = (values: () => ArrayLike<number>[], tolerance = 2e-6): void => {
  const ours = tf.tidy(() => values() as never) as ArrayLike<number>[];
  const theirs = withoutKernels(() => tf.tidy(() => values() as never)) as ArrayLike<number>[];
  ours.forEach((array, i) => {
    expect(difference(array, theirs[i]!), `result ${i}`).toBeLessThan(tolerance);
  });
};

const setThreads = (count: number): void => {
  const library = createRequire(import.meta.url)(join(dirname(realBinding()!), KERNELS_FILE));
  expect((library as { register(n: number): string }).register(count)).toBe('');
};

// A GPU has none of them.
const whereTheyAre = describe.skipIf(engine.gpu);

it.skipIf(engine.gpu)('are there', () => {
  expect(run).not.toBeNull();
});

/** Value, running statistics and all gradients of a normalised convolution. */
function convolved(channels: number, relu: boolean): Float32Array[] {
  const x = normal('x', [4, 12, 12, 3], 2);
  // Far from where the ReLU bends: rounding must not decide a slope.
  const offset = tf.tensor1d(Array.from({ length: channels }, (_, c) => (c % 2 ? 40 : -40)));
  const inputs = [x, normal('k', [3, 3, 3, channels]), normal('g', [channels], 1), offset];
  const kept: Tensor[] = [];
  const statistics = { mean: normal('m', [channels]) as Tensor1D, variance: tf.ones([channels]) };
  const layer = (...[x0, kernel, gain, shift]: Tensor[]) =>
    convNorm(
      x0 as Tensor4D,
      { kernel: kernel as Tensor4D, gain: gain as Tensor1D, offset: shift as Tensor1D },
      {
        stride: 2,
        relu,
        statistics: statistics as { mean: Tensor1D; variance: Tensor1D },
        sink: ({ mean, variance }) => void kept.push(tf.keep(mean), tf.keep(variance)),
      },
    );
  const y = layer(...inputs);
  const up = normal('up', y.shape);
  const slopes = tf.grads((...given) =>
    layer(...given)
      .mul(up)
      .sum(),
  )(inputs);
  const results = [y, ...slopes, ...kept].map((tensor) => tensor.dataSync() as Float32Array);
  tf.dispose(kept);
  return results;
}

whereTheyAre("equal TensorFlow's own", () => {
  it.each([
    [3, true],
    [8, false],
    [24, true],
    [29, true],
    [29, false],
  ])('normalisation of %i channels, ReLU %s', (channels, relu) => {
    sameOnBoth(() => convolved(channels, relu), 2e-5);
  });

  it.each([
    ['no decay', {}],
    ['decay of all', { weightDecay: 0.1 }],
    ['decay of some', { weightDecay: 0.1, decayMask: new Float32Array(40_001).fill(1, 9) }],
  ])('Adam, %s', (_, options) => {
    sameOnBoth(() => {
      const adam = new Adam(stream.split('start').normals(40_001), options);
      for (let i = 0; i < 4; i++) adam.apply(normal(`slope ${i}`, [40_001]) as Tensor1D, 0.01);
      const { mean, square } = adam.state();
      return [adam.values.dataSync(), mean, square];
    });
  });

  it('moving average', () => {
    const [a, b] = [normal('a', [33_333]), normal('b', [33_333])] as [Tensor1D, Tensor1D];
    sameOnBoth(() => [blend(a, b, 0.97).dataSync()]);
  });

  it('pixels, as they are and under placements', () => {
    const size = 20;
    const pixels = Uint8Array.from({ length: 3 * size * size * 3 }, () => stream.index(256));
    const placements = [0, 1, 2].map((i) => ({
      ...unmoved(),
      scale: 0.9 + 0.12 * i,
      dx: i - 1,
      dy: 2.5 * i,
      flipX: [i > 0, true, false] as [boolean, boolean, boolean],
      flipY: [i > 1, false, true] as [boolean, boolean, boolean],
    }));
    sameOnBoth(() => [inputOf(pixels, size).dataSync()], 1e-7);
    // The scale comes as a single-precision number, so positions are off by a millionth of a pixel.
    sameOnBoth(() => [inputOf(pixels, size, placements).dataSync()], 1e-5);
  });

  it('cutting a flat vector into weights, and joining them again', () => {
    const layout = new ParameterLayout([
      { name: 'kernel', shape: [2, 3, 1], start: 'zeros' },
      { name: 'bias', shape: [4], start: 'zeros' },
      { name: 'number', shape: [], start: 'zeros' },
    ]);
    tf.tidy(() => {
      const flat = normal('flat', [11]) as Tensor1D;
      const cut = layout.cut(run, flat);
      const unpacked = layout.unpack(flat);
      for (const { name, shape } of layout.specs) {
        expect(cut[name]!.shape).toEqual([...shape]);
        expect(cut[name]!.dataSync()).toEqual(unpacked[name]!.dataSync());
      }
      expect(layout.join(run, cut).dataSync()).toEqual(flat.dataSync());
    });
  });
});

whereTheyAre('threads', () => {
  afterEach(() => setThreads(engine.threads));

  /** Normalised maps and their gradients; enough numbers that waking threads is worth it. */
  const normalised = (): Tensor[] => {
    const maps = tf.randomNormal([30_000, 24], 1, 2, 'float32', 4);
    const up = tf.randomNormal([30_000, 24], 0, 1, 'float32', 5);
    const channels = normal('channels', [24]);
    const settings = tf.tensor1d([1e-5, 0.1, 1]);
    const given = [channels, channels, channels, channels, settings];
    const [y, mean, variance, kept] = run('CbedNormalise', [maps, ...given], 4) as Tensor[];
    const back = [up, maps, channels, channels, kept!, settings];
    return [y!, mean!, variance!, ...run('CbedNormaliseGrad', back, 3)];
  };

  /** The same of images under styles. */
  const modulated = (): Tensor[] => {
    const maps = tf.randomNormal([40, 30, 20, 12], 1, 2, 'float32', 6);
    const up = tf.randomNormal([40, 30, 20, 12], 0, 1, 'float32', 7);
    const style = normal('style', [40, 24]);
    const [y, kept] = run('CbedModulate', [maps, style], 2) as [Tensor, Tensor];
    return [y, kept, ...run('CbedModulateGrad', [up, maps, style, kept], 2)];
  };

  it.each([
    ['normalised maps', normalised],
    ['modulated maps', modulated],
  ])('do not change a bit of %s', (_, made) => {
    const on = (threads: number): Buffer[] => {
      setThreads(threads);
      const results = tf.tidy(() => made().map((tensor) => tensor.dataSync()) as never);
      return (results as Float32Array[]).map(({ buffer }) => Buffer.from(buffer));
    };
    const alone = on(1);
    on(2).forEach((bytes, i) => {
      expect(bytes.equals(alone[i]!), `result ${i}`).toBe(true);
    });
  });
});

whereTheyAre('refuse what does not fit', () => {
  const none = () => tf.zeros([0]);
  it.each<[string, () => Tensor[], number, RegExp]>([
    [
      'CbedAdam',
      () => [tf.ones([4]), tf.ones([4]), tf.ones([3]), tf.ones([4]), none(), tf.ones([7])],
      3,
      /different lengths/,
    ],
    [
      'CbedNormalise',
      () => [tf.ones([2, 5]), ...Array.from({ length: 4 }, () => tf.ones([3])), tf.ones([3])],
      4,
      /do not fit/,
    ],
    ['CbedPlace', () => [tf.ones([1, 4, 5, 3], 'bool'), none(), tf.scalar(1)], 1, /not \(N, S, S/],
    ['CbedBiasLeaky', () => [tf.ones([2, 5]), tf.ones([4])], 1, /do not fit/],
    [
      'CbedSee',
      () => [tf.ones([2, 5]), tf.ones([5]), tf.ones([2, 4]), tf.scalar(1), tf.scalar(2)],
      2,
      /fit/,
    ],
    ['CbedLeakyGrad', () => [tf.ones([2, 5]), tf.ones([2, 4])], 2, /do not fit/],
    ['CbedModulate', () => [tf.ones([2, 3, 3, 4]), tf.ones([2, 6])], 2, /do not fit/],
    ['CbedModulate', () => [tf.ones([2, 3, 3, 4]), tf.ones([2, 7])], 2, /do not fit/],
    ['CbedModulate', () => [tf.ones([2, 3, 3, 4]), tf.ones([16])], 2, /do not fit/],
    [
      'CbedModulateGrad',
      () => [tf.ones([2, 9, 3]), tf.ones([2, 9, 4]), tf.ones([2, 8]), tf.ones([2, 8])],
      2,
      /do not fit/,
    ],
    ['CbedPower', () => [tf.ones([4, 5]), tf.ones([3])], 2, /do not fit/],
    ['CbedSpectral', () => [tf.ones([4, 5]), tf.ones([5]), tf.ones([5])], 2, /do not fit/],
    [
      'CbedSpectralGrad',
      () => [tf.ones([4, 4]), tf.ones([4, 5]), tf.ones([4]), tf.ones([5]), tf.ones([1])],
      1,
      /do not fit/,
    ],
    ['CbedView', () => [tf.ones([2, 4, 4, 3]), tf.ones([2, 7]), none()], 1, /do not fit/],
    ['CbedView', () => [tf.ones([2, 4, 5, 3]), tf.ones([2, 8]), none()], 1, /do not fit/],
    ['CbedView', () => [tf.ones([2, 4, 4, 3]), tf.ones([2, 8]), tf.ones([5])], 1, /do not fit/],
    ['CbedViewGrad', () => [tf.ones([2, 4, 4, 3]), tf.ones([3, 8])], 1, /do not fit/],
    ['CbedScores', () => [tf.ones([3, 4]), tf.ones([2, 4]), tf.ones([4]), tf.ones([1])], 2, /fit/],
  ])('%s', (name, inputs, outputs, complaint) => {
    tf.tidy(() => {
      expect(() => run(name, inputs(), outputs)).toThrow(complaint);
    });
  });

  it('CbedCut, shapes beyond the vector', () => {
    tf.tidy(() => {
      const cut = (shapes: number[]) => run('CbedCut', [tf.ones([4]), tf.tensor1d(shapes)], 1, 1);
      expect(() => cut([1, 5])).toThrow(/do not fit/);
      expect(() => cut([1, 3])).toThrow(/is left/);
      expect(() => cut([2, 2])).toThrow(/end early/);
      expect(cut([2, 2, 2])[0]!.shape).toEqual([2, 2]);
    });
  });
});
