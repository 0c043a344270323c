import { describe, expect, it } from 'vitest';
import { inWords, testDifferences } from '../../src/benchmark/comparison/verdict.ts';
import { measureOf, type Pair, pairedBootstrap } from '../../src/benchmark/statistics/bootstrap.ts';
import {
  classTally,
  f1Scores,
  recalls,
  statisticsOf,
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
    expect(statisticsOf(t, [1, 1, 1]).balancedAccuracy).toBeCloseTo(0.7222222222222222, 12);
  });
});

it('leaves classes without test samples out of the means', () => {
  const t = classTally([0, 0], [0, 0], [0, 1], 3);
  expect(statisticsOf(t, [200, 50, 5]).macroF1).toBe(1);
  expect(statisticsOf(t, [200, 50, 5]).fewRecall).toBeNaN();
});

const skill = [0.9, 0.8, 0.6, 0.5];
const trainCounts = [150, 60, 12, 5];

function study(gain: number, { seeds, splits }: { seeds: number; splits: number }, stream: Stream) {
  return Array.from({ length: seeds }, (_, seed) => {
    const shared = { seed, split: seed % splits, perClass: 10, trainCounts };
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

const compare = (
  gain: number,
  seeds: number,
  stream: Stream,
  { replicates = 100, splits = 1 } = {},
) =>
  pairedBootstrap({
    pairs: study(gain, { seeds, splits }, stream.split('data')),
    statistic: 'macroF1',
    measure: measureOf('macroF1'),
    stream: stream.split('bootstrap'),
    replicates,
  });

it.each([1, 3, 6])(
  'calls at most one in twenty of 1,000 null studies decided, on %s divisions',
  (splits) => {
    let decided = 0;
    for (let n = 0; n < 1000; n++) {
      const difference = compare(0, 6, new Stream(n, 'null'), { replicates: 60, splits });
      if (testDifferences([{ subject: 'b', difference }])[0]!.verdict !== 'undecided') decided++;
    }
    // 5 % and twice the standard error of 1,000 draws; where interval and test agree, 5 % is exact.
    expect(decided).toBeLessThanOrEqual(splits === 1 ? 50 : 64);
  },
);

/** Pairs whose differences are +gain, a part of each division and one of each seed. */
function simulatedPairs(
  options: { gain: number; seeds: number; splits: number; ofSplits: number; ofSeeds: number },
  stream: Stream,
): Pair[] {
  const { gain, seeds, splits, ofSplits, ofSeeds } = options;
  const parts = Array.from({ length: splits }, () => ofSplits * stream.normal());
  return Array.from({ length: seeds }, (_, seed) => {
    const split = seed % splits;
    const shared = {
      arm: '',
      seed,
      split,
      perClass: 1,
      skill: [1, 1],
      trainCounts: [1, 1],
      stream,
    };
    const base = { ...randomOutcome(shared), metrics: { value: stream.normal() } };
    const value = base.metrics.value + gain + parts[split]! + ofSeeds * stream.normal();
    return { baseline: base, treated: { ...base, metrics: { value } } };
  });
}

describe.each([
  { seeds: 6, splits: 6 },
  { seeds: 6, splits: 3 },
  { seeds: 12, splits: 4 },
])('the interval of $seeds seeds on $splits divisions', ({ seeds, splits }) => {
  it.each([
    [0, 1],
    [2, 0.3],
  ])(
    'covers the truth in 94 to 96 percent with effects of divisions %s and of seeds %s',
    (ofSplits, ofSeeds) => {
      const stream = new Stream(11, `coverage ${seeds} ${splits} ${ofSplits}`);
      const studies = 5000; // standard error of a coverage of 95 %: 0.3 %
      let covered = 0;
      for (let n = 0; n < studies; n++) {
        const pairs = simulatedPairs({ gain: 0.4, seeds, splits, ofSplits, ofSeeds }, stream);
        const { low, high } = pairedBootstrap({
          pairs,
          statistic: 'value',
          measure: { figures: ({ metrics }) => [metrics.value!], at: 0 },
          stream,
        });
        if (low <= 0.4 && 0.4 <= high) covered++;
      }
      expect(covered / studies).toBeGreaterThanOrEqual(0.94);
      expect(covered / studies).toBeLessThanOrEqual(0.96);
    },
  );
});

it('is wider where divisions matter than seeds taken for independent would say', () => {
  const stream = new Stream(5, 'wider');
  const pairs = simulatedPairs({ gain: 0, seeds: 6, splits: 3, ofSplits: 2, ofSeeds: 0.2 }, stream);
  const of = (some: readonly Pair[]) =>
    pairedBootstrap({
      pairs: some,
      statistic: 'value',
      measure: { figures: ({ metrics }) => [metrics.value!], at: 0 },
      stream,
    });
  const alone = pairs.map(({ baseline, treated }, split) => ({
    baseline: { ...baseline, split },
    treated: { ...treated, split },
  }));
  const reach = ({ low, high }: { low: number; high: number }) => high - low;
  expect(reach(of(pairs))).toBeGreaterThan(1.5 * reach(of(alone)));
  expect(of(pairs).difference).toBeCloseTo(of(alone).difference, 12);
  expect([of(pairs).splits, of(alone).splits]).toEqual([3, 6]);
});

it('decides nothing where the error of resampling spans 5 %', () => {
  const difference = compare(0.25, 6, new Stream(1, 'effect'));
  const near = { ...difference, p: 0.0499, pRange: [0.047, 0.052] as const };
  const tested = testDifferences([{ subject: 'b', difference: near }])[0]!;
  expect(tested).toMatchObject({ verdict: 'undecided', borderline: true });
  expect(inWords(tested)).toMatch(/borderline/);
  const clear = { ...near, pRange: [0.047, 0.0499] as const };
  expect(testDifferences([{ subject: 'b', difference: clear }])[0]).toMatchObject({
    verdict: 'helped',
    borderline: false,
  });
});

it('has less error of resampling the more it resamples, and none between divisions', () => {
  const width = (options: object) => {
    const [least, most] = compare(0.05, 6, new Stream(3, 'range'), options).pRange;
    return most - least;
  };
  expect(width({ replicates: 1600 })).toBeLessThan(0.5 * width({ replicates: 100 }));
  expect(width({ splits: 6 })).toBe(0);
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

it.each([2, 3, 5])('gives the spread of %i seeds and no interval', (seeds) => {
  const difference = compare(0.3, seeds, new Stream(3, 'few'));
  const tested = testDifferences([{ subject: 'b', difference }])[0]!;
  expect(tested.verdict).toBe('undecided');
  expect([tested.low, tested.high, tested.p, tested.adjustedP]).toEqual(Array(4).fill(Number.NaN));
  expect(tested.each).toHaveLength(seeds);
  const words = inWords(tested);
  expect(words).toMatch(/six seeds are needed for an interval/);
  expect(words).toContain(`over ${seeds} seeds`);
  expect(words).not.toMatch(/95 %|NaN/);
});

it('is the same for the same stream, and refuses a single pair', () => {
  expect(compare(0.1, 4, new Stream(4, 'same'))).toEqual(compare(0.1, 4, new Stream(4, 'same')));
  expect(() => compare(0.1, 1, new Stream(4, 'one'))).toThrow(/at least 2/);
});
