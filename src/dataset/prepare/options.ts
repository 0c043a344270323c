import { z } from 'zod';
import { oneOf, positive, whole } from '../../common/settings.ts';

/** A list of numbers, or text that lists them: '100,150'. */
const numbers = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').map(Number) : value),
  z.array(z.number({ error: 'expected numbers, such as 100,150' }).positive()).min(1),
);

/** How files are read. */
const readingSchema = z.object({
  /** Reading processes; 0 reads in the command itself. */
  workers: whole(0).max(256).optional(),
  /** Seconds that one sample may take before its reader is ended. */
  patience: positive.default(30),
  strict: z.boolean().default(false),
  /** Read raw data outside of the files, and files outside of the given folders. */
  allowExternal: z.boolean().default(false),
});

/** Settings of `gan data prepare`. */
export const prepareSchema = readingSchema.extend({
  size: whole(8).max(1024).default(64),
  energies: numbers.optional(),
  maxPerMaterial: whole(1).optional(),
  minMaterials: whole(1).optional(),
  split: oneOf(['auto', 'official', 'material']).default('auto'),
  seed: whole(0).default(0),
});

/** Settings of `gan data inspect`. */
export const inspectSchema = readingSchema.extend({
  patterns: z.preprocess(
    (value) => (value === 'all' ? Number.MAX_SAFE_INTEGER : value),
    whole(1).default(500),
  ),
});
