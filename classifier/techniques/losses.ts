import { tf } from '../../src/engine/tf.ts';
import { balancedWeights, classBalancedWeights, ldamMargins, logPrior } from '../class-weights.ts';
import { HEAD_SCALE } from '../layers.ts';
import { crossEntropy, focal, ldam, logitAdjusted } from '../losses.ts';
import { type Facts, technique } from '../recipe.ts';

/** Class counts with the synthetic examples weighted. */
const countsOf = ({ real, synthetic }: Facts, weight: number): number[] =>
  Array.from(real, (count, label) => count + weight * synthetic[label]!);

/** Share of the training after which deferred re-weighting begins. */
const DEFERRED = 0.8;

const BETA = 0.9999;

/** Class-balanced weights once the deferred phase has begun. */
export const deferredWeights = (facts: Facts, share: number): Float32Array | null =>
  share < DEFERRED ? null : classBalancedWeights(countsOf(facts, 1), BETA);

export const LOSS_TECHNIQUES = [
  technique({
    name: 'class-weights',
    roles: ['loss'],
    summary: 'cross-entropy weighted by inverse class frequency N/(C n)',
    source: 'King and Zeng 2001',
    defaults: {},
    apply: (recipe) => ({
      ...recipe,
      classWeights: (facts) => balancedWeights(countsOf(facts, 1)),
    }),
  }),
  technique({
    name: 'class-balanced',
    roles: ['loss'],
    summary: 'cross-entropy weighted by the inverse effective number of samples',
    source: 'Cui et al. 2019, arXiv:1901.05555',
    defaults: { beta: BETA },
    apply: (recipe, { beta }) => ({
      ...recipe,
      classWeights: (facts) => classBalancedWeights(countsOf(facts, 1), beta),
    }),
  }),
  technique({
    name: 'focal',
    roles: ['loss'],
    summary: 'cross-entropy with easy examples damped by (1 - p)^gamma',
    source: 'Lin et al. 2017, arXiv:1708.02002',
    defaults: { gamma: 2 },
    apply: (recipe, { gamma }) => ({ ...recipe, loss: () => (z, t) => focal(z, t, gamma) }),
  }),
  technique({
    name: 'ldam-drw',
    roles: ['loss', 'head'],
    summary: 'margins that grow for rare classes, class-balanced weights at the end',
    source: 'Cao et al. 2019, arXiv:1906.07413',
    defaults: { margin: 0.5 },
    apply: (recipe, { margin }) => ({
      ...recipe,
      head: 'cosine',
      classWeights: deferredWeights,
      loss: (facts) => {
        const margins = ldamMargins(countsOf(facts, 1), margin);
        return (z, t) => ldam(z.div(HEAD_SCALE), t, tf.tensor1d(margins), HEAD_SCALE);
      },
    }),
  }),
  technique({
    name: 'logit-adjustment',
    roles: ['loss'],
    summary: 'cross-entropy of logits + tau log prior; the prior counts real examples',
    source: 'Menon et al. 2021, arXiv:2007.07314',
    defaults: { tau: 1, synthetic: 0 },
    apply: (recipe, { tau, synthetic }) => ({
      ...recipe,
      loss: (facts) => {
        const adjustment = logPrior(countsOf(facts, synthetic), tau);
        return (z, t) => logitAdjusted(z, t, tf.tensor1d(adjustment));
      },
    }),
  }),
  technique({
    name: 'balanced-softmax',
    roles: ['loss'],
    summary: 'softmax weighted by the counts trained on, synthetic examples included',
    source: 'Ren et al. 2020, arXiv:2007.10740',
    defaults: {},
    apply: (recipe) => ({
      ...recipe,
      loss: (facts) => {
        const adjustment = logPrior(countsOf(facts, 1), 1);
        return (z, t) => logitAdjusted(z, t, tf.tensor1d(adjustment));
      },
    }),
  }),
];

/** The loss of a run without a loss technique. */
export const plainLoss = () => crossEntropy;
