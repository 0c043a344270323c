import { z } from 'zod';
import { number, positive, share, whole } from '../../src/common/settings.ts';
import type { Preset } from '../generator.ts';
import { GROUP } from '../training/batches.ts';

const SIZES = {
  cpu: { tokens: 96, hidden: 192, batch: 32, steps: 500 },
  gpu: { tokens: 192, hidden: 384, batch: 256, steps: 8000 },
} as const satisfies Record<Preset, object>;

const part = number.min(0, { error: 'is below 0' }).max(1, { error: 'is above 1' });

/**
 * Settings of one training of the crystal GAN, with the defaults of a preset.
 *
 * @example
 * const config = crystalConfigFor('cpu').parse({ steps: 1000, seed: 3 });
 * @category Generators
 */
export const crystalConfigFor = (preset: Preset) =>
  z.strictObject({
    /** Length of the latent vector of a crystal, and of each site. */
    latent: whole(1).default(24),
    siteLatent: whole(1).default(4),
    /** Length of the class embedding. */
    embedding: whole(2).default(24),
    /** Width of the layers over sites, and over crystals. */
    tokens: whole(8).default(SIZES[preset].tokens),
    hidden: whole(8).default(SIZES[preset].hidden),
    /** Real crystals a step. */
    batch: whole(GROUP)
      .multipleOf(GROUP, { error: `is no multiple of ${GROUP}` })
      .default(SIZES[preset].batch),
    /** Updates of both networks. */
    steps: whole(1).default(SIZES[preset].steps),
    generatorRate: positive.default(3e-4),
    discriminatorRate: positive.default(6e-4),
    /** Weight gamma of the gradient penalty, and how many steps lie between two of them. */
    penalty: number.min(0, { error: 'is below 0' }).default(10),
    penaltyEvery: whole(1).default(4),
    /** Standard deviation of the jitter of coordinates on both sides, angstrom. */
    jitter: positive.default(0.04),
    /** Share of the elements of real crystals that are replaced by like ones. */
    borrow: part.default(0.3),
    /** Weight of atoms that come too near in the generator's loss. */
    clash: number.min(0, { error: 'is below 0' }).default(1),
    /** Weight of elements that are more or less frequent than in real crystals. */
    frequency: number.min(0, { error: 'is below 0' }).default(2),
    /** Shares of skeletons: of training crystals, of broken symmetry, new from priors. */
    known: part.default(0.45),
    broken: part.default(0.15),
    fresh: part.default(0.4),
    /** Decay of the moving average of the generator. */
    average: share.default(0.995),
    seed: whole(0).default(0),
  });

export type CrystalConfig = z.output<ReturnType<typeof crystalConfigFor>>;
