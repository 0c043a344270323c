import { describe, expect, it } from 'vitest';
import {
  laueClass,
  projectedSymmetry,
  projectionFamilies,
  symmetryText,
} from '../../src/crystal/projected.ts';
import { enantiomorph, SPACE_GROUPS } from '../../src/crystal/spacegroup.ts';

// Symmetry of special projections: International Tables for Crystallography A (2016), section 2.3.
it.each([
  [1, [1, 1, 1], 'no symmetry'],
  [19, [2, 2, 2], 'glides'], // P2_12_12_1: p2gg along all three
  [47, [2, 2, 2], 'mirrors'], // Pmmm: p2mm
  [225, [4, 2, 6], 'mirrors'], // Fm-3m: p4mm, c2mm, p6mm
  [205, [2, 2, 6], null], // Pa-3: p2gm along [001], p2 along [110], p6 along [111]
  [194, [6, 2, 2], null], // P6_3/mmc: p6mm, p2gm, p2mm
])('projections of space group %i', (group, rotations, lines) => {
  const seen = projectedSymmetry(group);
  expect(seen.map(({ rotation }) => rotation)).toEqual(rotations);
  for (const { mirrors, glides } of lines ? seen : []) {
    expect([mirrors, glides]).toEqual([lines === 'mirrors', lines === 'glides']);
  }
});

it('says which lines a projection has', () => {
  expect(symmetryText(19)).toBe(
    'orthorhombic, Laue class mmm, [100] twofold with glides; [010] twofold with glides; [001] twofold with glides',
  );
  expect(symmetryText(194)).toContain('[001] sixfold with mirrors');
  expect(symmetryText(2)).toContain('-1, [100] twofold; [010] twofold; [001] twofold');
});

it('knows the eleven Laue classes', () => {
  expect(new Set(SPACE_GROUPS.map(laueClass)).size).toBe(11);
  expect([2, 14, 62, 88, 141, 148, 167, 176, 194, 205, 225].map(laueClass)).toEqual([
    '-1',
    '2/m',
    'mmm',
    '4/m',
    '4/mmm',
    '-3',
    '-3m',
    '6/m',
    '6/mmm',
    'm-3',
    'm-3m',
  ]);
});

describe('families of equal projections', () => {
  const families = projectionFamilies();
  const of = (group: number) => families.find((family) => family.includes(group))!;

  it('hold every group once', () => {
    expect(families.flat().sort((a, b) => a - b)).toEqual(SPACE_GROUPS);
  });

  it('hold enantiomorphic pairs together', () => {
    for (const group of SPACE_GROUPS) {
      const partner = enantiomorph(group);
      if (partner !== null) expect(of(group)).toContain(partner);
    }
  });

  it('join screw axes that only a direction across the zones would show', () => {
    expect(of(75)).toContain(77); // P4 and P4_2: seen along a, both have a twofold axis
    expect(of(75)).not.toContain(76); // P4_1: 2_1 along c is a glide line
    expect(of(195)).not.toContain(198);
  });

  it('keep apart what a glide or a centring shows', () => {
    for (const [a, b] of [
      [3, 4],
      [10, 14],
      [47, 62],
      [221, 225],
      [225, 227],
      [139, 141],
      [1, 2],
    ]) {
      expect(of(a!)).not.toContain(b);
    }
  });
});
