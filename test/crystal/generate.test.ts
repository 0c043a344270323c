import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { cellVolume } from '../../src/crystal/cell.ts';
import { atomicRadius, atomicVolume, drawComposition } from '../../src/crystal/composition.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { worstClash } from '../../src/crystal/distances.ts';
import { atomicNumber } from '../../src/crystal/elements.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import { expandSites } from '../../src/crystal/orbit.ts';
import { operations, SPACE_GROUPS } from '../../src/crystal/spacegroup.ts';
import { findSymmetry } from '../../src/crystal/symmetry.ts';

const generate = (spaceGroup: number, seed = 1): Crystal =>
  generateCrystal({ spaceGroup, stream: new Stream(seed, `battery/${spaceGroup}`) });

const battery = SPACE_GROUPS.map((group) => generate(group));

describe('a generated crystal of every space group', () => {
  it('has exactly its space group, also when blurred by 0.1 angstrom', () => {
    for (const crystal of battery) {
      for (const tolerance of [0.01, 0.1]) {
        const found = findSymmetry(crystal, tolerance);
        expect(found?.spaceGroup, crystal.id).toBe(crystal.spaceGroup);
        expect(found?.atomCount, crystal.id).toBe(crystal.atoms.length);
      }
    }
  });

  it('is closed under the tabulated operations', () => {
    for (const { atoms, spaceGroup, id } of battery) {
      const again = expandSites([atoms[0]!], operations(spaceGroup), [1e-5, 1e-5, 1e-5]);
      for (const { element, position } of again) {
        const there = atoms.some(
          (atom) =>
            atom.element === element &&
            atom.position.every((x, i) => {
              const d = x - position[i]!;
              return Math.abs(d - Math.round(d)) < 1e-4;
            }),
        );
        expect(there, id).toBe(true);
      }
    }
  });

  it('keeps its atoms apart and has a believable density', () => {
    for (const { atoms, cell, id } of battery) {
      const radii = atoms.map((atom) => 0.699 * atomicRadius(atom.element));
      expect(worstClash(cell, atoms, radii), id).toBeNull();
      const expected = atoms.reduce((sum, atom) => sum + atomicVolume(atom.element), 0);
      const ratio = cellVolume(cell) / expected;
      expect(ratio, id).toBeGreaterThan(0.6);
      expect(ratio, id).toBeLessThan(2.5);
    }
  });

  it('is the same from the same seed and another from another', () => {
    for (const group of [1, 47, 143, 227]) {
      expect(generate(group)).toEqual(battery[group - 1]);
      expect(generate(group, 2)).not.toEqual(battery[group - 1]);
    }
  });

  it('takes the name it is given for itself and its material', () => {
    const crystal = generateCrystal({
      spaceGroup: 2,
      stream: new Stream(1, 's'),
      id: 'generated:2:0',
    });
    expect([crystal.id, crystal.material]).toEqual(['generated:2:0', 'generated:2:0']);
  });

  it('refuses a space group that does not exist', () => {
    expect(() => generate(231)).toThrow('space group 231');
  });
});

describe('the elements drawn', () => {
  const drawn = Array.from({ length: 3000 }, (_, i) => drawComposition(new Stream(7, `c/${i}`)));
  const share = (test: (c: (typeof drawn)[number]) => boolean) =>
    drawn.filter(test).length / drawn.length;

  it('follow the built-in minerals: four in five with an anion, oxygen before sulphur before selenium', () => {
    expect(share((c) => c.anions.length > 0)).toBeCloseTo(0.75, 1);
    const [oxygen, sulphur, selenium] = ['O', 'S', 'Se'].map((symbol) =>
      share((c) => c.anions.includes(atomicNumber(symbol)!)),
    );
    expect(oxygen).toBeGreaterThan(2 * sulphur!);
    expect(sulphur).toBeGreaterThan(selenium!);
  });

  it('are one to five different ones, with a cation', () => {
    for (const { cations, anions } of drawn) {
      const all = [...cations, ...anions];
      expect(new Set(all).size).toBe(all.length);
      expect(cations.length).toBeGreaterThan(0);
      expect(all.length).toBeLessThanOrEqual(5);
    }
  });

  it('have volumes that known crystals show, in cubic angstrom', () => {
    expect(atomicVolume(atomicNumber('Fe')!)).toBeCloseTo(11, 0);
    expect(atomicVolume(atomicNumber('O')!)).toBeLessThan(atomicVolume(atomicNumber('S')!));
    expect(atomicVolume(atomicNumber('K')!)).toBeGreaterThan(atomicVolume(atomicNumber('Na')!));
  });
});
