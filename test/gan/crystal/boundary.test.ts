import { describe, expect, test } from 'vitest';
import { findAmplitudes } from '../../../gan/crystal/boundary.ts';
import { distortedCrystal, findWay, type Way, wayOf } from '../../../gan/crystal/distortion.ts';
import { evolve, movedProposal, UNMOVED } from '../../../gan/crystal/evolution.ts';
import { CrystalSources } from '../../../gan/crystal/skeleton-sources.ts';
import { atomsOf, crystalOf } from '../../../gan/crystal/skeletons.ts';
import { distort } from '../../../gan/crystal/symmetry-breaking.ts';
import { cellMatrix } from '../../../src/crystal/cell.ts';
import { norm, vectorMatrix } from '../../../src/crystal/matrix.ts';
import { loadMinerals } from '../../../src/crystal/minerals.ts';
import { nearestImage } from '../../../src/crystal/orbit.ts';
import { findSymmetry } from '../../../src/crystal/symmetry.ts';

const PAIRS = [
  [225, 166],
  [194, 186],
  [62, 33],
  [166, 12],
  [227, 141],
  [221, 99],
] as const;
const sources = new CrystalSources(
  loadMinerals(new Set(PAIRS.flat())).filter((_, i) => i % 4 === 0),
);
const ways: Way[] = PAIRS.flatMap(([from, spaceGroup]) =>
  Array.from({ length: 4 }, (_, index) =>
    findWay(sources, { from: [from], spaceGroup, seed: 3, index }),
  ),
).filter((way) => way !== null);

/** How far the farthest atom of a path stands from where it started, angstrom. */
function displacement({ path }: Way, amplitude: number): number {
  const start = atomsOf(path.start);
  const rows = cellMatrix(path.start.cell);
  return Math.max(
    ...atomsOf(distort(path, amplitude)).map(({ position }, i) =>
      norm(vectorMatrix(nearestImage(start[i]!.position, position), rows)),
    ),
  );
}

describe('distortions', () => {
  test('there are ways from every supergroup, the same for the same seed and plain data', () => {
    for (const [from, to] of PAIRS) {
      const own = ways.filter(({ path }) => path.parent === from && path.spaceGroup === to);
      expect(own.length, `${from} > ${to}`).toBeGreaterThan(0);
    }
    for (const way of ways) {
      const source = JSON.parse(JSON.stringify(way.source));
      expect(wayOf(sources, source)).toEqual(way);
    }
    expect(findWay(sources, { from: [166], spaceGroup: 225, seed: 3, index: 0 })).toBeNull();
    expect(() => wayOf(sources, { ...ways[0]!.source, parent: 99_999 })).toThrow(/no path/);
  });

  test('the boundary of an analytic classifier is found to 1e-3 angstrom, from the lower symmetry', async () => {
    const edges = ways.map(({ farthest }, i) => farthest * (0.03 + (0.9 * i) / ways.length));
    const found = await findAmplitudes(
      ways,
      async (at) =>
        at.map(({ way, amplitude }) => {
          const past = displacement(way, amplitude) - edges[ways.indexOf(way)]!;
          return 12 * past + 80 * past ** 3;
        }),
      0,
    );
    for (const [i, { amplitude, startsAbove, evaluations }] of found.entries()) {
      expect(startsAbove).toBe(false);
      expect(amplitude!).toBeGreaterThanOrEqual(edges[i]! - 1e-6);
      expect(amplitude! - edges[i]!).toBeLessThan(1e-3);
      expect(evaluations).toBeLessThanOrEqual(11);
    }
  });

  test('one that never sees the distortion, or sees it from the start, has no boundary', async () => {
    const flat = (value: number) =>
      findAmplitudes(ways.slice(0, 2), async (at) => at.map(() => value), 0);
    for (const one of await flat(-1)) expect(one).toMatchObject({ amplitude: null });
    for (const one of await flat(1)) {
      expect(one).toMatchObject({ amplitude: null, startsAbove: true, evaluations: 2 });
    }
  });

  test('the label is verified at every amplitude, also below 0.1 angstrom, and never at 0', () => {
    let [seen, small] = [0, 0];
    for (const way of ways) {
      for (const amplitude of [0.03, 0.08, 0.2, way.farthest]) {
        const source = { ...way.source, amplitude };
        const checked = distortedCrystal(sources, { source, path: way.path });
        if (!('ok' in checked)) continue;
        seen++;
        if (amplitude < 0.1) small++;
        expect(checked.ok.spaceGroup).toBe(way.path.spaceGroup);
        const tolerance = Math.min(0.02, amplitude / 8);
        expect(findSymmetry(checked.ok, tolerance)?.spaceGroup).toBe(way.path.spaceGroup);
      }
      expect(distortedCrystal(sources, way)).toEqual({ refused: 'symmetry' });
    }
    expect(seen / (4 * ways.length)).toBeGreaterThan(0.7);
    expect(small).toBeGreaterThan(ways.length / 2);
  });

  test('a path whose end has another group than it states is refused', () => {
    for (const way of ways.filter(({ path }) => path.parent === 225)) {
      // Only the cell is strained: the atoms keep what the stated subgroup would have lost.
      const direction = way.path.direction.map(() => [0, 0, 0] as const);
      const path = { ...way.path, direction, strain: [0, 0, 0, 0, 0, 0] as const };
      const source = { ...way.source, amplitude: 0.3 };
      expect(findSymmetry(crystalOf(distort(path, 0.3), 'x'))?.spaceGroup).toBe(225);
      expect(distortedCrystal(sources, { source, path })).toEqual({ refused: 'symmetry' });
    }
  });
});

describe('moves of proposals', () => {
  const known = sources.known(62).slice(0, 6);
  const starts = known.map(({ crystal, sited }, index) => ({
    source: { spaceGroup: 62, seed: 1, index, truncation: 1, moves: UNMOVED },
    ...{ sited, crystal },
  }));
  /** A guide that asks for a volume a tenth larger. */
  const wanted = starts.map(({ sited }) => 1.1 * sited.cell[0] * sited.cell[1] * sited.cell[2]);
  const viewOf = (cell: readonly number[], index: number) => {
    const margin = 20 * Math.log((cell[0]! * cell[1]! * cell[2]!) / wanted[index]!);
    const probability = 1 / (1 + Math.exp(-margin));
    const partnerProbability = 1 - probability;
    const gap = probability - partnerProbability;
    return { partner: 0, margin, gap, probability, partnerProbability, topTwo: true };
  };

  test('bring crystals nearer, keep their group, and can be made again from plain data', async () => {
    const moved = await evolve({
      starts,
      sources,
      epsilon: 0.2,
      views: async (crystals) => crystals.map(({ crystal, index }) => viewOf(crystal.cell, index)),
    });
    for (const [i, { source, sited, view, evaluations }] of moved.entries()) {
      const before = Math.abs(viewOf(starts[i]!.sited.cell, i).margin);
      expect(Math.abs(view!.margin)).toBeLessThanOrEqual(before);
      expect(evaluations).toBeLessThanOrEqual(10);
      expect(sited.skeleton.spaceGroup).toBe(62);
      expect(movedProposal(starts[i]!.sited, source)).toEqual(sited);
    }
    const kept = moved.map(({ source }) => source.moves.toString(2).slice(1));
    expect(kept.filter((digits) => digits.includes('1')).length).toBeGreaterThan(3);
  });
});
