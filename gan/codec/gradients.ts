import { type Scalar, type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';
import type { Layouts } from '../training/network-pair.ts';
import { discriminatorHinge, generatorHinge, gradientPenalty } from './losses.ts';
import { discriminator, embed, generator } from './networks.ts';

/** Both networks of one step as layouts and flat weights. */
export interface Networks {
  layouts: Layouts;
  generator: Tensor1D;
  discriminator: Tensor1D;
}

/** What an update of either network draws and is given. */
export interface Draws {
  /** Class codes (B, code). */
  codes: Tensor2D;
  /** Latent vectors (B, latent). */
  z: Tensor2D;
  /** Normal noise (B, vector) for the generated vectors. */
  fakeNoise: Tensor2D;
  /** Standard deviation of the noise on what the discriminator sees. */
  inputNoise: number;
}

export interface DiscriminatorDraws extends Draws {
  /** Real vectors (B, vector) and their noise. */
  real: Tensor2D;
  realNoise: Tensor2D;
  /** Weight of the gradient penalty in this update; 0 for none. */
  penalty: number;
}

/** A loss and its gradient in the flat weights; the caller disposes the gradient. */
export type Descent = {
  loss: number;
  gradient: Tensor1D;
};

export type DiscriminatorDescent = Descent & {
  /** Mean score of the real and of the generated vectors. */
  scores: [real: number, fake: number];
};

/** Gradients of the losses of both networks. */
export interface Gradients {
  discriminator(networks: Networks, draws: DiscriminatorDraws): DiscriminatorDescent;
  generator(networks: Networks, draws: Draws): Descent;
}

const noisy = (x: Tensor2D, noise: Tensor2D, sd: number): Tensor2D =>
  x.add(noise.mul(sd)) as Tensor2D;

const fakes = ({ layouts }: Networks, flat: Tensor1D, { codes, z }: Draws): Tensor2D => {
  const weights = layouts.generator.unpack(flat);
  return generator(weights, z, embed(weights, codes));
};

function descent(flat: Tensor1D, loss: (flat: Tensor1D) => Scalar): Descent {
  const { value, grad } = tf.valueAndGrad((weights) => loss(weights as Tensor1D))(flat);
  return { loss: value.dataSync()[0]!, gradient: grad as Tensor1D };
}

/** Gradients by automatic differentiation of the losses as they are written. */
export const composedGradients: Gradients = {
  discriminator(networks, draws) {
    const { codes, real, realNoise, fakeNoise, inputNoise, penalty } = draws;
    const scores: [number, number] = [0, 0];
    const { loss, gradient } = tf.tidy(() => {
      const seenReal = noisy(real, realNoise, inputNoise);
      const seenFake = noisy(fakes(networks, networks.generator, draws), fakeNoise, inputNoise);
      return descent(networks.discriminator, (flat) => {
        const weights = networks.layouts.discriminator.unpack(flat);
        const [onReal, onFake] = discriminator(weights, [seenReal, seenFake], codes);
        scores[0] = onReal!.mean().dataSync()[0]!;
        scores[1] = onFake!.mean().dataSync()[0]!;
        const hinge = discriminatorHinge(onReal!, onFake!);
        if (penalty === 0) return hinge;
        const score = (x: Tensor2D) => discriminator(weights, [x], codes)[0]!;
        return hinge.add<Scalar>(gradientPenalty(score, seenReal, penalty));
      });
    });
    return { loss, gradient, scores };
  },
  generator(networks, draws) {
    const { codes, fakeNoise, inputNoise } = draws;
    return tf.tidy(() =>
      descent(networks.generator, (flat) => {
        const weights = networks.layouts.discriminator.unpack(networks.discriminator);
        const seen = noisy(fakes(networks, flat, draws), fakeNoise, inputNoise);
        return generatorHinge(discriminator(weights, [seen], codes)[0]!);
      }),
    );
  },
};
