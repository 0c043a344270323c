import { z } from 'zod';
import { positive, whole } from '../src/common/settings.ts';
import { TRAINING_DEFAULTS } from './options.ts';
import { CONSISTENCIES, NETWORKS } from './spec.ts';

/** Technique words from `a,b` or from a list. */
const techniqueWords = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => (typeof given === 'string' ? given.split(',') : given))
  .transform((words) => words.map((word) => word.trim()).filter((word) => word !== ''));

/** Settings of `gan classify train`, with their defaults. */
export const trainSettings = z.strictObject({
  data: z.string().optional(),
  technique: techniqueWords.default([]),
  multitask: z.boolean().default(false),
  consistency: z
    .enum(CONSISTENCIES, { error: `is none of ${CONSISTENCIES.join(', ')}` })
    .default('none'),
  network: z.enum(NETWORKS, { error: `is none of ${NETWORKS.join(', ')}` }).default('stack'),
  width: whole(1).default(24),
  updates: whole(1).default(TRAINING_DEFAULTS.updates),
  batch: whole(2).default(TRAINING_DEFAULTS.batch),
  rate: positive.default(TRAINING_DEFAULTS.rate),
  patience: whole(1).optional(),
  seed: whole(0).default(1),
  out: z.string().optional(),
});

export type TrainSettings = z.output<typeof trainSettings>;
