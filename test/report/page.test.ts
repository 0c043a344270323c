import { expect, it } from 'vitest';
import { compareStudy, type StudyComparison } from '../../src/benchmark/comparison/compare.ts';
import { loadStudy } from '../../src/benchmark/study/load.ts';
import { type Study, studySchema } from '../../src/benchmark/study/study.ts';
import { Stream } from '../../src/common/stream.ts';
import { classChangeFigure, variedArms } from '../../src/report/figures/comparison.ts';
import { escapeHtml, tableHtml } from '../../src/report/pages/page.ts';
import { studyFigures, studySections, verdictOf } from '../../src/report/pages/study-page.ts';
import { armRows, budgetTable } from '../../src/report/pages/study-text.ts';
import { randomOutcome } from '../support/outcomes.ts';

const study: Study = studySchema.parse({
  name: 'demo',
  baseline: 'logit adjustment',
  arms: [
    { name: 'plain' },
    { name: 'logit adjustment', techniques: ['logit-adjustment'] },
    { name: 'logit adjustment + GAN', techniques: ['logit-adjustment'], synthetic: 'gan-both' },
  ],
});

function demoComparison() {
  const stream = new Stream(5, 'demo');
  const gains = [-0.1, 0, 0.2];
  const outcomes = Array.from({ length: 6 }, (_, seed) =>
    study.arms.map((arm, i) =>
      randomOutcome({
        arm: arm.name,
        seed,
        split: seed,
        perClass: 20,
        skill: [0.9, 0.7, 0.6, 0.5, 0.4].map((p) => Math.min(1, p + gains[i]!)),
        trainCounts: [150, 80, 30, 12, 5],
        stream,
      }),
    ),
  ).flat();
  return compareStudy(study, outcomes);
}

it('escapes what a user wrote', () => {
  expect(escapeHtml('<b>"&')).toBe('&lt;b&gt;&quot;&amp;');
  expect(tableHtml([['a<b'], ['<script>']])).not.toContain('<script>');
});

it('draws the same figures for the same results', async () => {
  const figures = studyFigures({ study, comparisons: [demoComparison()] });
  expect(Object.keys(figures)).toEqual([
    'arms-macro-f1',
    'arms-few-recall',
    'interval-macro-f1',
    'interval-few-recall',
    'class-change',
    'confusions',
  ]);
  await expect(figures['interval-macro-f1']).toMatchFileSnapshot('snapshots/interval-macro-f1.svg');
  await expect(figures['class-change']).toMatchFileSnapshot('snapshots/class-change.svg');
});

it('draws curves where arms differ in one setting only', () => {
  const techniques = ['logit-adjustment', 'flips', 'dilation'];
  const both = [0.5, 1, 2, 4].map((ratio) => ({
    name: `ratio ${ratio}`,
    techniques,
    synthetic: 'gan-both',
    ratio,
  }));
  const near = [0.05, 0.1, 0.3].map((epsilon) => ({
    name: `epsilon ${epsilon}`,
    techniques,
    synthetic: 'gan-boundary',
    epsilon,
  }));
  const ablations = studySchema.parse({
    name: 'ablations',
    baseline: 'nothing',
    arms: [{ name: 'nothing', techniques }, ...both, ...near],
  });
  const values = (varied: 'ratio' | 'epsilon') =>
    variedArms(ablations, varied).map((steps) => steps.map(({ value }) => value));
  expect(values('ratio')).toEqual([[0, 0.5, 1, 2, 4]]);
  expect(values('epsilon')).toEqual([[0.05, 0.1, 0.3]]);
  expect(variedArms(ablations, 'ratio')[0]![0]!.arm).toBe(ablations.baseline);
  expect(variedArms(loadStudy('default'), 'ratio')).toEqual([]);
});

it('leads with every budget, draws their curve, and keeps tables apart by budget', () => {
  const comparison = demoComparison();
  const budgets = [5, 20].map((budget) => ({ ...comparison, budget }));
  const compared = { study, comparisons: budgets };
  const first = verdictOf(compared).filter((line) => line.startsWith('At most'));
  expect(first.map((line) => line.slice(0, 47))).toEqual([
    'At most 5 training materials of a class: logit ',
    'At most 20 training materials of a class: logit',
  ]);
  const figures = Object.keys(studyFigures(compared));
  expect(figures).toContain('budget-curve');
  expect(figures).toContain('arms-macro-f1-b20');
  const headings = studySections(compared).map(({ heading }) => heading);
  expect(new Set(headings).size).toBe(headings.length);
  const rows = budgetTable(budgets, armRows);
  expect(rows.map((row) => row[0])).toEqual(['budget', '5', '5', '5', '20', '20', '20']);
});

it.each([
  [0.5, 0.7, '#009E73'],
  [0.7, 0.5, '#D55E00'],
  [0.5, 0.5, '#777777'],
  [0, 0, '#777777'],
  [1, 1, '#777777'],
])('colours recall %d -> %d as gained, lost or equal', (baseline, treated, colour) => {
  const svg = classChangeFigure({
    baseline: 'plain',
    best: null,
    classes: [{ spaceGroup: 14, trainCount: 9, band: 'few', recall: { baseline, treated } }],
  } as unknown as StudyComparison);
  const fills = [...svg.matchAll(/<circle[^>]*fill="(#\w+)"/g)].map((match) => match[1]);
  expect(fills.at(-1)).toBe(colour);
});
