import { describe, expect, it } from 'vitest';
import { heldOutCounts, splitMaterials } from '../../src/dataset/split.ts';
import { builtInTask, ladderCounts, MINERALS_LEAST } from '../../src/dataset/tasks/tasks.ts';

const materialsByGroup = (crystals: readonly { spaceGroup: number; material: string }[]) => {
  const groups = new Map<number, Set<string>>();
  for (const { spaceGroup, material } of crystals) {
    groups.set(spaceGroup, (groups.get(spaceGroup) ?? new Set()).add(material));
  }
  return groups;
};

describe('the ladder', () => {
  const counts = ladderCounts();

  it('falls from 150 to 5 training materials over 23 groups', () => {
    expect(counts).toHaveLength(23);
    expect(counts[0]!.train).toBe(150);
    expect(counts.at(-1)!.train).toBe(5);
    expect(counts.map(({ train }) => train)).toEqual(
      [...counts.map(({ train }) => train)].sort((a, b) => b - a),
    );
    expect(counts.reduce((sum, { train }) => sum + train, 0)).toBe(1017);
  });

  it('follows the Summit data from the most frequent group to the one that is not in them', () => {
    expect(counts.slice(0, 4).map(({ spaceGroup }) => spaceGroup)).toEqual([14, 225, 2, 62]);
    expect(counts.at(-1)!.spaceGroup).toBe(205);
  });

  it('made small keeps every class large enough to be split', () => {
    const { crystals, rule } = builtInTask('ladder', { seed: 1, limit: 230 });
    const groups = materialsByGroup(crystals);
    expect(groups.size).toBe(23);
    for (const members of groups.values()) {
      const held = heldOutCounts(members.size, rule);
      expect(held.test).toBe(rule.test.cap);
      expect(members.size - held.test - held.validation).toBeGreaterThanOrEqual(5);
    }
    expect(new Set(crystals.map(({ id }) => id)).size).toBe(crystals.length);
  }, 120_000);
});

describe('the minerals', () => {
  const { crystals } = builtInTask('minerals', { seed: 1 });
  const groups = materialsByGroup(crystals);

  it('are of groups with at least ten materials, and of very unequal size', () => {
    const sizes = [...groups.values()].map((materials) => materials.size);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(MINERALS_LEAST);
    expect(sizes.length).toBeGreaterThan(50);
    expect(Math.max(...sizes) / Math.min(...sizes)).toBeGreaterThan(20);
  });

  it('limited keep all groups, and for one seed are the same', () => {
    const few = builtInTask('minerals', { seed: 1, limit: 1000 }).crystals;
    expect(few.length).toBeLessThan(0.4 * crystals.length);
    expect(materialsByGroup(few).size).toBe(groups.size);
    expect(builtInTask('minerals', { seed: 1, limit: 1000 }).crystals.map(({ id }) => id)).toEqual(
      few.map(({ id }) => id),
    );
  });
});

it('the universal task has every group with a mineral, a single material as a test', () => {
  const { crystals, rule } = builtInTask('universal', { seed: 1 });
  const groups = materialsByGroup(crystals);
  expect(groups.size).toBe(170);
  const [single] = [...groups.values()].filter((materials) => materials.size === 1);
  const classOf = new Map(crystals.map((one) => [one.material, one.spaceGroup]));
  const parts = splitMaterials(classOf, { seed: 1, rule });
  expect(parts.get([...single!][0]!)).toBe('test');
  expect(splitMaterials(classOf, { seed: 1 }).get([...single!][0]!)).toBe('train');
});

it('an unknown task is a usage error that names the nearest', () => {
  expect(() => builtInTask('mineral', { seed: 1 })).toThrow(/did you mean "minerals"/);
});

it('has the groups of the ladder in equal numbers in the balanced task', () => {
  const { crystals, rule } = builtInTask('balanced', { seed: 1, limit: 230 });
  const counts = new Map<number, number>();
  for (const { spaceGroup } of crystals) counts.set(spaceGroup, (counts.get(spaceGroup) ?? 0) + 1);
  expect([...counts.keys()].sort()).toEqual(
    ladderCounts()
      .map((c) => c.spaceGroup)
      .sort(),
  );
  expect(new Set(counts.values()).size).toBe(1);
  expect(rule).toEqual({ test: { share: 1, cap: 5 }, validation: { share: 1, cap: 2 } });
});
