import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import type { Crystal, Vec3 } from '../../src/crystal/crystal.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import { inverse, vectorMatrix } from '../../src/crystal/matrix.ts';
import { expandSites } from '../../src/crystal/orbit.ts';
import { centring, operations } from '../../src/crystal/spacegroup.ts';
import { type Matrix2, standardZones, type ZoneFrame, zoneFrame } from '../../src/crystal/zone.ts';
import { simulateBeams, type Tilt } from '../support/beams.ts';

/** Rows: images of the projected basis vectors, as whole numbers over it. */
type Integer2 = readonly [readonly [number, number], readonly [number, number]];

const ENTRIES = [-1, 0, 1];

const apply = (v: readonly [number, number], m: Matrix2): Tilt => [
  v[0] * m[0][0] + v[1] * m[1][0],
  v[0] * m[0][1] + v[1] * m[1][1],
];

const dot = (a: Tilt, b: Tilt): number => a[0] * b[0] + a[1] * b[1];

/** All point operations of the projected net. */
function netSymmetry({ projected }: ZoneFrame): Integer2[] {
  const [a, b] = projected;
  const metric = [dot(a, a), dot(a, b), dot(b, b)];
  const out: Integer2[] = [];
  for (const p of ENTRIES) {
    for (const q of ENTRIES) {
      for (const r of ENTRIES) {
        for (const s of ENTRIES) {
          const [u, v] = [apply([p, q], projected), apply([r, s], projected)];
          const kept = [dot(u, u), dot(u, v), dot(v, v)].every(
            (value, i) => Math.abs(value - metric[i]!) < 1e-6 * metric[2]!,
          );
          if (kept) {
            out.push([
              [p, q],
              [r, s],
            ]);
          }
        }
      }
    }
  }
  return out;
}

/** Point operations that the space group leaves to the projection: those that keep the axis or turn it over. */
function projectedGroup(spaceGroup: number, frame: ZoneFrame): Set<string> {
  const toBasis = inverse(frame.basis);
  const image = (rotation: readonly number[], v: Vec3): Vec3 => {
    const r = rotation;
    const moved: Vec3 = [
      r[0]! * v[0] + r[1]! * v[1] + r[2]! * v[2],
      r[3]! * v[0] + r[4]! * v[1] + r[5]! * v[2],
      r[6]! * v[0] + r[7]! * v[1] + r[8]! * v[2],
    ];
    return vectorMatrix(moved, toBasis);
  };
  const out = new Set<string>();
  for (const { rotation } of operations(spaceGroup)) {
    const axis = image(rotation, frame.basis[2]);
    if (Math.abs(axis[0]) + Math.abs(axis[1]) > 1e-6) continue;
    const rows = [frame.basis[0], frame.basis[1]].map((v) =>
      image(rotation, v)
        .slice(0, 2)
        .map((x) => Math.round(x) + 0),
    );
    out.add(rows.flat().join(' '));
  }
  return out;
}

/** The cartesian 2 x 2 matrix (rows: images of x and y) of an operation of the net. */
function cartesianOf(operation: Integer2, { projected, reciprocal }: ZoneFrame): Matrix2 {
  const image = (e: Tilt): Tilt => {
    const coordinates: Tilt = [dot(e, reciprocal[0]), dot(e, reciprocal[1])];
    const [a, b] = [apply(operation[0], projected), apply(operation[1], projected)];
    return apply(coordinates, [a, b]);
  };
  return [image([1, 0]), image([0, 1])];
}

/** Relative L1 difference between the patterns of a set of tilts and of its images. */
function residuals(crystal: Crystal, zone: Vec3): { expected: number[]; unexpected: number[] } {
  const lattice = { cell: crystal.cell, centring: centring(crystal.spaceGroup) };
  const frame = zoneFrame({ ...lattice, zone });
  const net = netSymmetry(frame);
  const group = projectedGroup(crystal.spaceGroup, frame);
  const start: Tilt[] = [
    [0, 0],
    [0.021, 0.008],
  ];
  const tilts = start.concat(
    net.map((operation) => apply(start[1]!, cartesianOf(operation, frame))),
  );
  const { beams, at } = simulateBeams({ crystal, zone, tilts, thickness: 150 });
  const out = { expected: [] as number[], unexpected: [] as number[] };
  net.forEach((operation, n) => {
    const turn = cartesianOf(operation, frame);
    let [difference, total] = [0, 0];
    for (let g = 0; g < beams.count; g++) {
      const [h, k] = [beams.h[g]!, beams.k[g]!];
      if (h === 0 && k === 0) continue;
      const moved = apply([beams.x[g]!, beams.y[g]!], turn);
      const [i, j] = frame.projected.map((v) => Math.round(dot(moved, v))) as [number, number];
      difference += Math.abs(at(h, k, 1) - at(i, j, 2 + n));
      total += at(h, k, 1);
    }
    const list = group.has(
      operation
        .flat()
        .map((x) => x + 0)
        .join(' '),
    )
      ? out.expected
      : out.unexpected;
    list.push(difference / total);
  });
  return out;
}

/**
 * A generated crystal with an orbit of general position more: special positions alone may give a
 * projection more symmetry than the group demands.
 */
function generalCrystal(spaceGroup: number): Crystal {
  const stream = new Stream(11, 'symmetry').split(spaceGroup);
  const crystal = generateCrystal({ spaceGroup, stream });
  const sites = [30, 14].map((element) => {
    const position = [stream.uniform(), stream.uniform(), stream.uniform()] as const;
    return { element, position };
  });
  return {
    ...crystal,
    atoms: [...crystal.atoms, ...expandSites(sites, operations(spaceGroup), [0, 0, 0])],
  };
}

describe('symmetry of the projection', () => {
  // Two or three groups a crystal system, chiral, polar, glide-laden and centred ones among them.
  const groups = [
    1, 2, 4, 9, 15, 19, 33, 62, 70, 76, 88, 122, 141, 148, 154, 161, 173, 186, 198, 216,
  ];
  it.each(groups)(
    'of a generated crystal of group %i is in the pattern, and no more',
    (spaceGroup) => {
      const crystal = generalCrystal(spaceGroup);
      for (const zone of standardZones(spaceGroup)) {
        const { expected, unexpected } = residuals(crystal, zone);
        expect(expected.length).toBeGreaterThan(0);
        for (const residual of expected) expect(residual).toBeLessThan(1e-3);
        for (const residual of unexpected) expect(residual).toBeGreaterThan(0.02);
      }
    },
  );
});
