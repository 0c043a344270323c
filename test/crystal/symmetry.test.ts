import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { cellMatrix, cellOf } from '../../src/crystal/cell.ts';
import type { Atom, Cell, Crystal, Vec3 } from '../../src/crystal/crystal.ts';
import { Spacing } from '../../src/crystal/distances.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import {
  determinant,
  inverse,
  type Matrix3,
  matrixVector,
  multiply,
  transpose,
} from '../../src/crystal/matrix.ts';
import { expandSites } from '../../src/crystal/orbit.ts';
import { enantiomorph, operations, SPACE_GROUPS } from '../../src/crystal/spacegroup.ts';
import { findSymmetry, standardise } from '../../src/crystal/symmetry.ts';

const EXACT = [1e-6, 1e-6, 1e-6] as const;
const QUARTZ: Cell = [4.916, 4.916, 5.4054, 90, 90, 120];

/** Levien, Prewitt and Weidner (1980): quartz, Si at 0.4697 0 0 and O at 0.4135 0.2669 0.1191. */
const quartzSites: Atom[] = [
  { element: 14, position: [0.4697, 0, 1 / 3] },
  { element: 8, position: [0.4135, 0.2669, 0.1191 + 1 / 3] },
];

/** Axes (a, b, c) P and origin p: the same crystal described otherwise. det P = 1. */
function redescribed(crystal: Pick<Crystal, 'cell' | 'atoms'>, change: Matrix3, origin: Vec3) {
  const back = inverse(change);
  const atoms = crystal.atoms.map(({ element, position: p }) => ({
    element,
    position: matrixVector(back, [p[0] - origin[0], p[1] - origin[1], p[2] - origin[2]]),
  }));
  return { cell: cellOf(multiply(transpose(change), cellMatrix(crystal.cell))), atoms };
}

const mirrored = (crystal: Pick<Crystal, 'cell' | 'atoms'>) => ({
  cell: crystal.cell,
  atoms: crystal.atoms.map((atom) => ({
    ...atom,
    position: atom.position.map((x) => -x) as unknown as Vec3,
  })),
});

