import { z } from 'zod';
import { whole } from '../common/settings.ts';

const upTo = (least: number, most: number) =>
  whole(least).max(most, { error: `is more than ${most}` });

/** Settings of `gan data codec`. */
export const codecSchema = z.object({
  samples: upTo(1, 1000).default(4),
  size: upTo(16, 512).default(128),
  detect: z.boolean().default(false),
  seed: whole(0).default(0),
});
