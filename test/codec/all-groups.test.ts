import { describe, expect, it } from 'vitest';
import { reflection, zoneIndex, zoneIndexBasis } from '../../src/codec/indices.ts';
import { detectorOperation, extinction, patternSymmetry } from '../../src/codec/symmetry.ts';
import { Stream } from '../../src/common/stream.ts';
import { cellMatrix, conformCell } from '../../src/crystal/cell.ts';
import type { Atom, Cell, Crystal, Vec3 } from '../../src/crystal/crystal.ts';
import { dot, inverse, transpose, vectorMatrix } from '../../src/crystal/matrix.ts';
import { expandSites } from '../../src/crystal/orbit.ts';
import { centring, latticeSystem, operations, SPACE_GROUPS } from '../../src/crystal/spacegroup.ts';
import { standardZones, type ZoneFrame, zoneFrame } from '../../src/crystal/zone.ts';
import { type BeamResult, simulateBeams, type Tilt } from '../support/beams.ts';

const BAND = 0.9;
const STEP = 5;

/**
 * Cells of a centred lattice are drawn larger, so that the primitive cell, and with it the number of
 * reflections within the band, is that of a primitive lattice: a face-centred cell of 5.6 angstrom
 * has only two rings of [111] reflections there, and no mirror moves any of those.
 */
const POINTS = { P: 1, A: 2, C: 2, I: 2, F: 4, R: 3 } as const;
/**
 * Atomic number of the lightest atom: heavy enough that beams scatter more than once (a single
 * scattering cannot tell g from -g), and such that the heaviest, three times it, is an element.
 */
const LIGHTEST = [4, 24] as const;

/**
 * Atoms of four kinds in general positions, so that the crystal has the symmetry of its group and
 * no more, not even in projection; strong enough that beams scatter many times.
 */
function generalCrystal(spaceGroup: number): Crystal {
  const stream = new Stream(3, 'general').split(spaceGroup);
  const scale = Math.cbrt(POINTS[centring(spaceGroup)]);
  const raw: Cell = [5.6 * scale, 6.2 * scale, 7.1 * scale, 77, 101, 83];
  const cell = conformCell(raw, latticeSystem(spaceGroup));
  const many = operations(spaceGroup).length;
  const heavy = Math.min(LIGHTEST[1], Math.max(LIGHTEST[0], Math.round(60 / many)));
  const sites: Atom[] = [heavy, heavy + 1, 2 * heavy + 2, 3 * heavy + 1].map((element) => ({
    element,
    position: [stream.uniform(), stream.uniform(), stream.uniform()],
  }));
  const atoms = expandSites(sites, operations(spaceGroup), [0, 0, 0]);
  return { id: `${spaceGroup}`, material: '', formula: '', spaceGroup, cell, atoms };
}

type Lattice = readonly [number, number, number, number];

/** Reciprocal vectors of zone indices (1, 0) and (0, 1) in the axes of the pattern. */
function basisOf({ cell, spaceGroup }: Crystal, zone: Vec3): Lattice {
  const frame = zoneFrame({ cell, centring: centring(spaceGroup), zone });
  const reciprocal = transpose(inverse(cellMatrix(cell)));
  const [a, b] = zoneIndexBasis(zone).map((hkl) => vectorMatrix(hkl, reciprocal)) as [Vec3, Vec3];
  return [dot(a, frame.x), dot(a, frame.y), dot(b, frame.x), dot(b, frame.y)];
}

/** Beams of a simulation by the codec's zone indices. */
class Pattern {
  readonly indices: (readonly [number, number])[] = [];
  private readonly places = new Map<string, readonly [number, number]>();

  constructor(
    readonly result: BeamResult,
    zone: Vec3,
  ) {
    const { frame, beams } = result;
    for (let i = 0; i < beams.count; i++) {
      const index = zoneIndex(zone, sum(frame, beams.h[i]!, beams.k[i]!))!;
      this.indices.push(index);
      this.places.set(index.join(), [beams.h[i]!, beams.k[i]!]);
    }
  }

  at([h, k]: readonly [number, number], tilt: number): number {
    const place = this.places.get(`${h},${k}`);
    return place ? this.result.at(...place, tilt) : 0;
  }
}

const sum = ({ hkl: [a, b] }: ZoneFrame, h: number, k: number): Vec3 => [
  h * a[0] + k * b[0],
  h * a[1] + k * b[1],
  h * a[2] + k * b[2],
];

