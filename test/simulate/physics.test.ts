import { describe, expect, it } from 'vitest';
import { cellVolume } from '../../src/crystal/cell.ts';
import type { Crystal, Vec3 } from '../../src/crystal/crystal.ts';
import { interactionParameter, wavelength } from '../../src/simulate/electron.ts';
import { VOLT_SQUARE_ANGSTROM } from '../../src/simulate/projection.ts';
import {
  debyeWaller,
  FACTORS,
  scatteringFactors,
  xrayFactor,
} from '../../src/simulate/scattering.ts';
import { type BeamResult, simulateBeams } from '../support/beams.ts';
import { GALLIUM_ARSENIDE, MAGNESIA, SILICON, TITANIUM } from '../support/crystals.ts';

describe('electrons', () => {
  // Kirkland, Advanced Computing in Electron Microscopy (2010), tables 2.2 and 5.1.
  it.each([
    [60, 0.0487, 1.1356],
    [100, 0.037, 0.9244],
    [200, 0.0251, 0.7288],
    [300, 0.0197, 0.6526],
  ])('at %i kV', (energy, lambda, sigma) => {
    expect(wavelength(energy)).toBeCloseTo(lambda, 4);
    expect(1000 * interactionParameter(energy)).toBeCloseTo(sigma, 3);
  });
});

describe('scattering factors', () => {
  // Four Gaussians in sin(theta)/lambda and a constant: Cromer and Mann (1968), as in
  // International Tables C, table 6.1.1.4. The two tables rest on different wave functions.
  it.each([
    ['O', 8, [3.0485, 2.2868, 1.5463, 0.867], [13.2771, 5.7011, 0.3239, 32.9089], 0.2508],
    ['Si', 14, [6.2915, 3.0353, 1.9891, 1.541], [2.4386, 32.3337, 0.6785, 81.6937], 1.1407],
    ['Fe', 26, [11.7695, 7.3573, 3.5222, 2.3045], [4.7611, 0.3072, 15.3535, 76.8805], 1.0369],
  ])('give the X-ray factors of %s', (_, element, a, b, c) => {
    for (const s of [0.1, 0.2, 0.4, 0.6, 0.9]) {
      const expected = a.reduce((sum, value, i) => sum + value * Math.exp(-b[i]! * s * s), c);
      expect(Math.abs(xrayFactor(element, 4 * s * s) - expected)).toBeLessThan(0.012 * element);
    }
  });

  it.each(FACTORS)('of %s fall with the angle for every element', (name) => {
    const factor = scatteringFactors(name);
    for (let element = 1; element <= 103; element++) {
      expect(factor(element, 0)).toBeGreaterThan(factor(element, 4));
      expect(factor(element, 4)).toBeGreaterThan(0);
    }
  });

  it('at q = 0 are those of each source, in angstrom', () => {
    // From the parameters of abTEM (version of May 2026), summed by hand: Kirkland, Lobato.
    const expected = { 8: [1.98974, 2.0291], 24: [6.96836, 7.4029], 77: [11.64328, 10.5699] };
    for (const [element, values] of Object.entries(expected)) {
      (['kirkland', 'lobato'] as const).forEach((name, i) => {
        expect(scatteringFactors(name)(Number(element), 0) / values[i]!).toBeCloseTo(1, 4);
      });
    }
  });
});

/** Fourier coefficient of the potential (V) at hkl, summed atom by atom. */
function structurePotential(
  crystal: Crystal,
  hkl: Vec3,
  q2: number,
  rms: number,
): [number, number] {
  let [re, im] = [0, 0];
  for (const { element, position } of crystal.atoms) {
    const angle = -2 * Math.PI * hkl.reduce((sum, h, i) => sum + h * position[i]!, 0);
    const f = scatteringFactors('kirkland')(element, q2) * debyeWaller(rms ** 2, q2);
    re += f * Math.cos(angle);
    im += f * Math.sin(angle);
  }
  const scale = VOLT_SQUARE_ANGSTROM / cellVolume(crystal.cell);
  return [re * scale, im * scale];
}

