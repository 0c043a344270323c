import { z } from 'zod';
import { number, positive, share, whole } from '../../src/common/settings.ts';
import type { Preset } from '../generator.ts';

const OF_PRESET = {
  cpu: {
    width: 16,
    batch: 32,
    steps: 1500,
    loss: 'hinge',
    generatorRate: 4e-4,
    discriminatorRate: 6e-4,
    penalty: 0.5,
    penaltyEvery: 16,
    average: 0.995,
  },
  gpu: {
    width: 48,
    batch: 64,
    steps: 50_000,
    loss: 'relativistic',
    generatorRate: 2e-4,
    discriminatorRate: 2e-4,
    penalty: 1,
    penaltyEvery: 4,
    average: 0.999,
  },
} as const satisfies Record<Preset, object>;

/** Settings of one GAN training on pixels, with the defaults of a preset. */
export function pixelConfigFor(preset: Preset) {
  const usual = OF_PRESET[preset];
  return z.strictObject({
    /** Length of the latent vector. */
    latent: whole(1).default(64),
    /** Length of the class embedding. */
    embedding: whole(2).default(32),
    /** Channels at full resolution; smaller maps have up to eight times as many. */
    width: whole(2).default(usual.width),
    /** Real triplets a step. */
    batch: whole(2).default(usual.batch),
    /** Updates of both networks. */
    steps: whole(1).default(usual.steps),
    /** `hinge` with a penalty at real triplets, or `relativistic` with one at generated ones too. */
    loss: z
      .enum(['hinge', 'relativistic'], { error: 'is neither hinge nor relativistic' })
      .default(usual.loss),
    generatorRate: positive.default(usual.generatorRate),
    discriminatorRate: positive.default(usual.discriminatorRate),
    /** Weight gamma of the gradient penalty, and how many steps lie between two of them. */
    penalty: number.min(0, { error: 'is below 0' }).default(usual.penalty),
    penaltyEvery: whole(1).default(usual.penaltyEvery),
    /** Standard deviation of the noise on what the discriminator sees, of a range of 2. */
    inputNoise: number.min(0, { error: 'is below 0' }).default(0.05),
    /** Decay of the moving average of the generator. */
    average: share.default(usual.average),
    seed: whole(0).default(0),
  });
}

export const pixelConfig = pixelConfigFor('cpu');

export type PixelConfig = z.output<typeof pixelConfig>;
