import type { Kernels } from '../../src/engine/kernels.ts';
import { tf } from '../../src/engine/tf.ts';
import { GROUP } from './batches.ts';
import {
  addPenalty,
  descending,
  discriminatorPass,
  discriminatorSlopes,
  kernelSlopes,
  type Seen,
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

const made = (run: Kernels, { layouts, generator }: Networks, draws: Draws): GeneratorPass =>
  generatorPass(run, layouts.generator.cut(run, generator), draws);

/** What the discriminator sees of generated vectors. */
function seeFake(run: Kernels, pass: GeneratorPass, draws: Draws): Seen {
  const bias = pass.weights['out/bias']!;
  const inputs = [
    pass.output,
    bias,
    draws.fakeNoise,
    tf.scalar(draws.inputNoise),
    tf.scalar(GROUP),
  ];
  const [seen, pull] = run('CbedSee', inputs, 2);
  return { seen: seen!, pull: pull! };
}

/** What it sees of real vectors and then of generated ones; the slope is of the real ones. */
function seeBoth(run: Kernels, pass: GeneratorPass, draws: DiscriminatorDraws): Seen {
  const { real, realNoise, fakeNoise, inputNoise } = draws;
  const fake = [pass.output, pass.weights['out/bias']!, fakeNoise];
  const numbers = [tf.scalar(inputNoise), tf.scalar(GROUP)];
  const [seen, pull] = run('CbedSeeBoth', [real, realNoise, ...fake, ...numbers], 2);
  return { seen: seen!, pull: pull! };
}

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
      const { seen, pull } = seeBoth(run, made(run, networks, draws), draws);
      const pass = discriminatorPass(run, weights, { seen, codes });
      const { slopes: dScores, ...means } = hinge(pass.scores);
      const down = descending(run, pass, dScores);
      const hinged = kernelSlopes(pass, down);
      const { penalty, slopes } =
        gamma > 0 ? addPenalty(run, { pass, pull, gamma }, hinged) : { penalty: 0, slopes: hinged };
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
      const maker = made(run, networks, draws);
      const fake = seeFake(run, maker, draws);
      const pass = discriminatorPass(run, weights, { seen: fake.seen, codes: draws.codes });
      const count = pass.scores.length;
      loss = -pass.scores.reduce((a, b) => a + b, 0) / count;
      const down = descending(run, pass, new Float32Array(count).fill(-1 / count));
      const [dOutput, dBias] = run(
        'CbedSeeGrad',
        [seenSlope(pass, down), fake.pull, tf.scalar(GROUP)],
        2,
      );
      const slopes = generatorSlopes(run, maker, dOutput!);
      return layouts.generator.join(run, { ...slopes, 'out/bias': dBias! });
    });
    return { loss, gradient };
  },
});
