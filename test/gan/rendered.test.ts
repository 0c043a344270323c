import { describe, expect, it } from 'vitest';
import { classCodes } from '../../gan/codec/codes.ts';
import { drawVectors, type SpaceContext, spaceTensors } from '../../gan/codec/decode.ts';
import { generatorLayout } from '../../gan/codec/networks.ts';
import { planDecoding } from '../../gan/codec/plan.ts';
import { fitSpace, vectorWidth } from '../../gan/codec/space.ts';
import { shapeOf } from '../../gan/codec/trainer.ts';
import { discriminatorLayout } from '../../gan/pixel/discriminator.ts';
import { drawSight } from '../../gan/pixel/draws.ts';
import { OBJECTIVES } from '../../gan/pixel/losses.ts';
import { SpectralNorm } from '../../gan/pixel/spectral.ts';
import { descendJudge, type Judge, seen } from '../../gan/pixel/steps.ts';
import { BRIGHTEST, refine, refinerLayout } from '../../gan/rendered/refiner.ts';
import {
  asJudged,
  descendLeash,
  descendMakers,
  judgedLoss,
  judgedSize,
  type LookDraws,
  leashLoss,
  showVectors,
} from '../../gan/rendered/steps.ts';
import { NoiseSource } from '../../gan/training/noise.ts';
import { Stream } from '../../src/common/stream.ts';
import type { ParameterLayout } from '../../src/engine/parameters.ts';
import {
  type Scalar,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tf,
} from '../../src/engine/tf.ts';
import { TOY_GROUPS, toySet } from '../support/toy-discs.ts';
import { differenceError } from './pixel/differences.ts';

const stream = new Stream(8, 'rendered');
const BATCH = 4;
const SIZE = 32;
const { space, vectors: known } = fitSpace(toySet(), { components: 10, stream });
const context: SpaceContext = { space, tensors: spaceTensors(space) };
const width = vectorWidth(space);
const { rank } = space.principal;
const labels = Int32Array.from({ length: BATCH }, (_, i) => i % 3);
const { values: codeValues, code } = classCodes(TOY_GROUPS);
const codes = tf.tidy(
  () => tf.gather(tf.tensor2d(codeValues, [3, code]), tf.tensor1d(labels, 'int32')) as Tensor2D,
);
const start = tf.tensor2d(known.slice(0, BATCH * width), [BATCH, width]);
const cells = start.slice([0, rank], [BATCH, width - rank]);
const scores = start.slice([0, 0], [BATCH, rank]).dataSync<'float32'>();
const withScores = (flat: Tensor1D): Tensor2D =>
  tf.concat([flat.reshape([BATCH, rank]), cells], 1) as Tensor2D;
const plan = planDecoding(
  space,
  start.dataSync<'float32'>(),
  Array.from(labels, (label) => ({ label })),
);
const drawn = drawVectors(start, plan, context);
const real = tf.tidy(() =>
  tf.clipByValue(drawn.add<Tensor4D>(drawn.greater(0).mul(0.1)), 0, BRIGHTEST),
);

/** Starting weights whose biases of rectified layers lie far from their kinks, on either side. */
function awayFromKinks(layout: ParameterLayout, far: Record<string, number>): Float32Array {
  const flat = layout.initial(stream.split('start'));
  for (const [name, size] of Object.entries(far)) {
    const [from, to] = layout.rangeOf(name);
    for (let i = from; i < to; i++) flat[i] = i % 2 ? size : -size;
  }
  return flat;
}

const polishLayout = refinerLayout(4);
const polishStart = awayFromKinks(polishLayout, { 'first/bias': 4, 'second/bias': 12 });
{
  // A change so small that no pixel is cut off, nor reaches the real one.
  const [from, to] = polishLayout.rangeOf('change/kernel');
  for (let i = from; i < to; i++) polishStart[i]! *= 0.03;
}
const judgeLayout = discriminatorLayout({ size: SIZE, width: 2, code });
const judgeStart = judgeLayout.initial(stream.split('start'));
/** The same with its rectified layers far from their kinks: for differences in its weights. */
const judgeFar = awayFromKinks(judgeLayout, {
  ...{ 'down32/bias': 4, 'down16/bias': 40, 'down8/bias': 400, 'features/bias': 4000 },
});
const spectral = new SpectralNorm(judgeLayout, stream.split('singular'));
const judgeOf = (values: Float32Array): Judge => {
  const flat = tf.tensor1d(values);
  return { layout: judgeLayout, flat, singular, objective: OBJECTIVES.hinge };
};
const singular = spectral.iterated(tf.tensor1d(judgeStart));
const noise = new NoiseSource(stream.split('noise'));
const sight = (name: string) =>
  drawSight(stream.split(name), noise, { count: BATCH, size: SIZE, inputNoise: 0.05 });
const draws: LookDraws = {
  ...{ labels, codes, real, drawn },
  z: tf.tensor2d(stream.split('z').normals(BATCH * 6), [BATCH, 6]),
  sights: { real: sight('real'), fake: sight('fake') },
};

/** Error of a written-out gradient against differences of its loss, relative. */
function descentError(
  descend: (flat: Float32Array) => { loss: number; gradient: Tensor1D },
  at: Float32Array,
  step: number,
): number {
  const gradient = descend(at).gradient.dataSync<'float32'>();
  let [error, size] = [0, 0];
  for (let n = 0; n < 6; n++) {
    const direction = stream.split(`direction ${n}`).normals(at.length);
    const [up, down] = [1, -1].map(
      (sign) => descend(at.map((v, i) => v + sign * step * direction[i]!)).loss,
    ) as [number, number];
    const along = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
    error += Math.abs(along - (up - down) / (2 * step));
    size += Math.abs((up - down) / (2 * step));
  }
  expect(size).toBeGreaterThan(1e-6);
  return error / size;
}

