import { readFileSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { dataFile } from '../../src/common/paths.ts';
import { Stream } from '../../src/common/stream.ts';
import { cellVolume } from '../../src/crystal/cell.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { worstClash } from '../../src/crystal/distances.ts';
import { loadMinerals, mineralLine, parseMineralLine } from '../../src/crystal/minerals.ts';
import { centringVectors } from '../../src/crystal/spacegroup.ts';
import { findSymmetry, standardise } from '../../src/crystal/symmetry.ts';

const summary = JSON.parse(readFileSync(dataFile('minerals.json'), 'utf8')) as {
  citation: string;
  entries: number;
  materials: number;
  spaceGroups: number;
  spaceGroupsOfTenMaterials: number;
  leftOut: Record<string, number>;
};

let minerals: Crystal[];
let seconds: number;

beforeAll(() => {
  const start = process.cpuUsage();
  minerals = loadMinerals();
  seconds = process.cpuUsage(start).user / 1e6;
});

const materialsOf = (crystals: readonly Crystal[]) => new Set(crystals.map((c) => c.material)).size;

describe('the minerals table', () => {
  it('is small, quick to load and names its source', () => {
    expect(statSync(dataFile('minerals.txt.gz')).size).toBeLessThan(400_000);
    expect(seconds).toBeLessThan(3); // of processor time; 0.7 s on a quiet machine
    expect(summary.citation).toContain('Downs, R. T. & Hall-Wallace, M. (2003)');
  });

  it('counts what was kept and what was left out', () => {
    expect(minerals).toHaveLength(summary.entries);
    expect(new Set(minerals.map((c) => c.id)).size).toBe(summary.entries);
    expect(materialsOf(minerals)).toBe(summary.materials);
    const groups = [...new Set(minerals.map((c) => c.spaceGroup))];
    expect(groups).toHaveLength(summary.spaceGroups);
    const large = groups.filter(
      (group) => materialsOf(minerals.filter((c) => c.spaceGroup === group)) >= 10,
    );
    expect(large).toHaveLength(summary.spaceGroupsOfTenMaterials);
    expect(large.length).toBeGreaterThanOrEqual(56);
    const leftOut = Object.values(summary.leftOut).reduce((a, b) => a + b, 0);
    expect(summary.entries + leftOut).toBe(6319);
  });

  it('has no clashing atoms, no giant cells and believable volumes', () => {
    for (const { id, cell, atoms, spaceGroup } of minerals) {
      const primitive = atoms.length / centringVectors(spaceGroup).length;
      expect(primitive, id).toBeLessThanOrEqual(200);
      const volume = cellVolume(cell) / atoms.length;
      expect(volume, id).toBeGreaterThan(2);
      expect(volume, id).toBeLessThan(140);
    }
    for (const { id, cell, atoms } of new Stream(1, 'clash').shuffled(minerals).slice(0, 100)) {
      expect(worstClash(cell, atoms, new Float64Array(atoms.length).fill(0.25)), id).toBeNull();
    }
  });

  it('has the space group that the symmetry library finds, in its standard setting', () => {
    const sample = new Stream(2, 'sample').shuffled(minerals).slice(0, 120);
    for (const crystal of sample) {
      const found = findSymmetry(crystal);
      expect(found?.spaceGroup, crystal.id).toBe(crystal.spaceGroup);
      expect(found?.atomCount, crystal.id).toBe(crystal.atoms.length);
    }
  });

  it('has monoclinic cells that a mineralogist would draw', () => {
    const angles = minerals
      .filter(({ spaceGroup }) => spaceGroup >= 3 && spaceGroup <= 15)
      .map((crystal) => crystal.cell[4]);
    expect(Math.min(...angles)).toBeGreaterThanOrEqual(90);
    expect(Math.max(...angles)).toBeLessThan(136);
    const diopside = minerals.find((crystal) => crystal.material === 'CaMgSi2O6-15')!;
    [9.8, 9.03, 5.27, 90, 106, 90].forEach((value, i) => {
      expect(Math.abs(diopside.cell[i]! - value)).toBeLessThan(1);
    });
  });

  it.each([
    ['NaCl-225', 5.64, 0.06],
    ['SiO2-152', 4.91, 0.15],
    ['SiO2-154', 4.91, 0.15],
    ['TiO2-136', 4.59, 0.06],
    ['C-227', 3.567, 0.01],
    ['CaF2-225', 5.46, 0.06],
    ['CaCO3-167', 4.99, 0.1],
    ['Al2O3-167', 4.76, 0.06],
    ['FeS2-205', 5.42, 0.06],
    ['ZnS-216', 5.41, 0.06],
    ['ZnS-186', 3.82, 0.06],
  ])('holds %s with a near %d angstrom', (material, a, tolerance) => {
    const entries = minerals.filter((crystal) => crystal.material === material);
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.some((crystal) => Math.abs(crystal.cell[0] - a) < tolerance)).toBe(true);
  });

  it('keeps entries of one material under one key', () => {
    const salt = minerals.filter((crystal) => crystal.material === 'NaCl-225');
    expect(new Set(salt.map((crystal) => crystal.formula))).toEqual(new Set(['Na4 Cl4']));
  });

  it('loads only the groups that are asked for', () => {
    const few = loadMinerals(new Set([152, 154]));
    expect(new Set(few.map((crystal) => crystal.spaceGroup))).toEqual(new Set([152, 154]));
    expect(few).toHaveLength(minerals.filter((c) => [152, 154].includes(c.spaceGroup)).length);
  });
});

describe('a line of the table', () => {
  it('comes back as it was', () => {
    for (const crystal of new Stream(3, 'lines').shuffled(minerals).slice(0, 50)) {
      const { spaceGroup, cell, sites } = standardise(crystal)!;
      const entry = { code: 7, spaceGroup, cell, sites };
      const line = mineralLine(entry);
      const again = parseMineralLine(line);
      expect(mineralLine(again)).toBe(line);
      expect(again.sites).toHaveLength(sites.length);
      again.cell.forEach((value, i) => {
        expect(value).toBeCloseTo(cell[i]!, 3);
      });
    }
  });

  it('with a wrong element is refused by name', () => {
    expect(() => parseMineralLine('1 225 5.6 Qq 0 0 0')).toThrow('"Qq"');
  });
});
