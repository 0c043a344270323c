import { z } from 'zod';
import { didYouMean } from './suggest.ts';

/** A number as flags and config files give it: text or number. */
export const number = z.coerce.number({ error: 'is not a number' });

/** A whole number of at least `least`. */
export const whole = (least: number) =>
  number.int({ error: 'is not a whole number' }).min(least, { error: `is less than ${least}` });

/** A number above 0. */
export const positive = number.positive({ error: 'is not above 0' });

/** A number from 0 to below 1. */
export const share = number.min(0, { error: 'is below 0' }).lt(1, { error: 'is not below 1' });

/** Two space groups with a colon, such as 14:62. */
export const groupPair = z
  .string()
  .regex(/^\d+:\d+$/, { error: 'is not two space groups such as 14:62' })
  .refine((pair) => new Set(groupsOf(pair)).size === 2, {
    error: 'names the same class twice',
  });

/** The two space groups of a pair that was checked. */
export const groupsOf = (pair: string): [number, number] =>
  pair.split(':').map(Number) as [number, number];

/** One of some words; another is answered with the nearest. */
export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: ({ input }) => `is not known (${didYouMean(String(input), words)})` });
