import { z } from 'zod';
import { number, positive, share, whole } from '../../src/common/settings.ts';
import type { Preset } from '../generator.ts';
import { GROUP } from '../training/batches.ts';

const SIZES = {
  cpu: { latent: 64, hidden: 384, components: 200, batch: 128, steps: 3000 },
  gpu: { latent: 128, hidden: 1024, components: 400, batch: 512, steps: 20_000 },
} as const satisfies Record<Preset, object>;

/** Settings of one GAN training, with the defaults of a preset. */
export const ganConfigFor = (preset: Preset) =>
  z.strictObject({
    /** Length of the latent vector. */
    latent: whole(1).default(SIZES[preset].latent),
    /** Length of the class embedding. */
    embedding: whole(2).default(48),
    /** Width of the hidden layers. */
    hidden: whole(8).default(SIZES[preset].hidden),
    /** Principal components of the codec tables. */
    components: whole(2).default(SIZES[preset].components),
    /** Real vectors a step. */
    batch: whole(GROUP)
      .multipleOf(GROUP, { error: `is no multiple of ${GROUP}` })
      .default(SIZES[preset].batch),
    /** Updates of both networks. */
    steps: whole(1).default(SIZES[preset].steps),
    generatorRate: positive.default(2e-4),
    discriminatorRate: positive.default(4e-4),
    /** Weight gamma of the gradient penalty, and how many steps lie between two of them. */
    penalty: number.min(0, { error: 'is below 0' }).default(20),
    penaltyEvery: whole(1).default(4),
    /**
     * How far a real vector is turned towards another at most, as a share of a right angle; 0 shows
     * the discriminator the few members of a rare class over and over.
     */
    between: number.min(0, { error: 'is below 0' }).max(1, { error: 'is above 1' }).default(0.5),
    /** Share of these others that come from any class of the crystal system, not of the class. */
    borrow: number.min(0, { error: 'is below 0' }).max(1, { error: 'is above 1' }).default(0.5),
    /** Most that a class of few materials is spread further than they are; 1 for not at all. */
    widest: number.min(1, { error: 'is below 1' }).default(1.5),
    /** Standard deviation of the noise on what the discriminator sees. */
    inputNoise: number.min(0, { error: 'is below 0' }).default(0.1),
    /** Decay of the moving average of the generator. */
    average: share.default(0.998),
    seed: whole(0).default(0),
  });

export const ganConfig = ganConfigFor('cpu');

export type GanConfig = z.output<typeof ganConfig>;
