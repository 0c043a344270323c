import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellMatrix, cellOf, cellVolume, conformCell, isCell } from '../../src/crystal/cell.ts';
import type { Cell, Vec3 } from '../../src/crystal/crystal.ts';
import { Spacing, worstClash } from '../../src/crystal/distances.ts';
import { atomicNumber, ELEMENTS, elementSymbol } from '../../src/crystal/elements.ts';
import {
  cellFormula,
  formulaUnit,
  materialKey,
  reducedFormula,
} from '../../src/crystal/formula.ts';
import {
  determinant,
  inverse,
  type Matrix3,
  multiply,
  norm,
  transpose,
  vectorMatrix,
} from '../../src/crystal/matrix.ts';

const length = fc.double({ min: 1, max: 40, noNaN: true });
const angle = fc.double({ min: 40, max: 140, noNaN: true });
const anyCell = fc
  .tuple(length, length, length, angle, angle, angle)
  .filter((cell) => isCell(cell) && cellVolume(cell) > 1) as fc.Arbitrary<Cell>;

describe('cells', () => {
  it('come back from their matrix', () => {
    fc.assert(
      fc.property(anyCell, (cell) => {
        cellOf(cellMatrix(cell)).forEach((value, i) => {
          expect(value).toBeCloseTo(cell[i]!, 6);
        });
      }),
    );
  });

  it('have right-handed axes: a along x, b in the xy plane', () => {
    fc.assert(
      fc.property(anyCell, (cell) => {
        const [a, b, c] = cellMatrix(cell);
        expect([a[1], a[2], b[2]]).toEqual([0, 0, 0]);
        expect(a[0] > 0 && b[1] > 0 && c[2] > 0).toBe(true);
      }),
    );
  });

  it('have the volume of the textbook formula', () => {
    expect(cellVolume([4, 5, 6, 90, 90, 90])).toBeCloseTo(120, 12);
    expect(cellVolume([4, 4, 6, 90, 90, 120])).toBeCloseTo(96 * Math.sqrt(0.75), 10);
    // Triclinic: abc sqrt(1 - sum cos^2 + 2 product cos).
    const [ca, cb, cg] = [70, 80, 100].map((d) => Math.cos((d * Math.PI) / 180));
    const root = Math.sqrt(1 - ca! ** 2 - cb! ** 2 - cg! ** 2 + 2 * ca! * cb! * cg!);
    expect(cellVolume([4, 5, 6, 70, 80, 100])).toBeCloseTo(120 * root, 10);
  });

  it('are exact where angles are 90 and 120 degrees', () => {
    const rows = cellMatrix([3, 3, 5, 90, 90, 120]);
    expect(rows[1][0]).toBe(-1.5);
    expect(rows[2]).toEqual([0, 0, 5]);
  });

  it.each([
    [[5, 5, 5, 90, 90], 'five numbers'],
    [[5, 5, 0, 90, 90, 90], 'a length of zero'],
    [[5, 5, -5, 90, 90, 90], 'a negative length'],
    [[5, 5, 5, 40, 100, 150], 'angles that do not close'],
    [[5, 5, 5, 90, 90, 180], 'a straight angle'],
    [[5, 5, Number.NaN, 90, 90, 90], 'no number'],
  ])('%j is none: %s', (values) => {
    expect(isCell(values)).toBe(false);
  });

  it('conform to their lattice system', () => {
    expect(conformCell([4.001, 3.999, 6, 89.9, 90.1, 119.9], 'hexagonal')).toEqual([
      4, 4, 6, 90, 90, 120,
    ]);
    expect(conformCell([4, 5, 6, 89.99, 101, 90.01], 'monoclinic')).toEqual([4, 5, 6, 90, 101, 90]);
    const cubic = conformCell([4.1, 4, 3.9, 90, 90, 90], 'cubic');
    expect(new Set(cubic.slice(0, 3)).size).toBe(1);
  });
});

