import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MODES, type PatternDiscs } from '../../src/codec/discs.ts';
import { patternGeometry } from '../../src/codec/geometry.ts';
import {
  extinction,
  type IndexOperation,
  patternSymmetry,
  symmetrise,
  symmetryResidual,
} from '../../src/codec/symmetry.ts';
import { Stream } from '../../src/common/stream.ts';
import { conformCell } from '../../src/crystal/cell.ts';
import type { Vec3 } from '../../src/crystal/crystal.ts';
import { latticeSystem } from '../../src/crystal/spacegroup.ts';
import { standardZones } from '../../src/crystal/zone.ts';
import { defaultCamera } from '../../src/simulate/camera.ts';

function randomPattern(spaceGroup: number, zone: Vec3, seed: number): PatternDiscs {
  const cell = conformCell([6.1, 7.2, 8.3, 82, 97, 104], latticeSystem(spaceGroup));
  const geometry = patternGeometry({ cell, spaceGroup, zone, camera: defaultCamera(64) });
  const coefficients = new Stream(seed, 'symmetrise').normals(geometry.h.length * MODES);
  return { geometry, coefficients, background: null };
}

/** Level of disc (h, k) at a point of the disc. */
function levelAt(pattern: PatternDiscs, [h, k]: readonly [number, number], q: [number, number]) {
  const { geometry, coefficients } = pattern;
  const disc = geometry.h.findIndex((value, i) => value === h && geometry.k[i] === k);
  if (disc < 0) return null;
  const [x, y] = q;
  const phi = [1, x, y, 2 * (x * x + y * y) - 1, x * x - y * y, 2 * x * y];
  return phi.reduce((sum, p, m) => sum + p * coefficients[disc * MODES + m]!, 0);
}

const orders = (spaceGroup: number): number[] =>
  standardZones(spaceGroup).map((zone) => patternSymmetry(spaceGroup, zone).length);

describe('projected point symmetry', () => {
  // Order of the plane point group of the special projections (International Tables A, table of
  // "symmetry of special projections"): P1, P-1, P2/m, Pnma, P4, P4/mmm, P3, R-3, P6/mmm, P23, Pm-3m.
  it.each([
    [1, [1, 1, 1]],
    [2, [2, 2, 2]],
    [10, [4, 2, 4]],
    [62, [4, 4, 4]],
    [75, [4, 2, 2]],
    [123, [8, 4, 4]],
    [143, [3, 1, 1]],
    [148, [6, 2, 2]],
    [191, [12, 4, 4]],
    [195, [4, 2, 3]],
    [221, [8, 4, 12]],
    [4, [2, 2, 2]],
  ] as [number, number[]][])('of group %i along its standard axes', (spaceGroup, expected) => {
    expect(orders(spaceGroup)).toEqual(expected);
  });

  it('is a group on zone indices', () => {
    for (const [spaceGroup, zone] of [
      [62, [0, 1, 0]],
      [225, [1, 1, 1]],
      [167, [2, 1, 0]],
    ] as [number, Vec3][]) {
      const list = patternSymmetry(spaceGroup, zone);
      const names = new Set(list.map((w) => w.join()));
      for (const [a, b, c, d] of list) {
        for (const [e, f, g, h] of list) {
          const product = [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];
          expect(names.has(product.map((v) => v + 0).join())).toBe(true);
        }
      }
    }
  });

  it('of enantiomorphic partners is the same: zero-layer patterns cannot tell them apart', () => {
    for (const [left, right] of [
      [76, 78],
      [152, 154],
      [212, 213],
    ] as const) {
      expect(orders(left)).toEqual(orders(right));
    }
  });
});

describe('symmetrising', () => {
  const cases = fc.record({
    spaceGroup: fc.integer({ min: 1, max: 230 }),
    axis: fc.integer({ min: 0, max: 2 }),
    seed: fc.integer({ min: 0, max: 1e6 }),
  });

  it('makes any table symmetric, in its discs too, and is a projection', () => {
    fc.assert(
      fc.property(cases, ({ spaceGroup, axis, seed }) => {
        const zone = standardZones(spaceGroup)[axis]!;
        const operations = patternSymmetry(spaceGroup, zone);
        const made = symmetrise(randomPattern(spaceGroup, zone, seed), operations);
        expect(symmetryResidual(made, operations)).toBeLessThan(1e-5);
        const again = symmetrise(made, operations);
        made.coefficients.forEach((value, i) => {
          expect(Math.abs(again.coefficients[i]! - value)).toBeLessThan(1e-5);
        });
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  it('turns what is in a disc with the disc', () => {
    const zone: Vec3 = [0, 0, 1];
    const operations = patternSymmetry(75, zone);
    const made = symmetrise(randomPattern(75, zone, 1), operations);
    // Along c the four-fold axis takes (h, k) to (-k, h) and (x, y) to (-y, x).
    for (const q of [
      [0.3, 0.1],
      [-0.5, 0.6],
    ] as [number, number][]) {
      const here = levelAt(made, [2, 1], q)!;
      const [h, k] = [-1, 2] as const;
      expect(levelAt(made, [h, k], [-q[1], q[0]])).toBeCloseTo(here, 4);
      expect(Math.abs(levelAt(made, [1, 2], [q[1], q[0]])! - here)).toBeGreaterThan(1e-3);
    }
  });

  it('leaves a table without symmetry as it is, but for the direct beam', () => {
    const pattern = randomPattern(1, [0, 0, 1], 4);
    const made = symmetrise(pattern, patternSymmetry(1, [0, 0, 1]));
    const { h, k } = pattern.geometry;
    h.forEach((value, disc) => {
      const own = [...pattern.coefficients.subarray(disc * MODES, (disc + 1) * MODES)];
      if (value === 0 && k[disc] === 0) own.fill(0, 1, 3);
      expect([...made.coefficients.subarray(disc * MODES, (disc + 1) * MODES)]).toEqual(own);
    });
  });

  it('sees a symmetry that is not there', () => {
    const pattern = randomPattern(1, [0, 0, 1], 5);
    const twofold: IndexOperation[] = [
      [1, 0, 0, 1],
      [-1, 0, 0, -1],
    ];
    expect(symmetryResidual(pattern, twofold)).toBeGreaterThan(0.1);
  });
});

describe('extinctions', () => {
  // Reflection conditions of International Tables A, in zone indices of the axis.
  it.each([
    ['Fd-3m, 002 along [110]', 227, [1, 1, 0], [2, 0], 'kinematic'],
    ['Fd-3m, 001 along [110]', 227, [1, 1, 0], [1, 0], 'lattice'],
    ['Fd-3m, 200 along [001]', 227, [0, 0, 1], [2, 0], 'lattice'],
    ['P2_1/c, 010 along [001]', 14, [0, 0, 1], [0, 1], 'glide'],
    ['P2_1/c, 001 along [010]', 14, [0, 1, 0], [0, 1], 'lattice'],
    ['P2_1/c, 110 along [001]', 14, [0, 0, 1], [1, 1], 'none'],
    ['Pnma, 100 along [010]', 62, [0, 1, 0], [1, 0], 'glide'],
    ['P4_1, 001 along [100]', 76, [1, 0, 0], [0, 1], 'glide'],
    ['P4_1, 002 along [100]', 76, [1, 0, 0], [0, 2], 'kinematic'],
    ['P1, 001 along [100]', 1, [1, 0, 0], [0, 1], 'none'],
  ] as [string, number, Vec3, [number, number], string][])(
    '%s',
    (_, spaceGroup, zone, index, expected) => {
      expect(extinction(spaceGroup, zone, index)).toBe(expected);
    },
  );
});
