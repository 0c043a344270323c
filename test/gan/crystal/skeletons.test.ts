import { describe, expect, test } from 'vitest';
import { hasClash, PairDistances } from '../../../gan/crystal/clashes.ts';
import { NoveltyCheck } from '../../../gan/crystal/novelty.ts';
import { fitPriors, likeElements, tryFitted } from '../../../gan/crystal/priors.ts';
import { checkCrystal } from '../../../gan/crystal/proposal-checks.ts';
import {
  atomsOf,
  crystalOf,
  skeletonName,
  skeletonOf,
  wyckoffSites,
} from '../../../gan/crystal/skeletons.ts';
import { subgroupPaths, subgroupsOf } from '../../../gan/crystal/subgroups.ts';
import { breakSymmetry, distort } from '../../../gan/crystal/symmetry-breaking.ts';
import { Stream } from '../../../src/common/stream.ts';
import { generateCrystal } from '../../../src/crystal/generate.ts';
import { loadMinerals } from '../../../src/crystal/minerals.ts';
import { applyOperation, nearestImage } from '../../../src/crystal/orbit.ts';
import { SPACE_GROUPS } from '../../../src/crystal/spacegroup.ts';
import { findSymmetry } from '../../../src/crystal/symmetry.ts';

const minerals = loadMinerals().filter((_, i) => i % 6 === 0);
const sited = minerals.map((crystal) => skeletonOf(crystal)!);
const distances = PairDistances.fit(sited);
const priors = fitPriors(sited);

describe('elements that stand in for another', () => {
  const among = [8, 10, 16, 18, 25, 26, 54, 88];

  test('have its role, the likest first, and no noble gas or radium among them', () => {
    expect(likeElements(26, among).elements).toEqual([25, 26]);
    expect(likeElements(16, among).elements).toEqual([8, 16]);
    const { elements, weights } = likeElements(25, among);
    expect(elements[weights.indexOf(Math.max(...weights))]).toBe(25);
  });

  test('are noble gases for a noble gas', () => {
    expect(likeElements(10, among).elements).toContain(18);
  });
});

describe('skeletons', () => {
  test('the representative of every Wyckoff position keeps its points, in all groups', () => {
    for (const group of SPACE_GROUPS) {
      for (const { map, freedom } of wyckoffSites(group)) {
        const point = applyOperation(map, [0.117, 0.271, 0.393]);
        const again = applyOperation(map, point);
        expect(Math.max(...nearestImage(point, again).map(Math.abs))).toBeLessThan(1e-9);
        expect(freedom).toBeGreaterThanOrEqual(0);
      }
    }
  });

  test('rock salt, fluorite and rutile have their sites', () => {
    const named = (material: string): string => {
      const crystal = loadMinerals().find((one) => one.material === material)!;
      return skeletonName(skeletonOf(crystal)!.skeleton);
    };
    expect(named('NaCl-225')).toBe('225: a | b');
    expect(named('CaF2-225')).toBe('225: a | c');
    expect(named('TiO2-136')).toBe('136: a | f');
  });

  test('a mineral comes back from its skeleton, every letter known', () => {
    for (const [i, one] of sited.entries()) {
      const crystal = minerals[i]!;
      expect(one.skeleton.sites.map(({ letter }) => letter)).not.toContain('?');
      const atoms = atomsOf(one);
      expect(atoms).toHaveLength(crystal.atoms.length);
      for (const { element, position } of crystal.atoms) {
        const found = atoms.some(
          (atom) =>
            atom.element === element &&
            nearestImage(atom.position, position).every((d) => Math.abs(d) < 2e-3),
        );
        expect(found).toBe(true);
      }
    }
  });

  test('atoms that are no orbits of the group give none', () => {
    const crystal = minerals.find(({ spaceGroup }) => spaceGroup === 62)!;
    expect(skeletonOf({ ...crystal, atoms: crystal.atoms.slice(1) })).toBeNull();
  });
});

describe('new skeletons from fitted priors', () => {
  test('every group gets one that is verified', () => {
    for (const spaceGroup of SPACE_GROUPS) {
      const stream = new Stream(1, `new/${spaceGroup}`);
      let group: number | undefined;
      for (let attempt = 0; attempt < 800 && group === undefined; attempt++) {
        const made = tryFitted({ spaceGroup, priors, distances, stream }, attempt / 2);
        const checked = made && checkCrystal(made, { id: 'new', distances });
        if (!checked || 'refused' in checked) continue;
        group = findSymmetry(checked.ok)?.spaceGroup;
        expect(hasClash(made, distances)).toBe(false);
      }
      expect(group, `space group ${spaceGroup}`).toBe(spaceGroup);
    }
  }, 120_000);

  test('the same stream gives the same crystal', () => {
    const make = () =>
      Array.from({ length: 20 }, (_, i) =>
        tryFitted({ spaceGroup: 62, priors, distances, stream: new Stream(i, 'same') }, 0),
      );
    expect(make()).toEqual(make());
  });
});

