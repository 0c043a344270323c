import { describe, expect, it } from 'vitest';
import { type Best, nextStep } from '../../src/benchmark/comparison/best.ts';
import { confusedPairs } from '../../src/benchmark/comparison/classes.ts';
import { compareBudgets, compareStudy } from '../../src/benchmark/comparison/compare.ts';
import { standingsInWords } from '../../src/benchmark/comparison/summary.ts';
import { holm } from '../../src/benchmark/statistics/significance.ts';
import { studySchema } from '../../src/benchmark/study/study.ts';
import { Stream } from '../../src/common/stream.ts';
import { randomOutcome } from '../support/outcomes.ts';

const arms = [
  { name: 'LA', techniques: ['logit-adjustment'] },
  { name: 'plain' },
  { name: 'GAN', techniques: ['logit-adjustment'], synthetic: 'gan-both' },
  { name: 'chosen', techniques: ['logit-adjustment'], synthetic: 'gan-both', ratio: 'validation' },
];
const settings = { name: 'demo', baseline: 'LA', arms, seeds: 6 };
const skill = [0.9, 0.7, 0.6, 0.5];

const outcomesOf = (gains: readonly number[], stream: Stream) =>
  Array.from({ length: 6 }, (_, seed) =>
    arms.map(({ name }, i) =>
      randomOutcome({
        ...{ arm: name, seed, split: seed, perClass: 20, trainCounts: [150, 40, 12, 5], stream },
        skill: skill.map((p) => Math.min(1, p + gains[i]!)),
      }),
    ),
  ).flat();

describe('with budgets', () => {
  const study = studySchema.parse({ ...settings, budgets: [20, 5] });
  const stream = new Stream(8, 'budgets');
  const small = outcomesOf([0, -0.05, 0.25, 0.02], stream);
  const large = outcomesOf([0, -0.05, 0.05, 0], stream);
  const outcomes = [
    ...large.map((one) => ({ ...one, budget: 20 })),
    ...small.map((one) => ({ ...one, budget: 5 })),
  ];
  const found = compareBudgets(study, outcomes);

  it('compares within each budget, ascending', () => {
    expect(found.map(({ budget }) => budget)).toEqual([5, 20]);
    const plain = studySchema.parse(settings);
    const alone = [small, large].map((part) => compareStudy(plain, part));
    found.forEach((one, i) => {
      const withoutShots = ({ arms }: typeof one) => arms.map(({ shots: _, ...arm }) => arm);
      expect(withoutShots(one)).toEqual(withoutShots(alone[i]!));
      const differences = (from: typeof one) => from.against.macroF1.map((d) => d.difference);
      expect(differences(one)).toEqual(differences(alone[i]!));
    });
    // Within a budget of five materials no class was learned from more.
    expect(found[0]!.arms[0]!.shots.map(({ shots }) => shots)).toEqual(['2-5']);
    expect(found[0]!.arms[2]!.statistics.macroF1).not.toEqual(
      found[1]!.arms[2]!.statistics.macroF1,
    );
  });

  it('corrects over arms and budgets together', () => {
    const judged = found.flatMap(({ against }) => against.macroF1);
    expect(judged).toHaveLength(6);
    expect(judged.map(({ adjustedP }) => adjustedP)).toEqual(holm(judged.map(({ p }) => p)));
  });
});

describe('a study of techniques alone', () => {
  const study = studySchema.parse({
    ...settings,
    arms: arms.map(({ name, techniques }) => ({ name, techniques })),
  });

  it('has a verdict on its best arm and says what to do', () => {
    const gained = outcomesOf([0, -0.1, 0.02, 0.3], new Stream(4, 'techniques'));
    const { best, verdict } = compareStudy(study, gained);
    expect(best?.arm).toBe('chosen');
    expect(verdict[0]).toMatch(/^chosen helped: \+\d/);
    const lost = outcomesOf([0, -0.3, -0.3, -0.3], new Stream(5, 'techniques'));
    expect(compareStudy(study, lost).verdict.at(-1)).toMatch(/Keep the baseline/);
  });

  it('says with how many seeds there is a verdict where there is one seed alone', () => {
    const once = outcomesOf([0, 0, 0, 0], new Stream(6, 'once')).filter(({ seed }) => seed === 0);
    expect(compareStudy(study, once).verdict[0]).toMatch(
      /^No verdict: no arm has results of two seeds to compare with LA yet\. .*--seeds 6\.$/,
    );
  });
});

it('advises an arm that finds more of the rare groups, also where macro-F1 is undecided', () => {
  const tested = (verdict: string) => ({ verdict, seeds: 6 });
  const next = (rare: string) =>
    nextStep({
      synthetic: true,
      overall: tested('undecided'),
      few: tested('undecided'),
      unaided: { arm: 'copies', overall: tested('undecided'), few: tested(rare) },
      control: null,
    } as unknown as Best);
  expect(next('helped')).toMatch(/^Use this arm where the rare groups matter/);
  expect(next('undecided')).toMatch(/simpler arm without synthetic data/);
});

it('lists the effort of every arm, and says no sentence of it', () => {
  const study = studySchema.parse(settings);
  const outcomes = outcomesOf([0, 0, 0, 0], new Stream(1, 'tuning'));
  const { verdict, arms: summaries } = compareStudy(study, outcomes);
  expect(summaries.map(({ tuning }) => tuning)).toEqual([
    { trainings: 1, candidates: 3 },
    { trainings: 1, candidates: 1 },
    { trainings: 1, candidates: 3 },
    { trainings: 3, candidates: 9 },
  ]);
  expect(verdict.join(' ')).not.toMatch(/candidate|tuning/i);
});

it('counts confusions by hand', () => {
  const stream = new Stream(2, 'confusion');
  const [one] = outcomesOf([0, 0, 0, 0], stream);
  const labels = [0, 0, 0, 0, 1, 1, 2];
  const with_ = (top1: number[]) => ({
    ...one!,
    predictions: { ...one!.predictions, labels, top1 },
  });
  const pair = {
    baseline: with_([1, 1, 1, 0, 1, 2, 2]),
    treated: with_([1, 0, 0, 0, 2, 2, 0]),
  };
  // Classes 1, 2, 3: 1 for 2 three of four, then one; 2 for 3 one of two, then two; 3 for 1 only once.
  expect(confusedPairs([pair], 9)).toEqual([
    { spaceGroup: 2, takenFor: 3, tested: 2, before: 0.5, after: 1 },
    { spaceGroup: 1, takenFor: 2, tested: 4, before: 0.75, after: 0.25 },
  ]);
  expect(confusedPairs([pair], 1)).toHaveLength(1);
});

describe('standings while a study runs', () => {
  const arms = ['plain', 'copies'].map((name) => ({ name }));
  const study = studySchema.parse({ name: 'demo', baseline: 'plain', seeds: 3, arms });
  const outcome = (arm: string, seed: number, macroF1: number) => ({
    ...randomOutcome({
      ...{ arm, seed, split: 0, perClass: 4, trainCounts: [20, 5] },
      stream: new Stream(seed, arm),
      skill: [0.5, 0.5],
    }),
    metrics: { macroF1 },
  });

  it('compare the arms over the seeds that all of them have', () => {
    const first = [outcome('plain', 0, 0.4), outcome('plain', 1, 0.9)];
    expect(standingsInWords(study, first)).toBe('');
    const both = [...first, outcome('copies', 0, 0.5)];
    expect(standingsInWords(study, both)).toBe(
      '  after 1 of 3 seeds, macro-F1: plain 40.0, copies 50.0',
    );
  });
});
