import { describe, expect, it } from 'vitest';
import { calibrationBins, report } from '../../classifier/metrics.ts';
import { Stream } from '../../src/common/stream.ts';
import { PHONE } from '../../src/report/draw/figure.ts';
import {
  confusionFigure,
  learningFigure,
  reliabilityFigure,
  scoreFigure,
  searchFigure,
} from '../../src/report/figures/classification.ts';

const classes = [2, 14, 62, 139, 167, 194, 225];
const stream = new Stream(1, 'figures');
const labels = Array.from({ length: 80 }, () => stream.index(6));
const probabilities = Float32Array.from(
  labels.flatMap((label) => {
    const row = classes.map((_, c) => stream.uniform() + (c === label ? 1 : 0));
    const sum = row.reduce((a, b) => a + b, 0);
    return row.map((p) => p / sum);
  }),
);
const trainCounts = [150, 90, 60, 30, 12, 8, 5];
const outcome = report(probabilities, labels, { classes, trainCounts });
const bins = calibrationBins(probabilities, labels, classes.length);
const history = {
  losses: [10, 20, 30].map((update) => ({ update, loss: 3 / update, rate: 1e-3 })),
  validation: [15, 30].map((update) => ({ update, loss: 4 / update, macroF1: update / 40 })),
};
const traces = [
  { rows: 300, cap: 100, macroF1: 0.7, recallLoss: 0, accepted: 1 },
  { rows: 200, cap: 70, macroF1: 0.6, recallLoss: 0.1, accepted: 0 },
];

const drawn = {
  confusion: confusionFigure(outcome),
  scores: scoreFigure(outcome),
  reliability: reliabilityFigure(bins, outcome.ece),
  learning: learningFigure(history, 30),
  search: searchFigure(traces),
};

it.each(Object.entries(drawn))('%s is an SVG without a number that is none', (_name, svg) => {
  expect(svg.startsWith('<svg')).toBe(true);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

it('lays each out anew for a phone, with all that the wide one shows', () => {
  const narrow = {
    confusion: confusionFigure(outcome, PHONE),
    scores: scoreFigure(outcome, PHONE),
    reliability: reliabilityFigure(bins, outcome.ece, PHONE),
    learning: learningFigure(history, 30, PHONE),
    search: searchFigure(traces, PHONE),
  };
  for (const [name, svg] of Object.entries(narrow)) {
    const widths = [...svg.matchAll(/<svg[^>]* width="([\d.]+)"/g)].map(([, w]) => Number(w));
    expect(Math.max(...widths), name).toBe(PHONE);
    const cells = (of: string) => of.match(/<rect [^>]*fill="rgb/g)?.length;
    expect(cells(svg), name).toBe(cells(drawn[name as keyof typeof drawn]));
  }
});

describe('what the figures say', () => {
  it('confusion: one cell for each pair that occurs, groups ordered by crystal system', () => {
    const pairs = outcome.confusion.flat().filter((count) => count > 0).length;
    const cells = drawn.confusion.match(/<rect [^>]*fill="rgb/g) ?? [];
    expect(cells).toHaveLength(pairs);
    expect(drawn.confusion).toContain('80 test triplets of 6 groups');
    expect(drawn.confusion).toContain('cubic');
  });

  it('scores: a dot for each tested class, the absent one named', () => {
    expect(drawn.scores).toContain('1 group has no test example: 225');
    expect(drawn.scores.match(/<circle/g)).toHaveLength(6);
  });

  it('reliability: a dot for each bin that holds predictions', () => {
    const full = bins.filter(({ count }) => count > 0).length;
    expect(drawn.reliability.match(/<circle/g)).toHaveLength(full);
  });

  it('search: an accepted and a refused step', () => {
    expect(drawn.search.match(/<circle/g)).toHaveLength(2);
    expect(drawn.search).toContain('fill="white"');
  });
});
