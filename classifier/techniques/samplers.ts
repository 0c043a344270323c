import { type ProgressiveOptions, progressiveUndersample } from '../../src/balance/progressive.ts';
import { type Labelled, oversample, toMiddle, undersample } from '../../src/balance/sampling.ts';
import { pooledPixels, smote, withInterpolations } from '../../src/balance/smote.ts';
import { parseStrategy, type Strategy } from '../../src/balance/strategy.ts';
import type { Stream } from '../../src/common/stream.ts';
import { type Examples, selectExamples } from '../../src/dataset/examples.ts';
import { activeSelection, parseAcquisition } from '../active.ts';
import type { Report } from '../metrics.ts';
import { type Recipe, type Resample, technique } from '../recipe.ts';

type Sampler = typeof oversample;

const adding = (recipe: Recipe, resample: Resample): Recipe => ({
  ...recipe,
  resample: [...recipe.resample, resample],
});

const labelled = (examples: Examples) => ({
  labels: examples.labels,
  classCount: examples.classes.length,
});

const byIndex =
  (sampler: Sampler, strategy: Strategy): Resample =>
  async (examples, { stream }) =>
    selectExamples(examples, sampler(labelled(examples), strategy, stream));

/** SMOTE on pixels; `m` makes it borderline-SMOTE. */
const bySmote =
  (strategy: Strategy, k: number, m?: number): Resample =>
  async (examples, { stream }: { stream: Stream }) => {
    const vectors = pooledPixels(examples);
    const added = smote({ data: labelled(examples), vectors, strategy, stream, k, m });
    return withInterpolations(examples, added);
  };

/** Recalls by label; NaN where a class has no validation example. */
const recallsOf = ({ perClass }: Report): number[] =>
  perClass.map(({ recall, support }) => (support > 0 ? recall : Number.NaN));

type ProgressiveSettings = Pick<
  ProgressiveOptions,
  'largest' | 'factor' | 'threshold' | 'recallThreshold' | 'floor'
>;

const progressive =
  (settings: ProgressiveSettings): Resample =>
  async (examples, { stream, trial, score, record }) => {
    const rows = await progressiveUndersample({
      ...settings,
      data: labelled(examples),
      stream: stream.split('order'),
      record: (step) => record({ ...step, accepted: step.accepted ? 1 : 0 }),
      async score(some) {
        const classifier = await trial(selectExamples(examples, some), stream.split('trial'));
        const report = score(classifier);
        classifier.dispose();
        return { macroF1: report.macroF1, recalls: recallsOf(report) };
      },
    });
    return selectExamples(examples, rows);
  };

export const SAMPLER_TECHNIQUES = [
  technique({
    name: 'oversample',
    roles: ['sampler'],
    summary: 'random repeats of rare classes up to the largest, or to a count',
    source: 'imbalanced-learn RandomOverSampler',
    defaults: { target: 'auto' },
    apply: (recipe, { target }) => adding(recipe, byIndex(oversample, parseStrategy(target))),
  }),
  technique({
    name: 'undersample',
    roles: ['sampler'],
    summary: 'a random part of frequent classes, down to the smallest, or to a count',
    source: 'imbalanced-learn RandomUnderSampler',
    defaults: { target: 'auto' },
    apply(recipe, { target }) {
      const rows = (data: Labelled, strategy: Strategy, stream: Stream) =>
        undersample(data, { target: strategy }, stream);
      return adding(recipe, byIndex(rows, parseStrategy(target)));
    },
  }),
  technique({
    name: 'middle',
    roles: ['sampler'],
    summary: 'over- and undersampling to the geometric middle, or to a count',
    source: 'the 2019 challenge text',
    defaults: { target: 'middle' },
    apply: (recipe, { target }) => adding(recipe, byIndex(toMiddle, parseStrategy(target))),
  }),
  technique({
    name: 'smote',
    roles: ['sampler'],
    summary: 'interpolated pixels of neighbours of a class, up to the middle, or to a count',
    source: 'Chawla et al. 2002',
    defaults: { target: 'middle', k: 5 },
    apply: (recipe, { target, k }) => adding(recipe, bySmote(parseStrategy(target), k)),
  }),
  technique({
    name: 'borderline-smote',
    roles: ['sampler'],
    summary: 'SMOTE in pixels from rows whose neighbours are mostly of other classes',
    source: 'Han et al. 2005',
    defaults: { target: 'middle', k: 5, m: 10 },
    apply: (recipe, { target, k, m }) => adding(recipe, bySmote(parseStrategy(target), k, m)),
  }),
  technique({
    name: 'progressive-undersample',
    roles: ['sampler'],
    summary: 'the largest classes shrink step by step until validation suffers',
    source: 'the 2019 challenge text',
    defaults: { largest: 20, factor: 0.7, threshold: 0.03, recall: 0.25, floor: 10 },
    apply: (recipe, { recall: recallThreshold, ...settings }) =>
      adding(recipe, progressive({ ...settings, recallThreshold })),
  }),
  technique({
    name: 'active',
    roles: ['sampler'],
    summary: 'majority rows chosen in rounds: margin, entropy, badge, coreset or random',
    source: 'Ash et al. 2020, arXiv:1906.03671; Sener and Savarese 2018',
    defaults: { strategy: 'margin', start: 20, budget: 0.5, rounds: 4 },
    apply: (recipe, { strategy, ...numbers }) => {
      const options = { strategy: parseAcquisition(strategy), ...numbers };
      return adding(recipe, (examples, context) => activeSelection(examples, options, context));
    },
  }),
];
