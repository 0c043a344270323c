import { expect } from 'vitest';
import type { StepLosses } from '../../gan/training/trainer.ts';
import { withoutKernels } from '../../src/engine/kernels.ts';
import { tf } from '../../src/engine/tf.ts';

/** A training whose steps are compared. */
interface Updated {
  update(): StepLosses;
  dispose(): void;
}

/** Holds that updates leave no tensor behind. */
export function expectNothingLeft(gan: Updated, updates: number): void {
  const before = tf.memory().numTensors;
  for (let i = 0; i < updates; i++) gan.update();
  expect(tf.memory().numTensors).toBe(before);
  gan.dispose();
}

/**
 * Holds that five updates lose the same, to so many digits, on fused kernels and without; gives what
 * both ways learned.
 */
export function learnedBothWays<Gan extends Updated, Weights>(
  trainer: () => Gan,
  weightsOf: (gan: Gan) => Weights,
  digits: number,
): { ours: Weights; theirs: Weights } {
  const after = () => {
    const gan = trainer();
    const losses = Array.from({ length: 5 }, () => gan.update());
    const weights = weightsOf(gan);
    gan.dispose();
    return { losses, weights };
  };
  const ours = after();
  const theirs = withoutKernels(after);
  ours.losses.forEach((loss, i) => {
    expect(loss.discriminator).toBeCloseTo(theirs.losses[i]!.discriminator, digits);
    expect(loss.generator).toBeCloseTo(theirs.losses[i]!.generator, digits);
  });
  return { ours: ours.weights, theirs: theirs.weights };
}
