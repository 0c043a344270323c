import { z } from 'zod';

const whole = (least: number, most: number) =>
  z.coerce
    .number({ error: 'expected a number' })
    .int({ error: 'expected a whole number' })
    .min(least, { error: `expected at least ${least}` })
    .max(most, { error: `expected at most ${most}` });

/** Settings of `gan data codec`. */
export const codecSchema = z.object({
  samples: whole(1, 1000).default(4),
  size: whole(16, 512).default(128),
  detect: z.boolean().default(false),
  seed: whole(0, Number.MAX_SAFE_INTEGER).default(0),
});
