import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellMatrix } from '../../src/crystal/cell.ts';
import type { Cell } from '../../src/crystal/crystal.ts';
import { cross, dot, inverse, norm, transpose, vectorMatrix } from '../../src/crystal/matrix.ts';
import type { Centring } from '../../src/crystal/spacegroup.ts';
import { zoneFrame } from '../../src/crystal/zone.ts';

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
