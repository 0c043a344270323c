import { describe, expect, it } from 'vitest';
import { ganConfig } from '../../gan/codec/config.ts';
import { fusedGradients } from '../../gan/codec/fused-step.ts';
import { discriminatorLayout, type GanShape, generatorLayout } from '../../gan/codec/networks.ts';
import {
  composedGradients,
  type Descent,
  type DiscriminatorDraws,
  type Gradients,
  type Networks,
} from '../../gan/codec/step.ts';
import { GanTrainer } from '../../gan/codec/trainer.ts';
import { NoiseSource } from '../../gan/training/noise.ts';
import { Stream } from '../../src/common/stream.ts';
import { type Kernels, kernels, withoutKernels } from '../../src/engine/kernels.ts';
import type { ParameterLayout } from '../../src/engine/parameters.ts';
import { engine, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { expectNothingLeft, learnedBothWays } from '../support/both-ways.ts';

const stream = new Stream(7, 'fused');
const BATCH = 16;
const fused = fusedGradients(kernels() as Kernels);
// A GPU has no fused kernels.
const whereFused = describe.skipIf(engine.gpu);

const normal2d = (name: string, rows: number, columns: number): Tensor2D =>
  tf.tensor2d(stream.split(name).normals(rows * columns), [rows, columns]);

const codesOf = (code: number): Tensor2D =>
  tf.tensor2d(
    Array.from({ length: BATCH }, (_, i) =>
      Array.from({ length: code }, (_, j) => +(j === i % 3 || j === 3 + (i % 2))),
    ),
  );

const drawsOf = (shape: GanShape, penalty: number): DiscriminatorDraws => ({
  codes: codesOf(shape.code),
  z: normal2d('z', BATCH, shape.latent),
  fakeNoise: normal2d('fake noise', BATCH, shape.vector),
  real: normal2d('real', BATCH, shape.vector),
  realNoise: normal2d('real noise', BATCH, shape.vector),
  inputNoise: 0.1,
  penalty,
});

/** Starting weights, with biases that keep hidden units `far` from the kink of the leaky ReLU. */
function startOf(layout: ParameterLayout, far: number): Float32Array {
  const start = layout.initial(stream.split(`weights ${layout.size}`));
  let at = 0;
  layout.specs.forEach(({ name }, i) => {
    const away = far * ({ 'first/bias': 1, 'first/shift': 1, 'second/bias': 2 }[name] ?? 0);
    const second = name === 'second/shift' ? far : away;
    for (let j = 0; j < layout.sizes[i]!; j++) start[at++]! += j % 2 ? second : -second;
  });
  return start;
}

function networksOf(shape: GanShape, far = 0): Networks {
  const layouts = { generator: generatorLayout(shape), discriminator: discriminatorLayout(shape) };
  return {
    layouts,
    generator: tf.tensor1d(startOf(layouts.generator, far)),
    discriminator: tf.tensor1d(startOf(layouts.discriminator, far)),
  };
}

const SMALL: GanShape = { latent: 6, embedding: 5, hidden: 24, vector: 10, code: 7 };
const ODD: GanShape = { latent: 9, embedding: 7, hidden: 83, vector: 45, code: 13 };

whereFused.each([
  ['small networks', SMALL],
  ['widths that eight does not divide', ODD],
])('gradients written out are those of automatic differentiation: %s', (_, shape) => {
  const networks = networksOf(shape);
  const expectSame = (ours: Descent, theirs: Descent) => {
    expect(ours.loss).toBeCloseTo(theirs.loss, 5);
    const mine = ours.gradient.dataSync<'float32'>();
    const other = theirs.gradient.dataSync<'float32'>();
    const size = Math.sqrt(other.reduce((sum, v) => sum + v * v, 0));
    const off = Math.sqrt(mine.reduce((sum, v, i) => sum + (v - other[i]!) ** 2, 0));
    expect(off / size).toBeLessThan(2e-6);
  };

  it.each([0, 2])('discriminator, penalty %d', (penalty) => {
    const draws = drawsOf(shape, penalty);
    const ours = fused.discriminator(networks, draws);
    const theirs = composedGradients.discriminator(networks, draws);
    expectSame(ours, theirs);
    ours.scores.forEach((score, i) => {
      expect(score).toBeCloseTo(theirs.scores[i]!, 5);
    });
  });

  it('generator', () => {
    const draws = drawsOf(shape, 0);
    expectSame(fused.generator(networks, draws), composedGradients.generator(networks, draws));
  });
});

/** Mean error of a gradient along random directions against central differences, relative. */
function differenceError(at: Float32Array, descend: (flat: Float32Array) => Descent): number {
  const step = 3e-3;
  const gradient = descend(at).gradient.dataSync<'float32'>();
  let [error, size] = [0, 0];
  for (let n = 0; n < 12; n++) {
    const direction = stream.split(`direction ${n}`).normals(at.length);
    const loss = (sign: number) => descend(at.map((v, i) => v + sign * step * direction[i]!)).loss;
    const difference = (loss(1) - loss(-1)) / (2 * step);
    const along = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
    error += Math.abs(along - difference);
    size += Math.abs(difference);
  }
  expect(size).toBeGreaterThan(1e-6);
  return error / size;
}

whereFused('gradients written out agree with differences', () => {
  const networks = networksOf(SMALL, 6);
  const along = (which: 'generator' | 'discriminator', by: Gradients, penalty: number) =>
    differenceError(networks[which].dataSync<'float32'>(), (flat) => {
      const moved = { ...networks, [which]: tf.tensor1d(flat) };
      return by[which](moved, drawsOf(SMALL, penalty));
    });

  it.each([
    ['discriminator', 0],
    ['discriminator', 2],
    // A penalty that outweighs the hinge: its second derivatives decide.
    ['discriminator', 200],
    ['generator', 0],
  ] as const)('%s, penalty %d', (which, penalty) => {
    expect(along(which, fused, penalty)).toBeLessThan(1e-2);
  });
});

describe('noise', () => {
  it.each([[[3]], [[128, 206]], [[5, 7, 3]]])('of shape %j is that of TensorFlow', (size) => {
    const draw = () => {
      const noise = new NoiseSource({ key: 2 ** 31 - 5, counter: 41 });
      return [1, 2].map(() => noise.normal(size).dataSync<'float32'>());
    };
    const theirs = withoutKernels(draw);
    draw().forEach((ours, i) => {
      expect(ours.length).toBe(size.reduce((a, b) => a * b, 1));
      const most = ours.reduce(
        (max, value, j) => Math.max(max, Math.abs(value - theirs[i]![j]!)),
        0,
      );
      expect(most).toBeLessThan(1e-5);
    });
  });
});

describe('a step', () => {
  const config = ganConfig.parse({ hidden: 24, latent: 6, embedding: 5, batch: 16 });
  const trainer = () =>
    new GanTrainer(
      {
        values: stream.split('data').normals(60 * 10),
        width: 10,
        labels: Int32Array.from({ length: 60 }, (_, i) => i % 5),
        codes: Float32Array.from({ length: 5 * 7 }, (_, i) => +(i % 7 === Math.floor(i / 7))),
        code: 7,
      },
      config,
      new Stream(3, 'trainer'),
    );

  it('leaves no tensor behind, with and without the penalty', () => {
    expectNothingLeft(trainer(), 9);
  });

  it('is the same with and without fused kernels', () => {
    const { ours, theirs } = learnedBothWays(trainer, (gan) => gan.averaged(), 4);
    ours.forEach((weight, i) => {
      expect(weight).toBeCloseTo(theirs[i]!, 3);
    });
  });
});
