import { describe, expect, it } from 'vitest';
import { augmented, drawViews, shifted } from '../../../gan/pixel/augment.ts';
import {
  generate,
  modulated,
  modulationSpecs,
  type PixelShape,
  pixelDiscriminatorLayout,
  pixelLayout,
  SIZES,
  scorePixels,
  toStored,
  toUnits,
} from '../../../gan/pixel/networks.ts';
import {
  flatRight,
  powerIteration,
  spectralLayout,
  spectrallyNormalised,
} from '../../../gan/pixel/spectral.ts';
import { OBJECTIVES } from '../../../gan/pixel/step.ts';
import { gradientPenalty } from '../../../gan/training/losses.ts';
import { Stream } from '../../../src/common/stream.ts';
import { withoutKernels } from '../../../src/engine/kernels.ts';
import { ParameterLayout } from '../../../src/engine/parameters.ts';
import {
  engine,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tf,
} from '../../../src/engine/tf.ts';
import { normalTensors } from '../../support/normal-tensor.ts';
import { differenceError } from './differences.ts';

const stream = new Stream(4, 'pixel layers');
const BATCH = 3;
const CODE = 4;
const shapeOf = (size: number): PixelShape => ({
  size,
  width: 2,
  latent: 5,
  embedding: 4,
  code: CODE,
});
const normal = normalTensors(stream);
const codes = tf.tensor2d([1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1], [BATCH, CODE]);
const images = (size: number): Tensor4D =>
  tf.clipByValue(normal<Tensor4D>('images', [BATCH, size, size, 3], 0.3), -1, 1);
const request = () => ({ z: normal<Tensor2D>('z', [BATCH, 5]), codes });

/** Larger than what a layer with a normalised kernel can give on what the one before it gives. */
const FAR: Record<string, number> = {
  'down16/bias': 4,
  'down8/bias': 40,
  'features/bias': 400,
  'first/bias': 12,
};

/** Offsets of normalised maps beyond what their gains reach. */
const FAR_OFFSET = 10;

/** Starting weights with the biases of rectified layers far from their kinks, on either side. */
function awayFromKinks(layout: ParameterLayout, name: string): Float32Array {
  const start = layout.initial(stream.split(name));
  for (const { name: weight } of layout.specs) {
    const style = weight.endsWith('/style/bias');
    const far = style ? FAR_OFFSET : FAR[weight];
    if (!far) continue;
    const [first, to] = layout.rangeOf(weight);
    const from = style ? (first + to) / 2 : first;
    for (let i = from; i < to; i++) start[i] = i % 2 ? far : -far;
  }
  return start;
}

describe('networks on pixels', () => {
  it.each(SIZES)('draws and scores triplets of %i pixels a side', (size) => {
    const shape = shapeOf(size);
    const [layout, judge] = [pixelLayout(shape), pixelDiscriminatorLayout(shape)];
    const drawn = tf.tidy(() => {
      const weights = layout.unpack(tf.tensor1d(layout.initial(stream.split('start'))));
      return generate(shape, weights, request());
    });
    expect(drawn.shape).toEqual([BATCH, size, size, 3]);
    expect(drawn.abs().max().dataSync()[0]).toBeLessThanOrEqual(1);
    const weights = judge.unpack(tf.tensor1d(judge.initial(stream.split('judge'))));
    expect(scorePixels(weights, drawn, codes).shape).toEqual([BATCH]);
  });

  it('a triplet does not depend on its neighbours in the batch', () => {
    const shape = shapeOf(16);
    const layout = pixelLayout(shape);
    const weights = layout.unpack(tf.tensor1d(layout.initial(stream.split('alone'))));
    const { z } = request();
    const all = generate(shape, weights, { z, codes });
    const one = generate(shape, weights, {
      z: z.slice([1, 0], [1, -1]),
      codes: codes.slice([1, 0], [1, -1]),
    });
    const off = all.slice([1, 0, 0, 0], [1, -1, -1, -1]).sub(one);
    expect(off.abs().max().dataSync()[0]).toBeLessThan(1e-5);
  });

  it('stored pixels go to -1 to 1 and back unchanged', () => {
    const pixels = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(toStored(toUnits(pixels))).toEqual(pixels);
    expect([...toStored(Float32Array.of(-1.4, -1, 1, 1.2))]).toEqual([0, 0, 255, 255]);
  });
});