const PROPER: Matrix3[] = [
  [
    [0, 0, 1],
    [1, 0, 0],
    [0, 1, 0],
  ],
  [
    [1, 1, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  [
    [1, 0, 0],
    [0, 0, -1],
    [0, 1, 1],
  ],
  [
    [-1, 0, 0],
    [0, -1, 0],
    [0, 0, 1],
  ],
];

/** Sorted distances between the first atoms of a structure: the same for the same crystal. */
function distances({ cell, atoms }: Pick<Crystal, 'cell' | 'atoms'>): number[] {
  const spacing = new Spacing(cell, 3);
  const out: number[] = [];
  atoms.forEach((a, i) => {
    atoms.slice(i + 1).forEach((b) => {
      const d = spacing.between(a.position, b.position);
      if (d < 3) out.push(d);
    });
  });
  return out.sort((x, y) => x - y);
}

describe('standardisation', () => {
  it('keeps left and right quartz apart, however they are described', () => {
    for (const group of [152, 154]) {
      const shift = group === 152 ? 1 : -1;
      const sites = quartzSites.map(({ element, position: [x, y, z] }) => ({
        element,
        position: (group === 152 ? [x, y, z] : [x, y, -z]) as Vec3,
      }));
      const crystal = {
        cell: QUARTZ,
        atoms: expandSites(sites, operations(group), [0.02, 0.02, 0.02]),
      };
      expect(crystal.atoms).toHaveLength(9);
      expect(standardise(crystal)?.spaceGroup).toBe(group);
      expect(standardise(mirrored(crystal))?.spaceGroup).toBe(enantiomorph(group));
      for (const change of PROPER) {
        expect(determinant(change)).toBe(1);
        const again = redescribed(crystal, change, [0.11 * shift, 0.3, 0.07]);
        expect(standardise(again)?.spaceGroup).toBe(group);
      }
    }
  });

  it('keeps the hand of every enantiomorphic pair and turns it for the mirror image', () => {
    for (const group of SPACE_GROUPS.filter((g) => enantiomorph(g) !== null)) {
      const crystal = generateCrystal({
        spaceGroup: group,
        stream: new Stream(3, `hand/${group}`),
      });
      const turned = redescribed(crystal, PROPER[0]!, [0.13, 0.29, 0.41]);
      expect(standardise(turned)?.spaceGroup).toBe(group);
      expect(findSymmetry(mirrored(crystal))?.spaceGroup).toBe(enantiomorph(group));
    }
  });

  it('never mirrors a chiral crystal of a group that both hands share', () => {
    // P2_12_12_1: the handedness shows in the sign of a triple product of bond vectors.
    const crystal = generateCrystal({ spaceGroup: 19, stream: new Stream(4, 'chiral') });
    const reference = new Set(fingerprints(crystal));
    for (const change of PROPER) {
      const back = standardise(redescribed(crystal, change, [0.2, 0.1, 0.3]))!;
      expect(fingerprints(back).every((print) => reference.has(print))).toBe(true);
    }
    const image = standardise(mirrored(crystal))!;
    expect(fingerprints(image).some((print) => reference.has(print))).toBe(false);
  });

  it('finds the same crystal from other axes and origins', () => {
    const stream = new Stream(5, 'redescribed');
    const group = fc.integer({ min: 1, max: 230 });
    const origin = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(group, origin, fc.constantFrom(...PROPER), (spaceGroup, p, change) => {
        const crystal = generateCrystal({ spaceGroup, stream: stream.split(spaceGroup) });
        const back = standardise(redescribed(crystal, change, p))!;
        expect(back.spaceGroup).toBe(spaceGroup);
        expect(back.atoms).toHaveLength(crystal.atoms.length);
        const [a, b] = [distances(back), distances(crystal)];
        expect(a).toHaveLength(b.length);
        a.forEach((d, i) => {
          expect(d).toBeCloseTo(b[i]!, 3);
        });
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  it('makes positions exact: every operation maps the atoms onto themselves', () => {
    const sites: Atom[] = [
      { element: 20, position: [0, 0, 0] },
      { element: 6, position: [0, 0, 0.25] },
      { element: 8, position: [0.2568, 0.0004, 0.2497] },
    ];
    const cell: Cell = [4.99, 4.99, 17.061, 90, 90, 120];
    const rough = { cell, atoms: expandSites(sites, operations(167), [0.02, 0.02, 0.02]) };
    const exact = standardise(rough)!;
    expect(exact.spaceGroup).toBe(167);
    expect(exact.sites).toHaveLength(3);
    const again = expandSites(exact.sites, operations(167), EXACT);
    expect(again).toHaveLength(30);
  });

  it('keeps displacement parameters with their atoms', () => {
    const atoms: Atom[] = [
      { element: 55, position: [0.5, 0.5, 0.5], uIso: 0.02 },
      { element: 17, position: [0, 0, 0], uIso: 0.03 },
    ];
    const standard = standardise({ cell: [4.12, 4.12, 4.12, 90, 90, 90], atoms })!;
    expect(standard.spaceGroup).toBe(221);
    for (const { element, uIso } of standard.atoms) expect(uIso).toBe(element === 55 ? 0.02 : 0.03);
  });

  it('reduces a supercell to its conventional cell', () => {
    const atoms: Atom[] = [0, 1, 2].map((i) => ({ element: 84, position: [i / 3, 0, 0] }));
    const standard = standardise({ cell: [10.08, 3.36, 3.36, 90, 90, 90], atoms })!;
    expect(standard.spaceGroup).toBe(221);
    expect(standard.atoms).toHaveLength(1);
    expect(standard.cell[0]).toBeCloseTo(3.36, 6);
  });
});

/** Signed volumes of triples of bonds at each atom: they change sign in a mirror. */
function fingerprints({ cell, atoms }: Pick<Crystal, 'cell' | 'atoms'>): string[] {
  const rows = cellMatrix(cell);
  return atoms.map((centre) => {
    const bonds = atoms.flatMap((atom) => {
      const found: { v: Vec3; d: number; e: number }[] = [];
      for (let i = -2; i <= 2; i++)
        for (let j = -2; j <= 2; j++)
          for (let k = -2; k <= 2; k++) {
            const f: Vec3 = [
              atom.position[0] - centre.position[0] + i,
              atom.position[1] - centre.position[1] + j,
              atom.position[2] - centre.position[2] + k,
            ];
            const v = matrixVector(transpose(rows), f);
            const d = Math.hypot(...v);
            if (d > 1e-6) found.push({ v, d, e: atom.element });
          }
      return found;
    });
    const [a, b, c] = bonds.sort((x, y) => x.d - y.d).map((bond) => bond.v);
    return `${centre.element} ${determinant([a!, b!, c!]).toFixed(2)}`;
  });
}
