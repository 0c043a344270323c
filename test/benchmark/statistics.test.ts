import { describe, expect, it } from 'vitest';
import { inWords, testDifferences } from '../../src/benchmark/comparison/verdict.ts';
import { measureOf, pairedBootstrap } from '../../src/benchmark/statistics/bootstrap.ts';
import {
  classTally,
  f1Scores,
  recalls,
  statisticOf,
} from '../../src/benchmark/statistics/macro.ts';
import { holm, tQuantile, twoSidedP } from '../../src/benchmark/statistics/significance.ts';
import { Stream } from '../../src/common/stream.ts';
import { randomOutcome } from '../support/outcomes.ts';

describe('against reference numbers', () => {
  // Worked by hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, then never below the one before.
  it('corrects p-values as Holm did', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([0.5, Number.NaN, 0.2])).toEqual([0.5, Number.NaN, 0.4]);
  });

  // scipy.stats.t.ppf(0.975, 5) and 2 * scipy.stats.t.sf(2.3, 5), scipy 1.17.1
  it('has Student’s quantiles and tails', () => {
    expect(tQuantile(0.975, 5)).toBeCloseTo(2.570581835636314, 6);
    expect(twoSidedP(2.3, 5)).toBeCloseTo(0.06977246933203732, 8);
  });

  // sklearn.metrics: f1_score(average=None), recall_score(average=None), balanced_accuracy_score, scikit-learn 1.9.1
  it('has scikit-learn’s F1 and recall', () => {
    const labels = [0, 0, 0, 1, 1, 2, 2, 2, 2];
    const top1 = [0, 1, 0, 1, 1, 2, 0, 2, 1];
    const t = classTally(labels, top1, [...labels.keys()], 3);
    expect([...f1Scores(t)]).toEqual([2 / 3, 2 / 3, 2 / 3].map((x) => expect.closeTo(x, 12)));
    expect([...recalls(t)]).toEqual([2 / 3, 1, 0.5].map((x) => expect.closeTo(x, 12)));
    expect(statisticOf(t, 'balancedAccuracy', [1, 1, 1])).toBeCloseTo(0.7222222222222222, 12);
  });
});

it('leaves classes without test samples out of the means', () => {
  const t = classTally([0, 0], [0, 0], [0, 1], 3);
  expect(statisticOf(t, 'macroF1', [200, 50, 5])).toBe(1);
  expect(statisticOf(t, 'fewRecall', [200, 50, 5])).toBeNaN();
});

const skill = [0.9, 0.8, 0.6, 0.5];
const trainCounts = [150, 60, 12, 5];

function study(gain: number, seeds: number, stream: Stream) {
  return Array.from({ length: seeds }, (_, seed) => {
    const shared = { seed, perClass: 10, trainCounts };
    return {
      baseline: randomOutcome({ ...shared, arm: 'a', skill, stream }),
      treated: randomOutcome({
        ...shared,
        arm: 'b',
        skill: skill.map((p) => Math.min(1, p + gain)),
        stream,
      }),
    };
  });
}

const compare = (gain: number, seeds: number, stream: Stream, replicates = 100) =>
  pairedBootstrap({
    pairs: study(gain, seeds, stream.split('data')),
    statistic: 'macroF1',
    measure: measureOf('macroF1'),
    stream: stream.split('bootstrap'),
    replicates,
  });

it('calls at most 5 % of 1,000 null studies decided', () => {
  let decided = 0;
  for (let n = 0; n < 1000; n++) {
    const difference = compare(0, 6, new Stream(n, 'null'), 60);
    if (testDifferences([{ subject: 'b', difference }])[0]!.verdict !== 'undecided') decided++;
  }
  expect(decided).toBeLessThanOrEqual(50);
});

it('finds a large effect and says so in words', () => {
  const judged = testDifferences([
    { subject: 'b', difference: compare(0.25, 6, new Stream(1, 'effect')) },
  ])[0]!;
  expect(judged.verdict).toBe('helped');
  expect(judged.low).toBeGreaterThan(0);
  expect(inWords(judged)).toMatch(/^b helped: \+\d+\.\d points of macro-F1/);
});

it('finds harm as readily as help', () => {
  const difference = compare(-0.25, 6, new Stream(2, 'effect'));
  expect(testDifferences([{ subject: 'b', difference }])[0]!.verdict).toBe('hurt');
});

it('makes no claim from fewer than six seeds', () => {
  const judged = testDifferences([
    { subject: 'b', difference: compare(0.3, 3, new Stream(3, 'few')) },
  ])[0]!;
  expect(judged.verdict).toBe('undecided');
  expect(inWords(judged)).toContain('3 seeds are too few for a claim');
});

it('is the same for the same stream, and refuses a single pair', () => {
  expect(compare(0.1, 4, new Stream(4, 'same'))).toEqual(compare(0.1, 4, new Stream(4, 'same')));
  expect(() => compare(0.1, 1, new Stream(4, 'one'))).toThrow(/at least 2/);
});