describe('limits', () => {
  it.each([
    ['Si', SILICON, [1, 1, 0]],
    ['GaAs', GALLIUM_ARSENIDE, [0, 0, 1]],
    ['Ti', TITANIUM, [1, 1, 0]],
  ] as const)('%s in a film of 2 angstrom scatters kinematically', (_, crystal, zone) => {
    const thickness = 2;
    const thin = simulateBeams({
      crystal,
      zone,
      tilts: [[0, 0]],
      thickness,
      step: 0.5,
      energy: 300,
    });
    const { beams, frame } = thin;
    let [difference, total] = [0, 0];
    for (let g = 0; g < beams.count; g++) {
      const [h, k] = [beams.h[g]!, beams.k[g]!];
      if (h === 0 && k === 0) continue;
      const hkl = [0, 1, 2].map(
        (i) => h * frame.hkl[0][i]! + k * frame.hkl[1][i]!,
      ) as unknown as Vec3;
      const q2 = beams.x[g]! ** 2 + beams.y[g]! ** 2;
      const [re, im] = structurePotential(crystal, hkl, q2, 0.07);
      // Excitation error of the zero layer at normal incidence.
      const half = (Math.PI * wavelength(300) * q2 * thickness) / 2;
      const shape = half === 0 ? 1 : Math.sin(half) / half;
      const expected = (re * re + im * im) * (interactionParameter(300) * thickness * shape) ** 2;
      difference += Math.abs(thin.at(h, k, 0) - expected);
      total += expected;
    }
    expect(total).toBeGreaterThan(1e-5);
    expect(difference / total).toBeLessThan(0.03);
  });

  it('never gives back more than came', () => {
    for (const crystal of [SILICON, GALLIUM_ARSENIDE, MAGNESIA, TITANIUM]) {
      const result = simulateBeams({
        crystal,
        zone: [0, 0, 1],
        tilts: [
          [0, 0],
          [0.05, 0.02],
        ],
        thickness: 400,
      });
      for (const tilt of [0, 1]) {
        expect(result.total(tilt)).toBeLessThanOrEqual(1 + 1e-4);
        expect(result.total(tilt)).toBeGreaterThan(0.7);
      }
    }
  });

  it('converges in the slice thickness', () => {
    const request = {
      crystal: GALLIUM_ARSENIDE,
      zone: [1, 1, 0] as const,
      tilts: [[0, 0]] as const,
      band: 2.6,
    };
    const fine = simulateBeams({ ...request, step: 0.5 });
    const difference = (step: number): number => {
      const coarse = simulateBeams({ ...request, step });
      let sum = 0;
      for (let g = 0; g < fine.beams.count; g++) {
        const [h, k] = [fine.beams.h[g]!, fine.beams.k[g]!];
        sum += Math.abs(fine.at(h, k, 0) - coarse.at(h, k, 0));
      }
      return sum;
    };
    expect(difference(2.5)).toBeLessThan(0.04);
    expect(difference(5) / difference(2.5)).toBeGreaterThan(2.5);
  });
});

/** Largest difference between a reflection and its opposite, relative to their mean. */
function friedelBreach({ beams, at }: BeamResult): number {
  let worst = 0;
  for (let g = 0; g < beams.count; g++) {
    const [h, k] = [beams.h[g]!, beams.k[g]!];
    if (Math.hypot(beams.x[g]!, beams.y[g]!) > 0.6 || (h === 0 && k === 0)) continue;
    const [one, other] = [at(h, k, 0), at(-h, -k, 0)];
    if (one + other > 1e-6) worst = Math.max(worst, (2 * Math.abs(one - other)) / (one + other));
  }
  return worst;
}

describe("Friedel's law for gallium arsenide [110]", () => {
  const request = { crystal: GALLIUM_ARSENIDE, zone: [1, 1, 0] as const, tilts: [[0, 0]] as const };

  it('holds where scattering is single and is broken where it is not', () => {
    expect(friedelBreach(simulateBeams({ ...request, thickness: 0.25, step: 0.25 }))).toBeLessThan(
      0.02,
    );
    expect(friedelBreach(simulateBeams({ ...request, thickness: 150 }))).toBeGreaterThan(0.1);
  });

  it('holds for a centrosymmetric crystal at any thickness', () => {
    const silicon = simulateBeams({ ...request, crystal: SILICON, thickness: 150 });
    expect(friedelBreach(silicon)).toBeLessThan(1e-3);
  });
});
