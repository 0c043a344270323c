import { describe, expect, it } from 'vitest';
import { bandOf, type CensusRow, census } from '../../src/dataset/census.ts';
import { SPLITS } from '../../src/dataset/split.ts';
import { summitCounts } from '../../src/dataset/tasks/tasks.ts';

const row = (
  spaceGroup: number,
  material: string,
  split: CensusRow['split'] = null,
): CensusRow => ({
  spaceGroup,
  material,
  split,
  energy: 100,
});

describe('a census', () => {
  it('counts samples and materials in all and in each split', () => {
    const counted = census([
      row(14, 'a', 'train'),
      row(14, 'a', 'train'),
      row(14, 'b', 'test'),
      row(225, 'c', 'train'),
    ]);
    expect(counted).toMatchObject({
      samples: 4,
      materials: 3,
      imbalance: { samples: 3, materials: 2 },
    });
    expect(counted.bySplit.train).toEqual({ samples: 3, materials: 2, classes: 2 });
    expect(counted.classes[0]).toMatchObject({ spaceGroup: 14, samples: 3, materials: 2 });
    expect(counted.singletons).toEqual([225]);
    expect(counted.empty).toHaveLength(228);
    expect(counted.energies).toEqual([[100, 4]]);
  });

  it('has as many effective classes as there are where all are equal, fewer otherwise', () => {
    const equal = census([1, 2, 3, 4].map((group) => row(group, `m${group}`)));
    expect(equal.effectiveClasses.samples).toBeCloseTo(4, 12);
    // Shares 3/4 and 1/4: exp of their entropy.
    const skewed = census([row(1, 'a'), row(1, 'b'), row(1, 'c'), row(2, 'd')]);
    const entropy = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));
    expect(skewed.effectiveClasses.materials).toBeCloseTo(Math.exp(entropy), 12);
  });

  it('of nothing is empty', () => {
    expect(census([])).toMatchObject({
      samples: 0,
      imbalance: { samples: 0 },
      effectiveClasses: { samples: 0 },
    });
  });

  it.each([
    [101, 'many'],
    [100, 'medium'],
    [20, 'medium'],
    [19, 'few'],
  ] as const)('puts %i samples in the band %s', (count, band) => {
    expect(bandOf(count)).toBe(band);
  });
});

// Figures that the publishers of the data and others have given.
describe('the counts of the Summit data', () => {
  const counts = [...summitCounts().values()];
  const total = (part: 'train' | 'dev' | 'test' | 'overall') =>
    counts.reduce((sum, one) => sum + one[part], 0);

  it('add up', () => {
    expect(counts).toHaveLength(230);
    expect(total('overall')).toBe(187155);
    expect(total('train') + total('dev') + total('test')).toBe(187155);
  });

  it('leave 30 groups empty and 60 training groups without a test sample', () => {
    expect(counts.filter((one) => one.overall === 0)).toHaveLength(30);
    expect(counts.filter((one) => one.train > 0 && one.test === 0)).toHaveLength(60);
    expect(SPLITS).toHaveLength(3);
  });
});
