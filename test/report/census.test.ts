import { describe, expect, it } from 'vitest';
import { bandOf, type CensusRow, census } from '../../src/dataset/census.ts';
import { SYSTEM_COLOURS } from '../../src/report/draw/figure.ts';
import {
  classHistogram,
  exampleSheet,
  samplesAgainstMaterials,
} from '../../src/report/figures/census.ts';
import {
  anomalyLines,
  censusLines,
  intensityLines,
  splitLines,
} from '../../src/report/pages/census-text.ts';

/** 130 cubic samples of 13 materials, 40 orthorhombic of 4, 3 tetragonal of one; a tenth for test. */
const rows = [
  [225, 130],
  [62, 40],
  [122, 3],
].flatMap(([spaceGroup, samples]) =>
  Array.from(
    { length: samples! },
    (_, i): CensusRow => ({
      spaceGroup: spaceGroup!,
      material: `${spaceGroup}-${Math.floor(i / 10)}`,
      energy: 100 + 10 * (i % 10),
      split: i % 10 === 0 && spaceGroup !== 122 ? 'test' : 'train',
    }),
  ),
);
const counted = census(rows);

/** Bars (or dots) of one colour in a figure. */
const marks = (svg: string, tag: string, colour: string): string[] =>
  svg.match(new RegExp(`<${tag}[^>]*fill="${colour}"[^>]*>`, 'g')) ?? [];
const heightOf = (mark: string): number => Number(/height="([\d.]+)"/.exec(mark)?.[1]);

describe('the class histogram', () => {
  const svg = classHistogram(counted);
  const bar = (system: string): number =>
    Math.max(...marks(svg, 'rect', SYSTEM_COLOURS[system]!).map(heightOf));

  it('draws one bar a space group, its height the logarithm of its training materials', () => {
    const heights = ['cubic', 'orthorhombic', 'tetragonal'].map(bar);
    const logs = [13, 4, 1].map((count) => Math.log(count / 0.5));
    const perUnit = heights[0]! / logs[0]!;
    heights.forEach((height, i) => {
      expect(height).toBeCloseTo(perUnit * logs[i]!, 0);
    });
  });

  it('names the bands and the imbalance', () => {
    for (const word of [
      'many',
      'medium',
      'few',
      'Training materials',
      '13 to 1',
      '173 samples',
      '18 materials',
    ]) {
      expect(svg).toContain(word);
    }
    expect([101, 100, 20, 19].map(bandOf)).toEqual(['many', 'medium', 'medium', 'few']);
  });

  it('draws a single class', () => {
    expect(classHistogram(census(rows.slice(1, 2)))).toContain('1 to 1');
  });

  it('says where nothing is left to learn from, without a number that is none', () => {
    const svg = classHistogram(census(rows.slice(0, 1)));
    expect(svg).toContain('Training materials of each space group: there are none');
    expect(svg).not.toContain('NaN');
  });

  it('counts in whole numbers on its axis', () => {
    expect(classHistogram(counted)).not.toMatch(/>\d+m</);
  });
});

it('samples against materials has a dot for each space group', () => {
  const svg = samplesAgainstMaterials(counted);
  expect(svg.match(/<circle/g)).toHaveLength(3);
  expect(svg).toContain('9.6 samples a material');
});

it('the sheet shows each example with its formula, group, zone axes and scale bar', async () => {
  const pixels = new Uint8Array(8 * 8 * 3);
  const zones = [
    [0, 0, 1],
    [1, -1, 0],
    [0, 0, 0],
  ] as const;
  const example = { material: 'sample', formula: 'Al12 O18', zones, pixels };
  const sheet = await exampleSheet(
    [
      { ...example, spaceGroup: 225, count: 117 },
      { ...example, spaceGroup: 122, count: 3 },
    ],
    { size: 8, pixel: 0.32 },
  );
  const svg = sheet();
  expect(svg.match(/<image/g)).toHaveLength(2);
  expect(svg.match(/>0.5 1\/Å</g)).toHaveLength(2);
  for (const text of [
    'Al\u2082O\u2083 · sample',
    'Fm-3m (225), cubic, 117 materials',
    'I-42d (122), tetragonal, 3 materials',
    '>[001] [11\u03050]<', // the third is not known
  ]) {
    expect(svg).toContain(text);
  }
});

describe('the text', () => {
  it('gives the counts, what cannot be tested, and the rule', () => {
    const text = [...censusLines(counted), ...splitLines(counted, 'material')].join('\n');
    expect(text).toMatch(/train +156 +18 +3/);
    expect(text).toContain('43.3 : 1 in samples');
    expect(text).toContain('cannot be tested: 122');
    expect(text).toContain('1 material: train only');
  });

  it('lists anomalies by kind and names those that were left out', () => {
    const anomalies = [
      { kind: 'no-stack', file: 'a.h5', group: 'sample_1_0', reason: 'no dataset cbed_stack' },
      { kind: 'attribute-long-double', file: 'a.h5', group: 'sample_2_0', reason: 'x' },
      { kind: 'attribute-long-double', file: 'a.h5', group: 'sample_3_0', reason: 'x' },
    ] as const;
    const text = anomalyLines(anomalies, 'all.json').join('\n');
    expect(text).toMatch(/attribute-long-double +2 +kept/);
    expect(text).toMatch(/no-stack +1 +left out/);
    expect(text).toContain('a.h5: sample_1_0: no dataset cbed_stack');
    expect(text).not.toContain('sample_2_0');
    expect(anomalyLines([])).toEqual(['nothing unusual in the files']);
  });

  it('says what share of the pixels lies at the floor', () => {
    const histogram = new Array<number>(256).fill(0);
    histogram[0] = 75;
    histogram[100] = 25;
    const intensities = { samples: 2, minimum: 0, maximum: 1, mean: 0.1, histogram };
    expect(intensityLines(intensities, counted).join('\n')).toContain('75.0 % at the floor');
  });
});
