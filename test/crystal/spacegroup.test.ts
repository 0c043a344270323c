import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isGroup } from '../../src/crystal/operation.ts';
import { onSpecialPosition, orbitOf } from '../../src/crystal/orbit.ts';
import {
  centring,
  centringVectors,
  crystalSystem,
  enantiomorph,
  hermannMauguin,
  latticeSystem,
  operations,
  pointGroup,
  SPACE_GROUPS,
  wyckoffPositions,
} from '../../src/crystal/spacegroup.ts';
import { settingsOfHall, settingsOfSymbol } from '../../src/crystal/symbols.ts';
import { parseTriplet } from '../../src/crystal/triplet.ts';

type GoldenRow = [number, string, string, string, number, number, number, string];

const golden = JSON.parse(
  readFileSync(new URL('../golden/spacegroups.json', import.meta.url), 'utf8'),
) as { groups: GoldenRow[] };

const digest = (group: number): string => {
  const lines = operations(group).map(({ rotation, translation }) =>
    [...rotation, ...translation.map((t) => Math.round(t * 24))].map((v) => v + 0).join(' '),
  );
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex').slice(0, 12);
};

const determinant = (r: readonly number[]): number =>
  r[0]! * (r[4]! * r[8]! - r[5]! * r[7]!) -
  r[1]! * (r[3]! * r[8]! - r[5]! * r[6]!) +
  r[2]! * (r[3]! * r[7]! - r[4]! * r[6]!);

const isSohncke = (group: number): boolean =>
  operations(group).every(({ rotation }) => determinant(rotation) === 1);

const hasInversion = (group: number): boolean =>
  operations(group).some(
    ({ rotation, translation }) =>
      rotation.join() === '-1,0,0,0,-1,0,0,0,-1' && translation.every((t) => t === 0),
  );

describe('the 230 space groups', () => {
  it('have the operations, system and point group of another library (gemmi)', () => {
    expect(golden.groups).toHaveLength(230);
    for (const [group, symbol, point, system, count, sohncke, inversion, hash] of golden.groups) {
      expect(operations(group), `operations of ${group}`).toHaveLength(count);
      expect(digest(group), `operations of ${group}`).toBe(hash);
      expect(crystalSystem(group)).toBe(system);
      expect(pointGroup(group)).toBe(point === '-62m' ? '-6m2' : point);
      expect(isSohncke(group)).toBe(sohncke === 1);
      expect(hasInversion(group)).toBe(inversion === 1);
      expect(new Set(settingsOfSymbol(symbol).map((s) => s.spaceGroup))).toEqual(new Set([group]));
    }
  });

  it('have operations that form a group with the centring translations', () => {
    for (const group of SPACE_GROUPS) {
      expect(isGroup(operations(group)), `group ${group}`).toBe(true);
      const shifts = operations(group).filter((o) => o.rotation.join('') === '100010001');
      expect(shifts.map((o) => o.translation.join()).sort()).toEqual(
        centringVectors(group)
          .map((v) => v.join())
          .sort(),
      );
    }
  });

  it('number as the International Tables count them', () => {
    const count = (test: (group: number) => boolean) => SPACE_GROUPS.filter(test).length;
    expect(new Set(SPACE_GROUPS.map(pointGroup)).size).toBe(32);
    expect(count(isSohncke)).toBe(65);
    expect(count((g) => latticeSystem(g) === 'rhombohedral')).toBe(7);
    expect(count((g) => centring(g) === 'R')).toBe(7);
    const letters = SPACE_GROUPS.reduce((sum, g) => sum + wyckoffPositions(g).length, 0);
    expect(letters).toBe(1731);
  });

  it.each([
    [1, 'P1', 'triclinic', '1', 'P'],
    [14, 'P2_1/c', 'monoclinic', '2/m', 'P'],
    [38, 'Amm2', 'orthorhombic', 'mm2', 'A'],
    [62, 'Pnma', 'orthorhombic', 'mmm', 'P'],
    [141, 'I4_1/amd', 'tetragonal', '4/mmm', 'I'],
    [166, 'R-3m', 'trigonal', '-3m', 'R'],
    [194, 'P6_3/mmc', 'hexagonal', '6/mmm', 'P'],
    [227, 'Fd-3m', 'cubic', 'm-3m', 'F'],
  ])('%i is %s', (group, symbol, system, point, lattice) => {
    expect(hermannMauguin(group)).toBe(symbol);
    expect(crystalSystem(group)).toBe(system);
    expect(pointGroup(group)).toBe(point);
    expect(centring(group)).toBe(lattice);
  });

  it('refuse a number that is none', () => {
    for (const wrong of [0, 231, 1.5, Number.NaN]) {
      expect(() => crystalSystem(wrong)).toThrow(`space group ${wrong}`);
    }
  });
});