describe('conditional normalisation', () => {
  const layout = new ParameterLayout(modulationSpecs('m', 6, 4));
  const x = normal<Tensor4D>('maps', [BATCH, 5, 5, 4], 3);
  const condition = normal<Tensor2D>('condition', [BATCH, 6]);
  const start = layout.initial(stream.split('modulation'));

  it('normalises each channel of each triplet, then scales and shifts as its condition says', () => {
    const weights = layout.unpack(tf.tensor1d(start));
    const { mean, variance } = tf.moments(x, [1, 2], true);
    const style = condition.matMul(weights['m/style/kernel'] as Tensor2D);
    const part = (from: number) => style.slice([0, from], [-1, 4]).reshape([BATCH, 1, 1, 4]);
    const wanted = x
      .sub(mean)
      .div(variance.add(1e-5).sqrt())
      .mul(part(0).add(1))
      .add(part(4))
      .relu();
    for (const made of [
      modulated(weights, 'm', x, condition),
      withoutKernels(() => modulated(weights, 'm', x, condition)),
    ]) {
      expect(made.sub(wanted).abs().max().dataSync()[0]).toBeLessThan(1e-4);
    }
  });

  it('has the gradient that differences give, in weights and maps', () => {
    const target = normal<Tensor4D>('target', x.shape);
    const offset = start.slice();
    const [from, to] = layout.rangeOf('m/style/bias');
    offset.fill(6, from + 4, to); // above the kink
    const error = (y: Tensor4D): Scalar => y.sub(target).square().mean();
    const inWeights = (flat: Tensor1D) => error(modulated(layout.unpack(flat), 'm', x, condition));
    const inMaps = (flat: Tensor1D) =>
      error(modulated(layout.unpack(tf.tensor1d(offset)), 'm', flat.reshape(x.shape), condition));
    const options = { step: 1e-3, stream };
    expect(differenceError(inWeights, offset, options)).toBeLessThan(5e-3);
    const maps = x.dataSync<'float32'>();
    expect(differenceError(inMaps, maps, { ...options, step: 1e-2 })).toBeLessThan(1e-2);
  });
});

describe('augmentation', () => {
  it('moves by whole pixels, dark from outside, and back in the gradient', () => {
    const x = tf.tensor4d(
      Array.from({ length: 16 }, (_, i) => i),
      [1, 4, 4, 1],
    );
    const moved = shifted(x, [[1, -1]]);
    expect([...moved.dataSync()]).toEqual([0, 0, 0, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0]);
    const back = tf.grad((y) =>
      shifted(y as Tensor4D, [[1, -1]])
        .mul(moved.add(1))
        .sum(),
    )(x);
    expect([...back.dataSync()]).toEqual([0, 2, 3, 4, 0, 6, 7, 8, 0, 10, 11, 12, 0, 0, 0, 0]);
  });

  it('keeps dark pixels alike, cuts one square out of each triplet and no more', () => {
    const size = 32;
    const views = drawViews(stream.split('views'), { count: 50, size });
    const dark = augmented(tf.fill([50, size, size, 3], -1), views);
    const { mean, variance } = tf.moments(dark, [1, 2, 3]);
    expect(variance.max().dataSync()[0]).toBeLessThan(1e-10);
    expect(mean.add(1).abs().max().dataSync()[0]).toBeLessThanOrEqual(0.1);
    const bright = augmented(tf.ones([50, size, size, 3]), views);
    const lit = bright.sub(dark).div(2);
    for (const [i, { contrast, move, cut }] of views.entries()) {
      expect(Math.abs(contrast - 1)).toBeLessThanOrEqual(0.2);
      const area = (cut.rows[1] - cut.rows[0]) * (cut.columns[1] - cut.columns[0]);
      expect(area).toBeGreaterThan(0);
      expect(area).toBeLessThanOrEqual(Math.round(size / 3) ** 2);
      const own = lit.slice(i, 1).dataSync<'float32'>();
      const dim = own.reduce((sum, value) => sum + (value < 0.1 ? 1 : 0), 0);
      const outside = size * size - (size - Math.abs(move[0])) * (size - Math.abs(move[1]));
      expect(dim).toBeGreaterThan(0);
      expect(dim).toBeLessThanOrEqual(3 * (Math.round(size / 3) ** 2 + outside));
      for (const value of own) {
        expect(value < 0.1 ? value : value - contrast).toBeCloseTo(0, 5);
      }
    }
    expect(Math.max(...views.flatMap(({ move }) => move.map(Math.abs)))).toBe(3);
  });

  it.each([16, 17])('by one kernel and by several it is the same, %i pixels a side', (size) => {
    const count = 40;
    const views = drawViews(stream.split('same'), { count, size });
    // Cuts and moves that leave nothing, or everything.
    views[0] = { ...views[0]!, cut: { rows: [0, size], columns: [0, size] } };
    views[1] = { ...views[1]!, cut: { rows: [4, 4], columns: [3, 3] }, move: [size, 0] };
    views[2] = { ...views[2]!, move: [-size - 3, 2] };
    const shape: [number, number, number, number] = [count, size, size, 3];
    const x = normal<Tensor4D>('seen', shape);
    const noise = normal<Tensor4D>('noise', shape);
    const both = (given: Tensor4D | null): Tensor[] => {
      const look = (y: Tensor) => augmented(y as Tensor4D, views, given);
      return [look(x), tf.grad((y) => look(y).mul(noise))(x)];
    };
    for (const given of [noise, null]) {
      const ours = both(given);
      withoutKernels(() => both(given)).forEach((theirs, i) => {
        expect(theirs.sub(ours[i]!).abs().max().dataSync()[0]).toBeLessThan(1e-6);
      });
    }
  });

  it('is linear in the triplets, so that its gradient is exact', () => {
    const views = drawViews(stream.split('linear'), { count: BATCH, size: 16 });
    const direction = normal<Tensor4D>('direction', [BATCH, 16, 16, 3]);
    const loss = (flat: Tensor1D): Scalar =>
      augmented(flat.reshape([BATCH, 16, 16, 3]), views)
        .mul(direction)
        .sum();
    const at = images(16).dataSync<'float32'>();
    expect(differenceError(loss, at, { step: 0.1, stream })).toBeLessThan(1e-3);
  });
});

