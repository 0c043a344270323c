import { ENSEMBLE_TECHNIQUES } from './ensemble.ts';
import {
  type Chosen,
  checkTogether,
  parseTechnique,
  type Recipe,
  type Technique,
} from './recipe.ts';
import { HEAD_TECHNIQUES } from './techniques/heads.ts';
import { LOSS_TECHNIQUES, plainLoss } from './techniques/losses.ts';
import { SAMPLER_TECHNIQUES } from './techniques/samplers.ts';
import { MIXING_TECHNIQUES, TRANSFORM_TECHNIQUES } from './techniques/transforms.ts';

/** Every technique, in the order they are listed. */
export const TECHNIQUES: readonly Technique[] = [
  ...LOSS_TECHNIQUES,
  ...SAMPLER_TECHNIQUES,
  ...MIXING_TECHNIQUES,
  ...TRANSFORM_TECHNIQUES,
  ...HEAD_TECHNIQUES,
  ...ENSEMBLE_TECHNIQUES,
];

/** Training without any technique. */
export const PLAIN: Recipe = {
  resample: [],
  transforms: [],
  loss: plainLoss,
  classWeights: () => null,
  mixup: null,
  head: 'linear',
  finish: [],
  ensemble: null,
};

/**
 * Resolves technique words, such as `logit-adjustment:tau=1.2`, and techniques of one's own, which take
 * their defaults; the word `plain` is none.
 *
 * @throws usage error on an unknown name or setting, or techniques that do not go together.
 */
export function chooseTechniques(given: readonly (string | Technique)[]): Chosen[] {
  const chosen = given.flatMap((one): Chosen[] => {
    if (typeof one !== 'string') return [{ technique: one, settings: one.defaults }];
    const word = one.trim();
    return word === '' || word === 'plain' ? [] : [parseTechnique(word, TECHNIQUES)];
  });
  checkTogether(chosen);
  return chosen;
}

/** The training recipe that techniques make together. */
export const recipeOf = (chosen: readonly Chosen[]): Recipe =>
  chosen.reduce((recipe, { technique, settings }) => technique.apply(recipe, settings), PLAIN);
