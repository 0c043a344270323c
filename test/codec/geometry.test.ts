import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { patternGeometry, tripletGeometry } from '../../src/codec/geometry.ts';
import { reflection, zoneIndex, zoneIndexBasis } from '../../src/codec/indices.ts';
import type { Cell, Vec3 } from '../../src/crystal/crystal.ts';
import { cross, dot } from '../../src/crystal/matrix.ts';
import { standardZones } from '../../src/crystal/zone.ts';
import { defaultCamera } from '../../src/simulate/camera.ts';

const camera = defaultCamera(64);
const silicon: Cell = [5.431, 5.431, 5.431, 90, 90, 90];

const at = (g: ReturnType<typeof patternGeometry>, h: number, k: number): [number, number] => [
  h * g.basis[0] + k * g.basis[2],
  h * g.basis[1] + k * g.basis[3],
];

describe('zone indices', () => {
  it.each([[[0, 0, 1]], [[1, 1, 0]], [[1, 1, 1]], [[2, 1, 0]], [[3, -2, 1]], [[-4, 1, 2]]] as [
    Vec3,
  ][])('of [%s] generate exactly its reflections', (zone) => {
    const basis = zoneIndexBasis(zone);
    expect(cross(...basis).map((value) => value + 0)).toEqual(zone);
    for (const [h, k] of [
      [1, 0],
      [-2, 3],
      [4, 1],
    ] as const) {
      const hkl = reflection(basis, h, k);
      expect(dot(hkl, zone)).toBe(0);
      expect(zoneIndex(zone, hkl)!.map((value) => value + 0)).toEqual([h, k]);
    }
    expect(zoneIndex(zone, zone)).toBeNull();
  });

  it('do not change when the zone axis is written with a common factor', () => {
    expect(zoneIndexBasis([2, 2, 0])).toEqual(zoneIndexBasis([1, 1, 0]));
  });
});

describe('pattern geometry', () => {
  it('puts the reflections of silicon at the reciprocal of their spacings', () => {
    const g = patternGeometry({ cell: silicon, spaceGroup: 227, zone: [0, 0, 1], camera });
    const [h, k] = zoneIndex([0, 0, 1], [2, 2, 0])!;
    // d(220) of silicon is 1.920 angstrom (NIST SRM 640: a = 5.431).
    expect(Math.hypot(...at(g, h, k)) * camera.pixel).toBeCloseTo(1 / 1.9201, 4);
    expect(g.radius * camera.pixel).toBeCloseTo(0.13, 9);
    expect([...g.h].every((value, i) => (value + g.k[i]!) % 2 === 0)).toBe(true);
  });

  it('lists every disc that touches the detector, also of long and oblique cells', () => {
    const lengths = fc.double({ min: 3, max: 34, noNaN: true });
    const angle = fc.double({ min: 70, max: 115, noNaN: true });
    const cells = fc.tuple(lengths, lengths, lengths, angle, angle, angle);
    fc.assert(
      fc.property(cells, fc.constantFrom(...standardZones(1)), (cell, zone) => {
        const g = patternGeometry({ cell, spaceGroup: 1, zone, camera });
        const listed = new Set(Array.from(g.h, (h, i) => `${h} ${g.k[i]}`));
        for (let h = -44; h <= 44; h += 3) {
          for (let k = -45; k <= 45; k++) {
            const [x, y] = at(g, h, k);
            const inside = Math.max(Math.abs(x), Math.abs(y)) < 31.5;
            if (inside !== listed.has(`${h} ${k}`) && (inside || Math.hypot(x, y) > 60)) {
              expect.fail(`disc ${h} ${k} at ${x}, ${y}`);
            }
          }
        }
      }),
      { numRuns: 15, seed: 1 },
    );
  });

  it('turns until the given direction points up', () => {
    const cell: Cell = [4, 5, 6, 90, 105, 90];
    const request = { cell, spaceGroup: 14, zone: [0, 1, 0] as Vec3, camera };
    const g = patternGeometry({ ...request, inPlane: [0, 0, 1] });
    // With c up, reflections h00 (perpendicular to c) lie on the horizontal.
    const [x, y] = at(g, ...zoneIndex([0, 1, 0], [1, 0, 0])!);
    expect(Math.abs(y)).toBeLessThan(1e-9);
    expect(Math.abs(x) * camera.pixel).toBeCloseTo(1 / (4 * Math.sin((105 * Math.PI) / 180)), 9);
  });

  it('scales with the camera', () => {
    const small = patternGeometry({ cell: silicon, spaceGroup: 227, zone: [1, 1, 0], camera });
    const large = patternGeometry({
      cell: silicon,
      spaceGroup: 227,
      zone: [1, 1, 0],
      camera: defaultCamera(128),
    });
    expect(large.radius).toBeCloseTo(2 * small.radius, 9);
    for (let i = 0; i < 4; i++) expect(large.basis[i]).toBeCloseTo(2 * small.basis[i]!, 9);
  });

  it('keeps the centrings of all three patterns', () => {
    const zones = standardZones(225);
    const triplet = tripletGeometry({ cell: silicon, spaceGroup: 225, zones, camera });
    for (const g of triplet) {
      for (let i = 0; i < g.h.length; i++) {
        const hkl = reflection(g.indexBasis, g.h[i]!, g.k[i]!);
        expect(new Set(hkl.map((value) => Math.abs(value % 2))).size).toBe(1);
      }
    }
  });
});

describe('bad geometry', () => {
  const zone: Vec3 = [0, 0, 1];
  it.each([
    ['no direction', { zone: [0, 0, 0] as Vec3 }, /zone axis \[0 0 0\] has no direction/],
    [
      'fractions',
      { zone: [0.5, 0, 1] as Vec3 },
      /zone axis \[0.5 0 1\] is not three whole numbers/,
    ],
    ['no cell', { cell: [5, 5, 5, 90, 90, 190] as Cell }, /is no unit cell/],
    ['angles that do not close', { cell: [5, 5, 5, 30, 40, 110] as Cell }, /is no unit cell/],
    [
      'a lattice wider than the detector',
      { cell: [0.5, 0.5, 5, 90, 90, 90] as Cell },
      /only the direct beam/,
    ],
    [
      'a cell beyond any camera',
      { cell: [9000, 9000, 5, 90, 90, 90] as Cell },
      /too large for this camera/,
    ],
    [
      'up along the beam',
      { inPlane: [0, 0, 2] as Vec3 },
      /in-plane direction \[0 0 2\] lies along the zone axis/,
    ],
  ])('%s is refused', (_, change, message) => {
    const request = { cell: silicon, spaceGroup: 1, zone, camera, ...change };
    expect(() => patternGeometry(request)).toThrow(message);
  });
});