describe('symmetry breaking', () => {
  test('Pm-3m has the subgroups of the tables', () => {
    const groups = (order: number): number[] =>
      [...new Set(subgroupsOf(221, order).map(({ spaceGroup }) => spaceGroup))].sort(
        (a, b) => a - b,
      );
    // International Tables A1: maximal t-subgroups of Pm-3m.
    expect(groups(24)).toEqual([200, 207, 215]);
    expect(groups(16)).toEqual([123]);
    expect(groups(12)).toEqual([166, 195]);
    expect(subgroupsOf(221, 16)).toHaveLength(3);
    expect(subgroupsOf(221, 12)).toHaveLength(5);
    expect(subgroupPaths(225, 166).length).toBe(4);
    expect(subgroupPaths(166, 225)).toEqual([]);
  });

  test('every path ends in its subgroup, starts in the parent, and says how far atoms move', () => {
    const stream = new Stream(4, 'breaking');
    let paths = 0;
    for (const [from, to] of [
      [225, 166],
      [225, 139],
      [225, 216],
      [221, 123],
      [221, 99],
      [194, 186],
      [136, 58],
      [136, 113],
      [62, 33],
      [62, 14],
      [166, 12],
      [167, 15],
      [148, 2],
      [14, 4],
      [63, 36],
      [227, 141],
    ] as const) {
      const subgroups = subgroupPaths(from, to);
      expect(subgroups.length, `${from} > ${to}`).toBeGreaterThan(0);
      for (const parent of sited.filter((one) => one.skeleton.spaceGroup === from).slice(0, 4)) {
        const path = breakSymmetry({ parent, subgroup: stream.pick(subgroups), stream });
        if (!path) continue;
        paths++;
        const at = (amplitude: number) => crystalOf(distort(path, amplitude), 'path');
        const start = findSymmetry({ ...at(0), cell: path.start.cell });
        expect(start?.spaceGroup).toBe(from);
        const small = distort({ ...path, strain: [0, 0, 0, 0, 0, 0] }, 0.35);
        const found = findSymmetry(crystalOf(small, 'path'), 0.001);
        expect(found?.spaceGroup, `${from} > ${to}`).toBe(to);
        expect(path.spaceGroup).toBe(to);
      }
    }
    expect(paths).toBeGreaterThan(20);
  }, 120_000);
});

describe('checks', () => {
  test('half of the minerals come nearer than 0.7 of the radii, and pass what is learned', () => {
    const others = loadMinerals()
      .filter((_, i) => i % 30 === 1)
      .map((crystal) => skeletonOf(crystal)!);
    const passed = others.filter((one) => 'ok' in checkCrystal(one, { id: 'x', distances }));
    expect(passed.length / others.length).toBeGreaterThan(0.85);
  });

  test('atoms on top of each other, impossible cells and higher symmetry are refused', () => {
    const base = sited.find((one) => one.skeleton.spaceGroup === 62)!;
    const squeezed = { ...base, cell: [1.5, 1.5, 1.5, 90, 90, 90] as const };
    expect(checkCrystal(squeezed, { id: 'x', distances })).toEqual({ refused: 'clash' });
    const flat = { ...base, cell: [5, 5, 5, 10, 170, 90] as const };
    expect(checkCrystal(flat, { id: 'x', distances })).toEqual({ refused: 'cell' });
  });

  test('planted copies are found: moved origin, larger scale, noise; other structures are not', () => {
    const training = minerals.slice(0, 300);
    const heldOut = minerals.slice(300, 400);
    const stream = new Stream(2, 'planted');
    for (const crystal of heldOut.slice(0, 40)) {
      const novelty = new NoveltyCheck({ training, heldOut });
      const planted = {
        ...crystal,
        cell: crystal.cell.map((v, i) => (i < 3 ? 1.04 * v : v)) as unknown as typeof crystal.cell,
        atoms: crystal.atoms.map((atom) => ({
          ...atom,
          position: atom.position.map(
            (x, i) => x + 0.21 + (0.02 * stream.normal()) / crystal.cell[i as 0 | 1 | 2],
          ) as unknown as typeof atom.position,
        })),
      };
      expect(novelty.refusal(planted), crystal.material).toMatch(/heldOut/);
    }
    const novelty = new NoveltyCheck({ training, heldOut });
    for (let i = 0; i < 10; i++) {
      const spaceGroup = [2, 14, 62, 166, 225][i % 5]!;
      const crystal = generateCrystal({ spaceGroup, stream: new Stream(i, 'other') });
      expect(novelty.refusal(crystal)).toBeNull();
      expect(novelty.refusal(crystal)).toBe('repeated');
    }
  });
});
