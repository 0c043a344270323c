import { z } from 'zod';

/** Settings of one GAN training; every value has the default of the `cpu` preset. */
export const ganConfig = z.strictObject({
  /** Length of the latent vector. */
  latent: z.int().min(1).max(1024).default(64),
  /** Length of the class embedding. */
  embedding: z.int().min(2).max(1024).default(48),
  /** Width of the hidden layers. */
  hidden: z.int().min(8).max(8192).default(384),
  /** Principal components of the codec tables. */
  components: z.int().min(2).max(2048).default(200),
  /** Real vectors a step. */
  batch: z.int().min(4).max(8192).default(128),
  /** Updates of both networks. */
  steps: z.int().min(1).default(3000),
  generatorRate: z.number().positive().default(2e-4),
  discriminatorRate: z.number().positive().default(4e-4),
  /** Weight gamma of the gradient penalty, and how many steps lie between two of them. */
  penalty: z.number().min(0).default(0.5),
  penaltyEvery: z.int().min(1).default(4),
  /** Standard deviation of the noise on what the discriminator sees. */
  inputNoise: z.number().min(0).default(0.1),
  /** Decay of the moving average of the generator. */
  average: z.number().min(0).lt(1).default(0.998),
  seed: z.int().default(0),
});

export type GanConfig = z.output<typeof ganConfig>;

/** Settings for a machine: `gpu` is wider, with larger batches and longer training. */
export const PRESETS: Record<'cpu' | 'gpu', z.input<typeof ganConfig>> = {
  cpu: {},
  gpu: { hidden: 1024, latent: 128, components: 400, batch: 512, steps: 20_000 },
};