describe('gradients through the renderer', () => {
  it('of drawn pixels in the table scores agree with differences', () => {
    const weights = tf.tensor(stream.split('weights').normals(drawn.size), drawn.shape);
    const loss = (flat: Tensor1D): Scalar =>
      drawVectors(withScores(flat), plan, context).mul(weights).sum();
    expect(differenceError(loss, scores, { step: 3e-3, stream })).toBeLessThan(2e-2);
  });

  it('of what the discriminator says of refined drawings agree with differences', () => {
    // Off the kinks, at which differences err, but not so far that rounding drowns them.
    const off = Object.fromEntries(
      judgeLayout.specs
        .filter(({ name }) => /^(down|features).*bias/.test(name))
        .map(({ name }) => [name, 0.2]),
    );
    const judge = judgeOf(awayFromKinks(judgeLayout, off));
    const polish = tf.tensor1d(polishStart);
    const loss = (flat: Tensor1D): Scalar => {
      const shown = showVectors(withScores(flat), labels, {
        ...{ context, polish: polishLayout.unpack(polish) },
      });
      return judgedLoss(judge, shown, draws);
    };
    expect(differenceError(loss, scores, { step: 3e-3, stream })).toBeLessThan(5e-3);
  });
});

describe('what networks on rendered pixels minimise', () => {
  it('the discriminator: the gradient of hinge and of the penalty agree with differences', () => {
    const images = [real, drawn].map((x) => seen(asJudged(x), draws.sights.real)) as [
      Tensor4D,
      Tensor4D,
    ];
    for (const penalty of [0, 2]) {
      const descend = (flat: Float32Array) =>
        descendJudge(judgeOf(flat), { images, codes }, penalty);
      expect(descentError(descend, judgeFar, 3e-4)).toBeLessThan(2e-2);
    }
  });

  it('the refiner: the gradient of leash and discriminator agrees with differences', () => {
    const layout = generatorLayout(
      shapeOf({ latent: 6, embedding: 4, hidden: 8 }, { width, code }),
    );
    const maker = { layout, flat: tf.tensor1d(layout.initial(stream.split('maker'))) };
    const judge = judgeOf(judgeStart);
    const descend = (flat: Float32Array) => {
      const refiner = { layout: polishLayout, flat: tf.tensor1d(flat) };
      const networks = { context, maker, judge, refiner };
      const found = descendMakers(networks, draws, { judged: 1, leash: 3 });
      return { loss: found.loss, gradient: found.refiner! };
    };
    expect(descentError(descend, polishStart, 1e-4)).toBeLessThan(1e-2);
    const alone = (flat: Float32Array) =>
      descendLeash({ layout: polishLayout, flat: tf.tensor1d(flat) }, draws, 3);
    expect(descentError(alone, polishStart, 1e-4)).toBeLessThan(2e-2);
  });

  it('the leash is the mean distance of a range of 1', () => {
    const none = polishLayout.unpack(tf.zeros([polishLayout.size]));
    const away = drawn.sub(real).abs().mean().div(BRIGHTEST).dataSync()[0]!;
    expect(leashLoss(none, draws).dataSync()[0]).toBeCloseTo(away, 6);
  });
});

describe('the refiner', () => {
  const wild = polishLayout.unpack(tf.tensor1d(stream.split('wild').normals(polishLayout.size, 3)));
  const refined = refine(wild, drawn).dataSync();
  const before = drawn.dataSync();

  it('leaves dark pixels dark, whatever its weights, and stays within the range of a pixel', () => {
    expect(before.some((value) => value === 0)).toBe(true);
    expect(refined.every((value, i) => before[i]! > 0 || value === 0)).toBe(true);
    expect(Math.min(...refined)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...refined)).toBeLessThanOrEqual(BRIGHTEST);
    expect(refined.some((value, i) => Math.abs(value - before[i]!) > 0.1)).toBe(true);
  });

  it('sees nothing but the pattern: patterns of a triplet are refined alike', () => {
    const turned = tf.reverse(drawn, 3) as Tensor4D;
    const difference = tf.reverse(refine(wild, turned), 3).sub(refine(wild, drawn));
    expect(difference.abs().max().dataSync()[0]).toBeLessThan(1e-5);
  });

  it('changes hardly anything at the start', () => {
    const flat = polishLayout.initial(stream.split('start'));
    const moved = refine(polishLayout.unpack(tf.tensor1d(flat)), drawn).sub(drawn);
    expect(moved.abs().max().dataSync()[0]).toBeLessThan(0.1 * BRIGHTEST);
  });
});

describe('sizes', () => {
  it.each([
    [16, 16],
    [64, 64],
    [128, 64],
    [192, 64],
    [48, null],
    [100, null],
  ])('patterns of %i pixels a side are judged at %s', (size, judged) => {
    expect(judgedSize(size)).toBe(judged);
  });

  it('larger patterns are averaged down', () => {
    const x = tf.tensor4d(stream.split('large').normals(128 * 128 * 3), [1, 128, 128, 3]);
    const small = asJudged(x);
    expect(small.shape).toEqual([1, 64, 64, 3]);
    const corner = tf.mean(x.slice([0, 0, 2, 1], [1, 2, 2, 1])).dataSync()[0]!;
    const found = small.slice([0, 0, 1, 1], [1, 1, 1, 1]).dataSync()[0]!;
    expect(found).toBeCloseTo((2 * corner) / BRIGHTEST - 1, 5);
  });
});
