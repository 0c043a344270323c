import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { isAnion } from '../../src/crystal/composition.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { loadMinerals } from '../../src/crystal/minerals.ts';
import { findSymmetry } from '../../src/crystal/symmetry.ts';
import { varyCrystal } from '../../src/crystal/vary.ts';

const GROUPS = [14, 62, 148, 166, 194, 205, 225];
const minerals = loadMinerals(new Set(GROUPS));
const among = [...new Set(minerals.flatMap(({ atoms }) => atoms.map(({ element }) => element)))];

/** Some crystals of a group, of different materials. */
const some = (group: number): Crystal[] => {
  const byMaterial = new Map(
    minerals.filter((one) => one.spaceGroup === group).map((one) => [one.material, one]),
  );
  return new Stream(1, `vary/${group}`).shuffled([...byMaterial.values()]).slice(0, 12);
};

const vary = (crystal: Crystal, seed: number) =>
  varyCrystal({ crystal, among, stream: new Stream(seed, 'vary'), id: `new-${seed}` });

describe.each(GROUPS)('relatives of crystals of group %i', (group) => {
  const parents = some(group);
  const made = parents.map((crystal, seed) => vary(crystal, seed));

  it('come about mostly', () => {
    expect(made.filter((one) => one !== null).length).toBeGreaterThanOrEqual(parents.length / 2);
  });

  it('have exactly this group, found anew', () => {
    for (const crystal of made) {
      if (crystal) expect(findSymmetry(crystal)?.spaceGroup).toBe(group);
    }
  });

  it('keep the number of atoms and the roles of elements', () => {
    made.forEach((crystal, i) => {
      if (!crystal) return;
      const anions = ({ atoms }: Crystal) => atoms.filter(({ element }) => isAnion(element)).length;
      expect(crystal.atoms).toHaveLength(parents[i]!.atoms.length);
      expect(anions(crystal)).toBe(anions(parents[i]!));
    });
  });

  it('are other crystals, and the same ones for the same stream', () => {
    made.forEach((crystal, i) => {
      expect(vary(parents[i]!, i)).toEqual(crystal);
      if (crystal) expect(crystal.cell).not.toEqual(parents[i]!.cell);
    });
  });
});

it('brings in no element but those allowed', () => {
  const salt = minerals.find(({ material }) => material === 'NaCl-225')!;
  const allowed = [...new Set(salt.atoms.map(({ element }) => element)), 19, 35];
  for (let seed = 0; seed < 20; seed++) {
    const crystal = varyCrystal({
      crystal: salt,
      among: allowed,
      stream: new Stream(seed, 'few'),
      id: 'few',
    });
    for (const { element } of crystal?.atoms ?? []) expect(allowed).toContain(element);
  }
});
