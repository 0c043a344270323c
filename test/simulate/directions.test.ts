import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { cellMatrix, cellOf } from '../../src/crystal/cell.ts';
import { readCif } from '../../src/crystal/cif/cif.ts';
import type { Cell, Crystal, Vec3 } from '../../src/crystal/crystal.ts';
import { elementSymbol } from '../../src/crystal/elements.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import {
  cross,
  dot,
  inverse,
  type Matrix3,
  matrixVector,
  multiply,
  norm,
  transpose,
  vectorMatrix,
} from '../../src/crystal/matrix.ts';
import type { Centring } from '../../src/crystal/spacegroup.ts';
import { zoneFrame } from '../../src/crystal/zone.ts';
import { directionOf } from '../../src/simulate/zone-views.ts';

const length = fc.double({ min: 3, max: 12, noNaN: true });
const angle = fc.double({ min: 75, max: 110, noNaN: true });
const cells = fc.tuple(length, length, length, angle, angle, angle) as fc.Arbitrary<Cell>;
const index = fc.integer({ min: -3, max: 3 });
const zones = fc.tuple(index, index, index).filter((zone) => zone.some((i) => i !== 0));
/** Lattice points a conventional cell. */
const POINTS: Record<Centring, number> = { P: 1, A: 2, C: 2, I: 2, F: 4, R: 3 };
const centrings = fc.constantFrom(...(Object.keys(POINTS) as Centring[]));

describe('a zone axis of an oblique cell', () => {
  it('is a direct-lattice direction, its zero layer and projected cell belong to it', () => {
    fc.assert(
      fc.property(cells, centrings, zones, (cell, centring, zone) => {
        const frame = zoneFrame({ cell, centring, zone });
        const rows = cellMatrix(cell);
        const along = vectorMatrix(zone, rows);
        // The beam runs along u a + v b + w c itself, not along the normal of a plane (uvw).
        expect(dot(frame.normal, along) / norm(along)).toBeCloseTo(1, 9);
        expect(norm(vectorMatrix(frame.zone, rows))).toBeCloseTo(frame.period, 9);
        expect(dot(cross(frame.x, frame.y), frame.normal)).toBeCloseTo(1, 9);
        const dual = transpose(inverse(rows));
        frame.hkl.forEach((hkl, i) => {
          expect(dot(hkl, zone)).toBeCloseTo(0, 9);
          const g = vectorMatrix(hkl, dual);
          expect(dot(g, frame.x)).toBeCloseTo(frame.reciprocal[i]![0], 9);
          expect(dot(g, frame.y)).toBeCloseTo(frame.reciprocal[i]![1], 9);
          frame.projected.forEach((side, j) => {
            const [x, y] = frame.reciprocal[i]!;
            expect(x * side[0] + y * side[1]).toBeCloseTo(i === j ? 1 : 0, 9);
          });
        });
        const [[ax, ay], [bx, by]] = frame.projected;
        const volume = Math.abs(dot(rows[0], cross(rows[1], rows[2])));
        const primitive = (ax * by - ay * bx) * frame.period;
        expect(primitive / (volume / POINTS[centring])).toBeCloseTo(1, 9);
        const up = vectorMatrix(frame.inPlane, rows);
        // Whole numbers are taken where they fit to 1e-4.
        expect(dot(up, frame.x) / norm(up)).toBeCloseTo(0, 2);
        expect(dot(up, frame.y)).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

const folder = mkdtempSync(join(tmpdir(), 'cbed-directions-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A crystal in other axes, (a, b, c) P, written atom by atom and read again. */
function rewritten(crystal: Crystal, change: Matrix3): { cell: Cell; read: Crystal } {
  const cell = cellOf(multiply(transpose(change), cellMatrix(crystal.cell)));
  const back = inverse(change);
  const atoms = crystal.atoms.map(({ element, position }, i) => {
    const at = matrixVector(back, position).map((x) => (x - Math.floor(x)).toFixed(8));
    return `${elementSymbol(element)}${i} ${elementSymbol(element)} ${at.join(' ')}`;
  });
  const names = ['length_a', 'length_b', 'length_c', 'angle_alpha', 'angle_beta', 'angle_gamma'];
  const text = [
    'data_turned',
    ...names.map((name, i) => `_cell_${name} ${cell[i]!.toFixed(8)}`),
    '_symmetry_space_group_name_H-M "P 1"',
    'loop_\n_atom_site_label\n_atom_site_type_symbol',
    '_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z',
    ...atoms,
  ].join('\n');
  const path = join(folder, 'turned.cif');
  writeFileSync(path, text);
  return { cell, read: readCif(path) };
}

const angleOf = (a: Vec3, b: Vec3, cell: Cell): number => {
  const [p, q] = [a, b].map((v) => vectorMatrix(v, cellMatrix(cell))) as [Vec3, Vec3];
  return dot(p, q) / norm(p) / norm(q);
};

describe('directions that a user gives', () => {
  it.each([
    [
      'monoclinic axes a + c',
      15,
      [
        [1, 0, 0],
        [0, 1, 0],
        [1, 0, 1],
      ],
    ],
    [
      'monoclinic, c unique',
      14,
      [
        [0, 1, 0],
        [0, 0, 1],
        [1, 0, 0],
      ],
    ],
    [
      'orthorhombic, Pbnm of Pnma',
      62,
      [
        [0, 1, 0],
        [0, 0, 1],
        [1, 0, 0],
      ],
    ],
    [
      'triclinic, long way round',
      2,
      [
        [1, 1, 0],
        [0, 1, 1],
        [0, 0, 1],
      ],
    ],
    [
      'tetragonal, c first',
      136,
      [
        [0, 0, 1],
        [1, 0, 0],
        [0, 1, 0],
      ],
    ],
  ] as [string, number, Matrix3][])('are in the axes of the file: %s', (_, spaceGroup, change) => {
    const stream = new Stream(4, `directions/${spaceGroup}`);
    const crystal = generateCrystal({ spaceGroup, stream, id: 'turned' });
    const { cell, read } = rewritten(crystal, change);
    expect(read.spaceGroup).toBe(spaceGroup);
    expect(read.directions).toBeDefined();
    const asked: Vec3[] = [
      [0, 0, 1],
      [1, 0, 0],
      [1, 1, 0],
      [1, -1, 2],
    ];
    for (const one of asked) {
      for (const other of asked) {
        const turned = angleOf(directionOf(read, one), directionOf(read, other), read.cell);
        expect(turned).toBeCloseTo(angleOf(one, other, cell), 4);
      }
    }
  });

  it('are what they are where the file has the standard axes', () => {
    const crystal = generateCrystal({
      spaceGroup: 62,
      stream: new Stream(4, 'directions'),
      id: 'same',
    });
    const { read, cell } = rewritten(crystal, [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(read.directions).toBeUndefined();
    expect(directionOf(read, [1, 2, 3])).toEqual([1, 2, 3]);
    read.cell.forEach((value, i) => {
      expect(value).toBeCloseTo(cell[i]!, 4);
    });
  });
});
