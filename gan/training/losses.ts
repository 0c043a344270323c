import { type Scalar, type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';

/** Hinge loss of the discriminator: E max(0, 1 - D(real)) + E max(0, 1 + D(fake)). */
export const discriminatorHinge = (real: Tensor1D, fake: Tensor1D): Scalar =>
  tf.add<Scalar>(tf.sub(1, real).relu().mean(), fake.add(1).relu().mean());

/** `discriminatorHinge` of scores as numbers, the real half first: the loss, the means of both, the slopes. */
export function hinge(scores: Float32Array) {
  const count = scores.length / 2;
  const slopes = new Float32Array(scores.length);
  const sums = { loss: 0, real: 0, fake: 0 };
  scores.forEach((score, i) => {
    const sign = i < count ? -1 : 1;
    const short = 1 + sign * score;
    sums[i < count ? 'real' : 'fake'] += score / count;
    if (short <= 0) return;
    sums.loss += short / count;
    slopes[i] = sign / count;
  });
  return { ...sums, slopes };
}

/** Loss of the generator: - E D(fake). */
export const generatorHinge = (fake: Tensor1D): Scalar => fake.mean<Scalar>().neg();

/**
 * R1 (Mescheder et al. 2018): gamma / 2 E |grad_x D(x)|^2 at real vectors (B, width).
 * Differentiable again, so `score` may use only operations with exact second derivatives.
 */
export function gradientPenalty(
  score: (x: Tensor2D) => Tensor1D,
  real: Tensor2D,
  gamma: number,
): Scalar {
  const slope = tf.grad((x) => score(x as Tensor2D).sum())(real);
  const squares = slope.square().sum(1) as Tensor1D;
  return squares.mean<Scalar>().mul<Scalar>(gamma / 2);
}
