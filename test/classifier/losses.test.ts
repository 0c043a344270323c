import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  balancedWeights,
  classBalancedWeights,
  ldamMargins,
  logPrior,
} from '../../classifier/class-weights.ts';
import { crossEntropy, focal, ldam, logitAdjusted, weightedMean } from '../../classifier/losses.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';

interface Golden {
  counts: number[];
  sklearn_balanced: number[];
  'cb_weights_0.9999': number[];
  'cb_weights_0.99': number[];
  'ldam_margins_0.5': number[];
  logit_adj_tau1: number[];
  loss_example: {
    logits: [number[]];
    y: number;
    ce: number;
    focal_g2: number;
    balanced_softmax: number;
    ldam_s30: number;
  };
}

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/metrics.json'), 'utf8'),
) as Golden;
const { counts, loss_example: example } = golden;

const close = (ours: ArrayLike<number>, theirs: readonly number[]) => {
  expect(ours.length).toBe(theirs.length);
  theirs.forEach((value, i) => {
    expect(Math.abs(ours[i]! - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
  });
};

describe('numbers from class counts agree with published code', () => {
  it('inverse frequency', () => close(balancedWeights(counts), golden.sklearn_balanced));
  it('effective number', () => {
    close(classBalancedWeights(counts, 0.9999), golden['cb_weights_0.9999']);
    close(classBalancedWeights(counts, 0.99), golden['cb_weights_0.99']);
  });
  it('LDAM margins', () => close(ldamMargins(counts, 0.5), golden['ldam_margins_0.5']));
  it('log prior', () => close(logPrior(counts, 1), golden.logit_adj_tau1));
  it('stay finite for a class without an example', () => {
    for (const values of [balancedWeights([9, 0]), ldamMargins([9, 0], 0.5), logPrior([9, 0], 1)]) {
      expect([...values].every(Number.isFinite)).toBe(true);
    }
  });
});

const value = (loss: (z: Tensor2D, t: Tensor2D) => Tensor1D): number =>
  tf.tidy(() => {
    const z = tf.tensor2d(example.logits);
    const t = tf.oneHot(tf.tensor1d([example.y], 'int32'), counts.length).cast('float32');
    return loss(z, t as Tensor2D).dataSync()[0]!;
  });

describe('losses agree with published code', () => {
  it('cross-entropy', () => expect(value(crossEntropy)).toBeCloseTo(example.ce, 5));
  it('focal', () => expect(value((z, t) => focal(z, t, 2))).toBeCloseTo(example.focal_g2, 5));
  it('balanced softmax', () => {
    const loss = value((z, t) => logitAdjusted(z, t, tf.tensor1d(logPrior(counts, 1))));
    expect(loss).toBeCloseTo(example.balanced_softmax, 4);
  });
  it('LDAM', () => {
    const loss = value((z, t) => ldam(z, t, tf.tensor1d(ldamMargins(counts, 0.5)), 30));
    expect(loss).toBeCloseTo(example.ldam_s30, 3);
  });
});

it('weighs soft labels by their shares', () => {
  tf.tidy(() => {
    const z = tf.tensor2d([[1, 2, 3]]);
    const of = (t: number[]) => crossEntropy(z, tf.tensor2d([t])).dataSync()[0]!;
    expect(of([0.3, 0.7, 0])).toBeCloseTo(0.3 * of([1, 0, 0]) + 0.7 * of([0, 1, 0]), 5);
  });
});

it('takes a weighted mean', () => {
  const mean = tf.tidy(() => weightedMean(tf.tensor1d([1, 4]), tf.tensor1d([3, 1])).dataSync()[0]);
  expect(mean).toBeCloseTo(7 / 4, 6);
});

/** Central differences of the summed loss in each logit. */
function numericGradient(loss: (z: Tensor2D) => Tensor1D, at: number[]): number[] {
  const h = 1e-2;
  const sum = (z: number[]) =>
    tf.tidy(
      () =>
        loss(tf.tensor2d([z]))
          .sum()
          .dataSync()[0]!,
    );
  return at.map((_, i) => {
    const moved = (by: number) => at.map((v, j) => (i === j ? v + by : v));
    return (sum(moved(h)) - sum(moved(-h))) / (2 * h);
  });
}

it.each([
  ['cross-entropy', crossEntropy],
  ['focal', (z: Tensor2D, t: Tensor2D) => focal(z, t, 2)],
  ['LDAM', (z: Tensor2D, t: Tensor2D) => ldam(z, t, tf.tensor1d([0.1, 0.2, 0.5]), 3)],
] as const)('has the gradient of finite differences: %s', (_name, loss) => {
  tf.tidy(() => {
    const t = tf.tensor2d([[0.2, 0.8, 0]]);
    const at = [0.4, -0.3, 0.9];
    const ours = tf
      .grad((z) => loss(z as Tensor2D, t).sum())(tf.tensor2d([at]))
      .dataSync();
    numericGradient((z) => loss(z, t), at).forEach((slope, i) => {
      expect(ours[i]).toBeCloseTo(slope, 2);
    });
  });
});