/** Every matrix of small whole numbers that keeps the lattice of a pattern in place. */
function latticeOperations(basis: Lattice) {
  const range = [-1, 0, 1];
  const all = range.flatMap((a) =>
    range.flatMap((b) => range.flatMap((c) => range.map((d) => [a, b, c, d] as const))),
  );
  return all.filter((w) => {
    if (Math.abs(w[0] * w[3] - w[1] * w[2]) !== 1) return false;
    const [a, b, c, d] = detectorOperation(w, basis);
    const off = Math.abs(a * a + c * c - 1) + Math.abs(b * b + d * d - 1) + Math.abs(a * b + c * d);
    return off < 1e-6;
  });
}

const TILT: Tilt = [0.017, 0.009];

/** Residual of every operation of the lattice, by the name of its matrix. */
function residuals(crystal: Crystal, zone: Vec3): Map<string, number> {
  const basis = basisOf(crystal, zone);
  const operationsTried = latticeOperations(basis);
  const tilts = operationsTried.map((w): Tilt => {
    const [a, b, c, d] = detectorOperation(w, basis);
    return [a * TILT[0] + b * TILT[1], c * TILT[0] + d * TILT[1]];
  });
  const thick = { crystal, zone, tilts: [TILT, ...tilts], thickness: 160, step: STEP, band: BAND };
  const pattern = new Pattern(simulateBeams(thick), zone);
  const out = new Map<string, number>();
  operationsTried.forEach((w, n) => {
    let [away, total] = [0, 0];
    for (const [h, k] of pattern.indices) {
      if (h === 0 && k === 0) continue;
      const image = [h * w[0] + k * w[2], h * w[1] + k * w[3]] as const;
      // Roots, so that weak beams count: strong ones are few and near the direct beam.
      away += Math.abs(Math.sqrt(pattern.at([h, k], 0)) - Math.sqrt(pattern.at(image, n + 1)));
      total += Math.sqrt(pattern.at([h, k], 0));
    }
    out.set(w.join(), away / total);
  });
  return out;
}

/** Kinematic limit: a film thin enough that beams scatter once. */
function thinBeams(crystal: Crystal, zone: Vec3): Pattern {
  const thin = { crystal, zone, tilts: [TILT], thickness: 0.05, step: 0.05, band: BAND };
  return new Pattern(simulateBeams(thin), zone);
}

describe('symmetry and extinctions from the operations of the group', () => {
  it.each(SPACE_GROUPS)('hold for a simulated crystal of group %i, and no more', (spaceGroup) => {
    const crystal = generalCrystal(spaceGroup);
    for (const zone of standardZones(spaceGroup)) {
      const own = new Set(patternSymmetry(spaceGroup, zone).map((w) => w.join()));
      const found = residuals(crystal, zone);
      for (const name of own) expect(found.get(name), `${zone} ${name}`).toBeLessThan(1e-3);
      for (const [name, residual] of found) {
        if (!own.has(name)) expect(residual, `${zone} ${name}`).toBeGreaterThan(0.01);
      }
      const thin = thinBeams(crystal, zone);
      const levels = thin.indices.filter(([h, k]) => h || k).map((index) => thin.at(index, 0));
      const mean = levels.reduce((a, b) => a + b, 0) / levels.length;
      for (const index of thin.indices) {
        const why = extinction(spaceGroup, zone, index);
        const name = `[${zone}] ${reflection(zoneIndexBasis(zone), ...index)} ${why}`;
        if (why !== 'none') expect(thin.at(index, 0), name).toBeLessThan(1e-3 * mean);
        else expect(thin.at(index, 0), name).toBeGreaterThan(1e-9 * mean);
      }
    }
  });

  it('leaves glide-extinct discs dark on the line along g, and only there', () => {
    // Pnma along b: h00 with h odd lies on the glide line of the a glide across c.
    const crystal = generalCrystal(62);
    const zone: Vec3 = [0, 1, 0];
    const basis = basisOf(crystal, zone);
    const g = [basis[0], basis[1]].map((v) => v / Math.hypot(basis[0], basis[1])) as [
      number,
      number,
    ];
    const along: Tilt = [0.03 * g[0], 0.03 * g[1]];
    const across: Tilt = [-0.03 * g[1], 0.03 * g[0]];
    const tilts = [along, across];
    const thick = simulateBeams({ crystal, zone, tilts, thickness: 200, band: BAND });
    const pattern = new Pattern(thick, zone);
    expect(extinction(62, zone, [1, 0])).toBe('glide');
    expect(pattern.at([1, 0], 0)).toBeLessThan(1e-6 * pattern.at([2, 0], 0));
    expect(pattern.at([1, 0], 1)).toBeGreaterThan(1e-3 * pattern.at([2, 0], 1));
  });
});
