import { describe, expect, it } from 'vitest';
import { CrystalSources } from '../../gan/crystal/skeleton-sources.ts';
import { type KnownCrystals, newCrystals } from '../../src/benchmark/pools/crystal-sources.ts';
import { groupBy } from '../../src/common/group.ts';
import { materialKey } from '../../src/crystal/formula.ts';
import { loadMinerals } from '../../src/crystal/minerals.ts';
import { findSymmetry } from '../../src/crystal/symmetry.ts';

const training = loadMinerals(new Set([194, 225])).slice(0, 60);

const sources = new CrystalSources(training);

const known: KnownCrystals = {
  sources: () => sources,
  byGroup: groupBy(training, ({ spaceGroup }) => spaceGroup),
  elements: [...new Set(training.flatMap(({ atoms }) => atoms.map(({ element }) => element)))],
  heldOut: new Set(),
};
const groups = [...known.byGroup.keys()];
const wanted = new Map(groups.map((group) => [group, 7]));

const made = (source: Parameters<typeof newCrystals>[1]['source'], from = known) =>
  newCrystals(from, { source, wanted, seed: 3, round: 0 });

const refusals = (refused: Record<string, number>) =>
  Object.values(refused).reduce((a, b) => a + b, 0);

describe.each(['crystals-random', 'crystals-varied', 'crystals-half', 'crystals-fitted'] as const)(
  '%s',
  (source) => {
    const { crystals, refused } = made(source);

    it('accounts for every proposal', () => {
      expect(crystals.length + refusals(refused)).toBe(7 * groups.length);
    });

    it('gives crystals of the groups that were asked for, each with a name of its own', () => {
      expect(new Set(crystals.map(({ crystal }) => crystal.id)).size).toBe(crystals.length);
      for (const { crystal } of crystals) {
        expect(findSymmetry(crystal)?.spaceGroup).toBe(crystal.spaceGroup);
        expect(groups).toContain(crystal.spaceGroup);
      }
    });

    it('is the same again, and another for another seed or round', () => {
      expect(made(source)).toEqual({ crystals, refused });
      const cells = (some: typeof crystals) => some.map(({ crystal }) => crystal.cell);
      const others = [
        newCrystals(known, { source, wanted, seed: 4, round: 0 }),
        newCrystals(known, { source, wanted, seed: 3, round: 1 }),
      ];
      for (const other of others) expect(cells(other.crystals)).not.toEqual(cells(crystals));
    });

    it('refuses every crystal that is a held-out material', () => {
      const keys = crystals.map(({ crystal }) => materialKey(crystal.atoms, crystal.spaceGroup));
      const again = made(source, { ...known, heldOut: new Set(keys) });
      expect(again.crystals).toEqual([]);
      expect(again.refused['held-out material']).toBe(crystals.length);
    });
  },
);

it('names the training material of varied crystals, and half of half', () => {
  const materials = new Set(training.map(({ material }) => material));
  for (const { parent } of made('crystals-varied').crystals) expect(materials).toContain(parent);
  const parents = made('crystals-half').crystals.filter(({ parent }) => parent !== null);
  expect(parents.length).toBeLessThanOrEqual(4 * groups.length);
  expect(parents.length).toBeGreaterThan(0);
});

it('breaks the symmetry of training crystals of supergroups', () => {
  const { crystals } = newCrystals(known, {
    source: 'crystals-broken',
    wanted: new Map([[186, 5]]),
    seed: 3,
    round: 0,
  });
  expect(crystals).toHaveLength(5);
  const parents = new Set(training.filter((c) => c.spaceGroup === 194).map((c) => c.material));
  for (const { crystal, parent } of crystals) {
    expect(findSymmetry(crystal)?.spaceGroup).toBe(186);
    expect(parents).toContain(parent);
  }
});

it('has nothing to vary in a class without a training crystal', () => {
  const empty = { ...known, byGroup: new Map() };
  expect(made('crystals-varied', empty)).toEqual({ crystals: [], refused: {} });
  expect(made('crystals-random', empty).crystals.length).toBeGreaterThan(0);
});
