import { usageError } from '../../src/common/errors.ts';
import { tf } from '../../src/engine/tf.ts';
import { logitAdjusted } from '../losses.ts';
import type { Recipe } from '../recipe.ts';
import { technique } from '../technique.ts';
import { logPrior } from '../weights.ts';

const adjustedBy =
  (tau: number) =>
  (recipe: Recipe): Recipe => ({
    ...recipe,
    loss: ({ real }) => {
      const adjustment = logPrior(real, tau);
      return (z, t) => logitAdjusted(z, t, tf.tensor1d(adjustment));
    },
  });

/** Members that each get this share of the run's updates. */
function ensembleOf(
  recipe: Recipe,
  members: readonly ((recipe: Recipe) => Recipe)[],
  budget: number,
): Recipe {
  if (!(budget > 0 && budget <= 1)) throw usageError(`budget=${budget} is not above 0 and up to 1`);
  return { ...recipe, ensemble: { members, budget } };
}

export const ENSEMBLE_TECHNIQUES = [
  technique({
    name: 'ensemble',
    roles: ['ensemble'],
    summary: 'several seeds, probabilities averaged; budget: share of the updates for each',
    source: 'Lakshminarayanan et al. 2017, arXiv:1612.01474',
    defaults: { members: 3, budget: 1 },
    apply(recipe, { members, budget }) {
      if (!Number.isInteger(members) || members < 2) {
        throw usageError(`ensemble:members=${members} is not a whole number of at least 2`);
      }
      const same = Array.from({ length: members }, () => (one: Recipe) => one);
      return ensembleOf(recipe, same, budget);
    },
  }),
  technique({
    name: 'experts',
    roles: ['ensemble', 'loss'],
    summary: 'experts for frequent, all and rare classes (logit adjustment 0, 1, 2), averaged',
    source: 'Zhang et al. 2022, arXiv:2107.09249',
    defaults: { budget: 1 },
    apply: (recipe, { budget }) =>
      ensembleOf(recipe, [adjustedBy(0), adjustedBy(1), adjustedBy(2)], budget),
  }),
];
