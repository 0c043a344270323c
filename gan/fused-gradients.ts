import type { Kernels } from '../src/engine/kernels.ts';
import { type Tensor, tf } from '../src/engine/tf.ts';
import {
  addPenalty,
  descending,
  discriminatorPass,
  discriminatorSlopes,
  kernelSlopes,
  see,
  seenSlope,
} from './fused-discriminator.ts';
import { type GeneratorPass, generatorPass, generatorSlopes } from './fused-generator.ts';
import type { DiscriminatorDraws, Draws, Gradients, Networks } from './gradients.ts';

/** Hinge losses of scores, the real half first, and their slopes. */
function hinge(scores: Float32Array) {
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

function made(run: Kernels, { layouts, generator }: Networks, draws: Draws) {
  const pass = generatorPass(run, layouts.generator.cut(run, generator), draws);
  return { pass, seen: seeFake(run, pass, draws) };
}

const seeFake = (run: Kernels, { output, weights }: GeneratorPass, draws: Draws) =>
  see(run, {
    x: output,
    bias: weights['out/bias']!,
    noise: draws.fakeNoise,
    inputNoise: draws.inputNoise,
  });

const seeReal = (run: Kernels, { real, realNoise, inputNoise }: DiscriminatorDraws) =>
  see(run, { x: real, bias: tf.zeros([real.shape[1]]), noise: realNoise, inputNoise });

/**
 * The gradients written out on fused kernels: some eighty operations a step, where automatic
 * differentiation takes over four hundred. `composedGradients` says what they must equal.
 */
export const fusedGradients = (run: Kernels): Gradients => ({
  discriminator(networks, draws) {
    const { layouts, discriminator } = networks;
    const { codes, penalty: gamma } = draws;
    let loss = 0;
    const scores: [number, number] = [0, 0];
    const gradient = tf.tidy(() => {
      const weights = layouts.discriminator.cut(run, discriminator);
      const real = seeReal(run, draws);
      const fake = made(run, networks, draws).seen;
      const seen: Tensor = tf.concat([real.seen, fake.seen], 0);
      const pass = discriminatorPass(run, weights, { seen, codes });
      const { slopes: dScores, ...means } = hinge(pass.scores);
      const down = descending(run, pass, dScores);
      const hinged = kernelSlopes(pass, down);
      const { penalty, slopes } =
        gamma > 0 ? addPenalty(run, { pass, real, gamma }, hinged) : { penalty: 0, slopes: hinged };
      loss = means.loss + penalty;
      scores[0] = means.real;
      scores[1] = means.fake;
      const parts = discriminatorSlopes(run, { pass, down, slopes }, dScores);
      return layouts.discriminator.join(run, parts);
    });
    return { loss, scores, gradient };
  },
  generator(networks, draws) {
    const { layouts, discriminator } = networks;
    let loss = 0;
    const gradient = tf.tidy(() => {
      const weights = layouts.discriminator.cut(run, discriminator);
      const { pass: maker, seen: fake } = made(run, networks, draws);
      const pass = discriminatorPass(run, weights, { seen: fake.seen, codes: draws.codes });
      const count = pass.scores.length;
      loss = -pass.scores.reduce((a, b) => a + b, 0) / count;
      const down = descending(run, pass, new Float32Array(count).fill(-1 / count));
      const [dOutput, dBias] = run('CbedSeeGrad', [seenSlope(pass, down), fake.pull], 2);
      const slopes = generatorSlopes(run, maker, dOutput!);
      return layouts.generator.join(run, { ...slopes, 'out/bias': dBias! });
    });
    return { loss, gradient };
  },
});
