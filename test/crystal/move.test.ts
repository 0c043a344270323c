import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { atomicRadius } from '../../src/crystal/composition.ts';
import { worstClash } from '../../src/crystal/distances.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import { moveCrystal } from '../../src/crystal/move.ts';
import { latticeSystem } from '../../src/crystal/spacegroup.ts';
import { findSymmetry } from '../../src/crystal/symmetry.ts';

/** Groups of every lattice system, with screw axes, glides, centrings and both hands. */
const GROUPS = [
  1, 2, 5, 14, 15, 33, 43, 62, 70, 88, 92, 122, 141, 146, 148, 167, 173, 186, 198, 205, 221, 227,
];

const crystalOf = (spaceGroup: number) =>
  generateCrystal({
    spaceGroup,
    stream: new Stream(7, `move ${spaceGroup}`),
    id: `g${spaceGroup}`,
  });

/** The first of some steps that holds. */
function someMove(spaceGroup: number, step: number) {
  const crystal = crystalOf(spaceGroup);
  for (let i = 0; i < 20; i++) {
    const moved = moveCrystal({ crystal, step, stream: new Stream(i, 'step') });
    if (moved) return { crystal, moved };
  }
  return { crystal, moved: null };
}

describe('a moved crystal', () => {
  it.each(GROUPS)('keeps space group %i, its atoms and their distances', (spaceGroup) => {
    const { crystal, moved } = someMove(spaceGroup, 0.15);
    expect(moved, `no step of 20 held in space group ${spaceGroup}`).not.toBeNull();
    expect(findSymmetry(moved!)).toEqual({ spaceGroup, atomCount: crystal.atoms.length });
    expect(moved!.spaceGroup).toBe(spaceGroup);
    const elements = (c: typeof crystal) => c.atoms.map(({ element }) => element).sort();
    expect(elements(moved!)).toEqual(elements(crystal));
    const radii = moved!.atoms.map(({ element }) => 0.7 * atomicRadius(element));
    expect(worstClash(moved!.cell, moved!.atoms, radii)).toBeNull();
    expect(moved!.cell).not.toEqual(crystal.cell);
  });

  it('keeps the angles and ratios that its lattice system fixes', () => {
    for (const spaceGroup of GROUPS) {
      const [a, b, c, alpha, beta, gamma] = someMove(spaceGroup, 0.15).moved!.cell;
      const system = latticeSystem(spaceGroup);
      if (system !== 'triclinic') expect(alpha).toBe(90);
      if (!['triclinic', 'monoclinic'].includes(system)) expect(beta).toBe(90);
      if (['hexagonal', 'rhombohedral'].includes(system)) expect(gamma).toBe(120);
      if (['tetragonal', 'hexagonal', 'rhombohedral', 'cubic'].includes(system))
        expect(a).toBeCloseTo(b, 12);
      if (system === 'cubic') expect(a).toBeCloseTo(c, 12);
    }
  });

  it('stays where it is for a step of nothing, and moves further for a longer one', () => {
    const crystal = crystalOf(62);
    const length = (step: number) => {
      const moved = moveCrystal({ crystal, step, stream: new Stream(3, 'length') })!;
      return Math.max(
        ...moved.cell.slice(0, 3).map((x, i) => Math.abs(Math.log(x / crystal.cell[i]!))),
      );
    };
    expect(length(0)).toBeLessThan(1e-6);
    expect(length(0.05)).toBeGreaterThan(2 * length(0.01));
  });

  it('is the same for the same stream, and another for another', () => {
    const crystal = crystalOf(14);
    const cells = [1, 1, 2].map((seed) => {
      for (let i = 0; ; i++) {
        const moved = moveCrystal({ crystal, step: 0.1, stream: new Stream(seed, `try ${i}`) });
        if (moved) return JSON.stringify(moved);
      }
    });
    expect(cells[0]).toBe(cells[1]);
    expect(cells[0]).not.toBe(cells[2]);
  });

  it('is refused where atoms would come too near or the symmetry would change', () => {
    const crystal = crystalOf(33);
    const far = Array.from({ length: 40 }, (_, i) =>
      moveCrystal({ crystal, step: 3, stream: new Stream(i, 'far') }),
    );
    expect(far.filter((moved) => moved === null).length).toBeGreaterThan(20);
    expect(
      moveCrystal({
        crystal: { ...crystal, spaceGroup: 62 },
        step: 0.1,
        stream: new Stream(1, 'x'),
      }),
    ).toBeNull();
  });
});
