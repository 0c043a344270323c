import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import type { Vec3 } from '../../src/crystal/crystal.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import { operations } from '../../src/crystal/spacegroup.ts';
import { standardZones } from '../../src/crystal/zone.ts';
import { simulateBeams, type Tilt } from '../support/beams.ts';
import { TITANIUM } from '../support/crystals.ts';

/** Whether the operations of a group forbid a reflection: h R = h with a phase that is not 1. */
function isAbsent(spaceGroup: number, hkl: Vec3): boolean {
  return operations(spaceGroup).some(({ rotation: r, translation: t }) => {
    const turned = [0, 1, 2].map((j) => hkl[0] * r[j]! + hkl[1] * r[3 + j]! + hkl[2] * r[6 + j]!);
    if (turned.some((value, j) => value !== hkl[j])) return false;
    const phase = hkl[0] * t[0] + hkl[1] * t[1] + hkl[2] * t[2];
    return Math.abs(phase - Math.round(phase)) > 1e-6;
  });
}

describe('systematic absences', () => {
  it.each([
    4, 9, 14, 19, 33, 61, 62, 76, 88, 106, 141, 161, 169, 178, 194, 198, 205, 220, 227, 230,
  ])('space group %i in a thin film', (spaceGroup) => {
    const stream = new Stream(7, 'absences').split(spaceGroup);
    const crystal = generateCrystal({ spaceGroup, stream });
    const seen = { absent: 0, present: 0 };
    for (const zone of standardZones(spaceGroup)) {
      const { beams, frame, at } = simulateBeams({
        crystal,
        zone,
        tilts: [[0, 0]],
        thickness: 0.01,
        step: 0.01,
        band: 1,
      });
      let strongest = 0;
      const intensities = Array.from({ length: beams.count }, (_, g) => {
        const [h, k] = [beams.h[g]!, beams.k[g]!];
        if (h !== 0 || k !== 0) strongest = Math.max(strongest, at(h, k, 0));
        return at(h, k, 0);
      });
      intensities.forEach((intensity, g) => {
        const [h, k] = [beams.h[g]!, beams.k[g]!];
        const hkl = [0, 1, 2].map((i) => h * frame.hkl[0][i]! + k * frame.hkl[1][i]!);
        if (isAbsent(spaceGroup, hkl as unknown as Vec3)) {
          seen.absent++;
          expect(intensity / strongest).toBeLessThan(1e-5);
        } else if (intensity / strongest > 1e-4) seen.present++;
      });
    }
    expect(seen.absent).toBeGreaterThan(0);
    expect(seen.present).toBeGreaterThan(seen.absent / 10);
  });
});

/*
 * Gjonnes and Moodie (1965): a reflection that a glide or a screw forbids gains intensity by
 * multiple scattering, but not along the line of its disc that the glide line leaves unmoved, nor
 * where it is in its exact Bragg position. Titanium along [11-20] (direct lattice [110]) at
 * 200 kV shows both in 0001.
 */
describe('lines of dynamic extinction of titanium [11-20] at 200 kV', () => {
  const c = 1 / TITANIUM.cell[2];
  const disc: Tilt[] = [];
  const probe = simulateBeams({ crystal: TITANIUM, zone: [1, 1, 0], tilts: [[0, 0]], energy: 200 });
  const index = (l: number): [number, number] => {
    for (let g = 0; g < probe.beams.count; g++) {
      const [h, k] = [probe.beams.h[g]!, probe.beams.k[g]!];
      const hkl = [0, 1, 2].map((i) => h * probe.frame.hkl[0][i]! + k * probe.frame.hkl[1][i]!);
      if (hkl[0] === 0 && hkl[1] === 0 && hkl[2] === l) return [h, k];
    }
    throw new Error(`no beam 00${l}`);
  };
  const [h, k] = index(1);
  const [a, b] = probe.frame.reciprocal;
  const along: Tilt = [(h * a[0] + k * b[0]) / c, (h * a[1] + k * b[1]) / c];
  const tilt = (parallel: number, across: number): Tilt => [
    parallel * along[0] - across * along[1],
    parallel * along[1] + across * along[0],
  ];
  for (const across of [-0.04, -0.02, 0, 0.02, 0.04]) {
    for (const parallel of [-0.5 * c, -0.03, 0.03, 0.05]) disc.push(tilt(parallel, across));
  }
  const dynamic = simulateBeams({
    crystal: TITANIUM,
    zone: [1, 1, 0],
    tilts: disc,
    energy: 200,
    thickness: 500,
    // The cut-off of the beams, centred on the incident one, is not quite reciprocal: keep it far.
    band: 2.2,
  });
  const intensity = (across: number, parallel: number) => dynamic.at(h, k, 4 * across + parallel);

  it('gives 0001 intensity elsewhere, though it is forbidden', () => {
    for (const across of [0, 1, 3, 4]) {
      for (const parallel of [1, 2, 3]) {
        expect(intensity(across, parallel)).toBeGreaterThan(1e-5);
      }
    }
  });

  it('has a dark line along 000l', () => {
    for (const parallel of [0, 1, 2, 3]) expect(intensity(2, parallel)).toBeLessThan(1e-11);
  });

  it('has a dark line across it in the Bragg position', () => {
    for (const across of [0, 1, 3, 4]) {
      expect(intensity(across, 0) / intensity(across, 1)).toBeLessThan(0.01);
    }
  });

  it('has none in the allowed 0002', () => {
    const [h2, k2] = index(2);
    expect(dynamic.at(h2, k2, 4 * 2 + 1)).toBeGreaterThan(1e-3);
  });
});
