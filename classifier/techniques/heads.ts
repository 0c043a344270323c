import { parseStrategy } from '../../src/balance/strategy.ts';
import { usageError } from '../../src/common/errors.ts';
import type { Finish, Recipe } from '../recipe.ts';
import { technique } from '../technique.ts';

const adding = (recipe: Recipe, finish: Finish): Recipe => ({
  ...recipe,
  finish: [...recipe.finish, finish],
});

const HEAD_UPDATES = 600;

function parseTau(text: string): number | null {
  if (text === 'auto') return null;
  const tau = Number(text);
  if (!(tau >= 0 && tau <= 2)) throw usageError(`tau=${text} is neither auto nor between 0 and 2`);
  return tau;
}

export const HEAD_TECHNIQUES = [
  technique({
    name: 'crt',
    roles: ['head'],
    summary: 'decoupled: body frozen, a new head trained on class-balanced draws',
    source: 'Kang et al. 2020, arXiv:1910.09217',
    defaults: { updates: HEAD_UPDATES },
    apply: (recipe, { updates }) => adding(recipe, { kind: 'retrain', updates }),
  }),
  technique({
    name: 'tau-norm',
    roles: ['head'],
    summary: 'class vectors divided by their norm to the tau; auto: tau chosen on validation',
    source: 'Kang et al. 2020, arXiv:1910.09217',
    defaults: { tau: 'auto' },
    apply: (recipe, { tau }) => adding(recipe, { kind: 'tau-norm', tau: parseTau(tau) }),
  }),
  technique({
    name: 'smote-features',
    roles: ['head'],
    summary: 'body frozen, a new head trained with SMOTE in feature space',
    source: 'Chawla et al. 2002',
    defaults: { target: 'auto', k: 5, updates: HEAD_UPDATES },
    apply: (recipe, { target, k, updates }) =>
      adding(recipe, { kind: 'retrain', updates, smote: { target: parseStrategy(target), k } }),
  }),
  technique({
    name: 'borderline-smote-features',
    roles: ['head'],
    summary: 'the same with borderline-SMOTE',
    source: 'Han et al. 2005',
    defaults: { target: 'auto', k: 5, m: 10, updates: HEAD_UPDATES },
    apply: (recipe, { target, k, m, updates }) =>
      adding(recipe, { kind: 'retrain', updates, smote: { target: parseStrategy(target), k, m } }),
  }),
];