describe('matrices', () => {
  it('times their inverse are one', () => {
    fc.assert(
      fc.property(anyCell, (cell) => {
        const m = cellMatrix(cell);
        const one = multiply(m, inverse(m)).flat();
        [1, 0, 0, 0, 1, 0, 0, 0, 1].forEach((v, i) => {
          expect(one[i]).toBeCloseTo(v, 8);
        });
      }),
    );
  });

  it('have the determinant of the product of a triangle', () => {
    const m: Matrix3 = [
      [2, 7, 1],
      [0, 3, 5],
      [0, 0, 4],
    ];
    expect(determinant(m)).toBe(24);
  });
});

describe('distances', () => {
  it('are the shortest over many images', () => {
    const coordinate = fc.double({ min: 0, max: 0.999, noNaN: true });
    const place = fc.tuple(coordinate, coordinate, coordinate) as fc.Arbitrary<Vec3>;
    fc.assert(
      fc.property(anyCell, place, place, (cell, a, b) => {
        const rows = cellMatrix(cell);
        const range = 1.2;
        // |x g_i| <= |x| |g_i| bounds the fractional coordinates of a vector x within the range.
        const reciprocal = transpose(inverse(rows));
        const [na, nb, nc] = reciprocal.map((g) => 1 + Math.ceil(range * norm(g)));
        let brute = Number.POSITIVE_INFINITY;
        for (let i = -na!; i <= na!; i++)
          for (let j = -nb!; j <= nb!; j++)
            for (let k = -nc!; k <= nc!; k++) {
              const d: Vec3 = [a[0] - b[0] + i, a[1] - b[1] + j, a[2] - b[2] + k];
              brute = Math.min(brute, norm(vectorMatrix(d, rows)));
            }
        const found = new Spacing(cell, range).between(a, b);
        if (brute < range) expect(found).toBeCloseTo(brute, 9);
        else expect(found).toBeGreaterThanOrEqual(range - 1e-9);
      }),
      { numRuns: 60 },
    );
  });

  it('name the pair that clashes, across the cell border too', () => {
    const atoms = [
      { element: 14, position: [0.02, 0, 0] as Vec3 },
      { element: 8, position: [0.5, 0.5, 0.5] as Vec3 },
      { element: 8, position: [0.98, 0, 0] as Vec3 },
    ];
    const clash = worstClash([10, 10, 10, 90, 90, 90], atoms, [0.25, 0.25, 0.25]);
    expect(clash?.pair).toEqual([0, 2]);
    expect(clash?.distance).toBeCloseTo(0.4, 9);
    expect(worstClash([10, 10, 10, 90, 90, 90], atoms.slice(0, 2), [0.25, 0.25])).toBeNull();
  });

  it('see an atom clash with its own image in a cell too small', () => {
    const lone = [{ element: 1, position: [0, 0, 0] as Vec3 }];
    expect(worstClash([0.4, 5, 5, 90, 90, 90], lone, [0.25])?.pair).toEqual([0, 0]);
  });
});

describe('elements and formulas', () => {
  it('count 103 elements', () => {
    expect(ELEMENTS).toHaveLength(103);
    expect(atomicNumber('Fe')).toBe(26);
    expect(atomicNumber('Lr')).toBe(103);
    expect(atomicNumber('fe')).toBeNull();
    expect(elementSymbol(79)).toBe('Au');
    expect(() => elementSymbol(104)).toThrow('104');
  });

  it('write formulas as the Summit data do, the least electronegative element first', () => {
    const atoms = [8, 8, 8, 26, 26, 9, 9, 8].map((element) => ({ element }));
    expect(cellFormula(atoms)).toBe('Fe2 O4 F2');
    expect(formulaUnit(atoms)).toEqual({ formula: 'F Fe O2', units: 2 });
    const calcite = [20, 6, 8, 8, 8, 1].map((element) => ({ element }));
    expect(formulaUnit(calcite)).toEqual({ formula: 'C H Ca O3', units: 1 });
    expect(formulaUnit([{ element: 26 }, { element: 26 }])).toEqual({ formula: 'Fe', units: 2 });
    expect(reducedFormula(atoms)).toBe('FeO2F');
    expect(materialKey(atoms, 62)).toBe('FeO2F-62');
  });
});
