import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrationBins, predictedLabels, report } from '../../classifier/metrics.ts';

interface Golden extends Record<string, unknown> {
  labels: number[];
  probabilities: number[];
  present: number[];
  classCount: number;
}

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/sklearn-classification.json'), 'utf8'),
) as Golden;
const classes = [2, 14, 62, 139, 194, 225, 227];
const probabilities = Float32Array.from(golden.probabilities);
const trainCounts = [150, 100, 60, 20, 19, 9, 5];

describe('against scikit-learn', () => {
  const ours = report(probabilities, golden.labels, { classes, trainCounts });

  it.each([
    'macroF1',
    'macroPrecision',
    'macroRecall',
    'weightedF1',
    'weightedPrecision',
    'weightedRecall',
    'balancedAccuracy',
    'gMean',
    'top1',
    'top3',
    'top5',
    'ece',
  ] as const)('%s', (name) => {
    expect(ours[name]).toBeCloseTo(golden[name] as number, 6);
  });

  it('scores of each class and the confusion matrix', () => {
    const tested = ours.perClass.filter(({ support }) => support > 0);
    for (const name of ['f1', 'precision', 'recall'] as const) {
      const values = golden[name] as number[];
      tested.forEach((score, i) => {
        expect(score[name]).toBeCloseTo(values[i]!, 9);
      });
    }
    expect(ours.confusion).toEqual(golden.confusion);
  });

  it('names the class that the test set lacks and averages it nowhere', () => {
    expect(ours.absent).toEqual([225]);
    expect(ours.perClass.filter(({ support }) => support > 0)).toHaveLength(6);
  });

  it('groups recalls by training count: more than 100, 20 to 100, fewer than 20', () => {
    const recall = (group: number) => ours.perClass.find((s) => s.spaceGroup === group)!.recall;
    expect(ours.many).toBeCloseTo(recall(2), 12);
    expect(ours.medium).toBeCloseTo((recall(14) + recall(62) + recall(139)) / 3, 12);
    expect(ours.few).toBeCloseTo((recall(194) + recall(227)) / 2, 12);
  });
});

it('is perfect for perfect predictions and says null where a group has no class', () => {
  const perfect = report(Float32Array.from([1, 0, 0, 1]), [0, 1], { classes: [1, 2] });
  expect(perfect).toMatchObject({ macroF1: 1, gMean: 1, top1: 1, ece: 0, many: null, few: null });
});

it('has a G-mean of 0 when a class is never found', () => {
  const missed = report(Float32Array.from([1, 0, 1, 0]), [0, 1], { classes: [1, 2] });
  expect(missed.gMean).toBe(0);
  expect(missed.perClass[1]).toMatchObject({ precision: 0, recall: 0, f1: 0 });
});

it('keeps its averages between 0 and 1, top-k rising in k, whatever is predicted', () => {
  const sets = fc.array(
    fc.tuple(
      fc.nat(3),
      fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }),
    ),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(sets, (rows) => {
      const values = Float32Array.from(rows.flatMap(([, row]) => row));
      const labels = rows.map(([label]) => label);
      const ours = report(values, labels, { classes: [1, 2, 3, 4] });
      for (const value of [ours.macroF1, ours.weightedF1, ours.gMean, ours.top1, ours.ece]) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1 + 1e-9);
      }
      expect(ours.top3).toBeGreaterThanOrEqual(ours.top1);
      expect(ours.top5).toBe(1);
      expect(ours.weightedRecall).toBeCloseTo(ours.top1, 9);
      const predicted = predictedLabels(values, 4);
      expect(
        labels.filter((label, i) => label === predicted[i]).length / labels.length,
      ).toBeCloseTo(ours.top1, 12);
    }),
  );
});

it('counts every prediction in one calibration bin', () => {
  const bins = calibrationBins(probabilities, golden.labels, golden.classCount);
  expect(bins).toHaveLength(15);
  expect(bins.reduce((total, { count }) => total + count, 0)).toBe(golden.labels.length);
});

it('refuses predictions of another length than the labels', () => {
  expect(() => report(new Float32Array(5), [0, 1], { classes: [1, 2] })).toThrow('5 probabilities');
});