describe('losses on pixels', () => {
  const shape = shapeOf(16);
  const layout = pixelDiscriminatorLayout(shape);
  const start = awayFromKinks(layout, 'penalised');
  const singular = () => {
    const u = spectralLayout(layout).initial(stream.split('u'));
    return powerIteration(layout, layout.unpack(tf.tensor1d(start)), tf.tensor1d(u));
  };
  const real = images(16);

  it('gradient penalty: the gradient of a gradient is exact, spectral normalisation included', () => {
    const vectors = singular();
    const loss = (flat: Tensor1D): Scalar => {
      const weights = spectrallyNormalised(layout.unpack(flat), vectors);
      const score = (x: Tensor2D) =>
        scorePixels(weights, x.reshape(real.shape), codes, { twice: true });
      return gradientPenalty(score, real.reshape([BATCH, -1]), 10);
    };
    expect(differenceError(loss, start, { step: 1e-3, stream })).toBeLessThan(1e-2);
  });

  it.skipIf(engine.gpu)('gradient penalty: scores differentiable once only are refused', () => {
    const penalty = (flat: Tensor): Scalar => {
      const weights = layout.unpack(flat as Tensor1D);
      const score = (x: Tensor2D) => scorePixels(weights, x.reshape(real.shape), codes);
      return gradientPenalty(score, real.reshape([BATCH, -1]), 10);
    };
    expect(() => tf.grad(penalty)(tf.tensor1d(start))).toThrow(/twice/);
  });

  it.each(['hinge', 'relativistic'] as const)(
    '%s: both gradients agree with differences',
    (name) => {
      const vectors = singular();
      const other = normal<Tensor4D>('other', real.shape, 0.3);
      const objective = OBJECTIVES[name];
      for (const side of ['discriminator', 'generator'] as const) {
        const loss = (flat: Tensor1D): Scalar => {
          const weights = spectrallyNormalised(layout.unpack(flat), vectors);
          const [a, b] = [real, other].map((x) => scorePixels(weights, x, codes));
          return objective[side](a!, b!);
        };
        expect(differenceError(loss, start, { step: 3e-3, stream })).toBeLessThan(1e-2);
      }
    },
  );

  it('relativistic pairing: ln 2 where scores are equal, and how far one side falls short', () => {
    const [a, b] = [tf.tensor1d([1, -2]), tf.tensor1d([1, -2])];
    const { discriminator, generator } = OBJECTIVES.relativistic;
    expect(discriminator(a, b).dataSync()[0]).toBeCloseTo(Math.LN2, 6);
    const far = tf.tensor1d([31, 28]);
    expect(discriminator(far, b).dataSync()[0]).toBeCloseTo(0, 6);
    expect(generator(far, b).dataSync()[0]).toBeCloseTo(30, 5);
  });

  it('the generator through augmentation', () => {
    const of = shapeOf(16);
    const own = pixelLayout(of);
    const views = drawViews(stream.split('seen'), { count: BATCH, size: 16 });
    const target = normal<Tensor4D>('seen as', real.shape);
    const loss = (flat: Tensor1D): Scalar =>
      augmented(generate(of, own.unpack(flat), request()), views)
        .sub(target)
        .square()
        .mean();
    const at = awayFromKinks(own, 'pixel');
    // Curvature is high here: the error falls with the square of the step.
    expect(differenceError(loss, at, { step: 1e-4, stream })).toBeLessThan(2e-3);
  });
});

describe('spectral normalisation', () => {
  const layout = new ParameterLayout([
    { name: 'a/kernel', shape: [4, 4, 3, 5], start: 'zeros' },
    { name: 'a/bias', shape: [5], start: 'ones' },
  ]);
  const flat = Float32Array.from({ length: 245 }, (_, i) =>
    i < 240 ? Math.sin(0.37 * i * i + 0.2) + 0.3 * Math.cos(1.1 * i) : 1,
  );

  it('divides a kernel by its largest singular value and leaves biases alone', () => {
    const weights = layout.unpack(tf.tensor1d(flat));
    let u = tf.tensor1d(spectralLayout(layout).initial(stream.split('svd')));
    let found = powerIteration(layout, weights, u);
    for (let i = 0; i < 60; i++) {
      found = powerIteration(layout, weights, u);
      u = flatRight(layout, found);
    }
    const normal = spectrallyNormalised(weights, found);
    // numpy.linalg.svd of the same 48 x 5 matrix in double precision.
    const ratio = weights['a/kernel']!.norm().div(normal['a/kernel']!.norm()).dataSync()[0]!;
    expect(ratio).toBeCloseTo(6.73036055, 4);
    expect([...normal['a/bias']!.dataSync()]).toEqual([1, 1, 1, 1, 1]);
  });
});