describe('enantiomorphic pairs', () => {
  const pairs = SPACE_GROUPS.filter((g) => enantiomorph(g) !== null);

  it('are eleven, each the mirror image of the other', () => {
    expect(pairs).toHaveLength(22);
    for (const group of pairs) {
      const partner = enantiomorph(group)!;
      expect(enantiomorph(partner)).toBe(group);
      expect(pointGroup(partner)).toBe(pointGroup(group));
      expect(isSohncke(group)).toBe(true);
    }
  });

  it('turn screws the other way: 3_1 against 3_2, 4_1 against 4_3, 6_1 against 6_5', () => {
    const screws = ['3_1', '3_2', '4_1', '4_3', '6_1', '6_5', '6_2', '6_4'];
    const other = ['3_2', '3_1', '4_3', '4_1', '6_5', '6_1', '6_4', '6_2'];
    for (const group of pairs) {
      const screw = screws.findIndex((s) => hermannMauguin(group).slice(1).startsWith(s));
      expect(hermannMauguin(enantiomorph(group)!).slice(1)).toMatch(new RegExp(`^${other[screw]}`));
    }
  });
});

describe('Wyckoff positions', () => {
  it('give orbits of their multiplicity for free parameters in general position', () => {
    const tolerance = [1e-6, 1e-6, 1e-6] as const;
    for (const group of SPACE_GROUPS) {
      for (const { coordinates, multiplicity, letter } of wyckoffPositions(group)) {
        const { rotation: r, translation: t } = parseTriplet(coordinates)!;
        const [x, y, z] = [0.1234, 0.3391, 0.0577];
        const at = [0, 1, 2].map(
          (i) => r[3 * i]! * x + r[3 * i + 1]! * y + r[3 * i + 2]! * z + t[i]!,
        );
        const site = onSpecialPosition(
          at as [number, number, number],
          operations(group),
          tolerance,
        );
        const images = orbitOf(site, operations(group), tolerance);
        expect(images, `${group} ${multiplicity}${letter}`).toHaveLength(multiplicity);
      }
    }
  });
});

describe('symbols', () => {
  it.each([
    ['P 1 21/n 1', 14],
    ['P2(1)/c', 14],
    ['P b n m', 62],
    ['Cmca', 64],
    ['A b a 2', 41],
    ['F m 3 m', 225],
    ['Ia3d', 230],
    ['P m 3 n', 223],
    ['R -3 m', 166],
    ['P 31 1 2', 151],
    ['P 3 1 2', 149],
    ['F d -3 m:2', 227],
    ['F d -3 m :1', 227],
    ['R -3 m:H', 166],
    ['R-3c :R', 167],
    ['P n n n Z', 48],
  ])('%s names %i', (symbol, group) => {
    expect([...new Set(settingsOfSymbol(symbol).map((s) => s.spaceGroup))]).toEqual([group]);
  });

  it('that are unknown name nothing', () => {
    expect(settingsOfSymbol('Q 1 2 3')).toEqual([]);
    expect(settingsOfHall('nonsense')).toEqual([]);
    expect(settingsOfHall('-F 4vw 2vw 3').map((s) => s.spaceGroup)).toEqual([227]);
  });
});
