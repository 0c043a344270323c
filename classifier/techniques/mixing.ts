import { technique } from '../technique.ts';
import { deferredWeights } from './losses.ts';

const source = 'Zhang et al. 2018, arXiv:1710.09412';

export const MIXING_TECHNIQUES = [
  technique({
    name: 'mixup',
    roles: ['mixing'],
    summary: 'convex mixtures of pairs of examples and of their labels',
    source,
    defaults: { alpha: 1 },
    apply: (recipe, { alpha }) => ({ ...recipe, mixup: { alpha } }),
  }),
  technique({
    name: 'mixup-drw',
    roles: ['mixing', 'loss'],
    summary: 'mixup, with class-balanced weights at the end',
    source: `${source}; Cao et al. 2019`,
    defaults: { alpha: 1 },
    apply: (recipe, { alpha }) => ({
      ...recipe,
      mixup: { alpha },
      classWeights: deferredWeights,
    }),
  }),
];
