import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import type { Crystal, Vec3 } from '../../src/crystal/crystal.ts';
import { centring } from '../../src/crystal/spacegroup.ts';
import { zoneFrame } from '../../src/crystal/zone.ts';
import { tf } from '../../src/engine/tf.ts';
import { type Box, boxReciprocal, eachFrequency } from '../../src/simulate/box/grid.ts';
import { boxMultislice } from '../../src/simulate/box/multislice.ts';
import { SlicePotentials } from '../../src/simulate/box/potential.ts';
import { discPoints, type ProbePosition } from '../../src/simulate/box/probe.ts';
import { fillBox } from '../../src/simulate/box/specimen.ts';
import { boxFor } from '../../src/simulate/box/window.ts';
import { interactionParameter, wavelength } from '../../src/simulate/electron.ts';
import { scatteringFactors } from '../../src/simulate/scattering.ts';
import { simulateBeams, type Tilt } from '../support/beams.ts';
import { GALLIUM_ARSENIDE, SILICON, TITANIUM } from '../support/crystals.ts';

interface BoxRequest {
  crystal: Crystal;
  zone: Vec3;
  radius: number;
  width: number;
  band: number;
  holz: boolean;
  square?: boolean;
  phonons?: Stream;
  positions?: readonly ProbePosition[];
}

const ENERGY = 100;

/** A probe through about 100 angstrom of a crystal; intensity at a scattering vector of the box's grid. */
function simulateBox(request: BoxRequest) {
  const { crystal, zone, radius, width, band, holz, square = false, phonons = null } = request;
  const { positions = [[0.5, 0.5]] } = request;
  const frame = zoneFrame({ cell: crystal.cell, centring: centring(crystal.spaceGroup), zone });
  const box = boxFor({ crystal, frame, width, band, holz, square });
  const slices = Math.ceil((phonons ? 100 : frame.period) / 2.5);
  const step = (phonons ? 100 : frame.period) / slices;
  const filling = { crystal, frame, box, slices, step, depth: phonons ? 100 : null };
  const specimen = fillBox({ ...filling, displacement: 0.07, phonons, holz });
  const potentials = new SlicePotentials({
    box,
    placement: 'exact',
    factors: scatteringFactors('kirkland'),
  });
  const records = [Math.round(100 / step)];
  const [[intensity]] = boxMultislice({
    box,
    potentials,
    specimen,
    beams: [{ lambda: wavelength(ENERGY), sigma: interactionParameter(ENERGY) }],
    radii: [radius],
    positions,
    records,
    absorption: 0,
    taper: 0,
  }) as [[Float32Array]];
  potentials.dispose();
  const [a, b] = box.sides;
  const at = (x: number, y: number): number => {
    const [h, k] = [Math.round(x * a[0] + y * a[1]), Math.round(x * b[0] + y * b[1])];
    const wrap = (i: number, n: number) => ((i % n) + n) % n;
    return intensity[wrap(h, box.rows) * box.columns + wrap(k, box.columns)]!;
  };
  return { frame, box, at, intensity, thickness: records[0]! * step, step };
}

/** Relative L1 difference of the two modes over all discs inside 0.9 of the band. */
function disagreement(request: BoxRequest): number {
  const { frame, box, at, thickness, step } = simulateBox(request);
  const disc = discPoints(box, request.radius);
  const tilts = disc.map(({ x, y }): Tilt => [x, y]);
  const { crystal, zone, band } = request;
  const waves = simulateBeams({ crystal, zone, tilts, band, thickness, step });
  expect(frame.zone).toEqual(waves.frame.zone);
  let [difference, total] = [0, 0];
  for (let g = 0; g < waves.beams.count; g++) {
    const [x, y] = [waves.beams.x[g]!, waves.beams.y[g]!];
    if (Math.hypot(x, y) > 0.9 * band) continue;
    for (let q = 0; q < tilts.length; q++) {
      const one = waves.at(waves.beams.h[g]!, waves.beams.k[g]!, q) / tilts.length;
      difference += Math.abs(one - at(x + tilts[q]![0], y + tilts[q]![1]));
      total += one;
    }
  }
  return difference / total;
}

describe('the two modes', () => {
  it.each([
    ['Si [001]', SILICON, [0, 0, 1], 0.1],
    ['GaAs [110]', GALLIUM_ARSENIDE, [1, 1, 0], 0.08],
    ['Ti [100]', TITANIUM, [1, 0, 0], 0.08],
  ] as const)('agree for %s without higher Laue zones', (_, crystal, zone, radius) => {
    const request = { crystal, zone, radius, width: 30, band: 2.5, holz: false };
    expect(disagreement(request)).toBeLessThan(2e-3);
  });

  it('agree for Si [001] with three-dimensional slices, whose first ring lies outside', () => {
    const request = {
      crystal: SILICON,
      zone: [0, 0, 1] as const,
      radius: 0.1,
      width: 40,
      band: 1.5,
    };
    expect(disagreement({ ...request, holz: true })).toBeLessThan(0.03);
  });

  it('do not agree where discs interfere, until probe positions are averaged', () => {
    const request = {
      crystal: SILICON,
      zone: [0, 0, 1] as const,
      radius: 0.35,
      width: 22,
      band: 1.2,
      holz: false,
    };
    const one = simulateBox(request);
    const [p, q] = boxReciprocal(one.box);
    const [a, b] = one.frame.projected;
    const mesh: ProbePosition[] = [];
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j < 6; j++) {
        const [x, y] = [(i * a[0] + j * b[0]) / 6, (i * a[1] + j * b[1]) / 6];
        mesh.push([0.5 + x * p[0] + y * p[1], 0.5 + x * q[0] + y * q[1]]);
      }
    }
    const mean = simulateBox({ ...request, positions: mesh });
    const incoherent = sumOfDiscs(request, mean.box);
    expect(difference(one.intensity, incoherent)).toBeGreaterThan(0.2);
    expect(difference(mean.intensity, incoherent)).toBeLessThan(0.02);
  });
});

const difference = (one: Float32Array, other: Float32Array): number => {
  let [sum, total] = [0, 0];
  for (let i = 0; i < one.length; i++) {
    sum += Math.abs(one[i]! - other[i]!);
    total += other[i]!;
  }
  return sum / total;
};

/** The periodic mode's intensities added where discs overlap, over the transform of a box. */
function sumOfDiscs(request: BoxRequest, box: Box): Float32Array {
  const tilts = discPoints(box, request.radius).map(({ x, y }): Tilt => [x, y]);
  const { crystal, zone, band } = request;
  const frame = zoneFrame({ cell: crystal.cell, centring: centring(crystal.spaceGroup), zone });
  const step = frame.period / Math.ceil(frame.period / 2.5);
  const thickness = Math.round(100 / step) * step;
  const waves = simulateBeams({ crystal, zone, tilts, band, thickness, step });
  const out = new Float32Array(box.rows * box.columns);
  const [a, b] = box.sides;
  const wrap = (i: number, n: number) => ((i % n) + n) % n;
  for (let g = 0; g < waves.beams.count; g++) {
    tilts.forEach(([qx, qy], q) => {
      const [x, y] = [waves.beams.x[g]! + qx, waves.beams.y[g]! + qy];
      const row = wrap(Math.round(x * a[0] + y * a[1]), box.rows);
      const column = wrap(Math.round(x * b[0] + y * b[1]), box.columns);
      const intensity = waves.at(waves.beams.h[g]!, waves.beams.k[g]!, q) / tilts.length;
      out[row * box.columns + column]! += intensity;
    });
  }
  return out;
}

describe('silicon [111]', () => {
  const run = (holz: boolean) =>
    simulateBox({ crystal: SILICON, zone: [1, 1, 1], radius: 0.12, width: 26, band: 3, holz });

  /** Relative L1 change of the intensities between two scattering angles under a turn. */
  function change(
    { box, at }: ReturnType<typeof run>,
    degrees: number,
    ring: [number, number],
  ): number {
    const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    let [difference, total] = [0, 0];
    eachFrequency(box, (_, x, y) => {
      const k = Math.hypot(x, y);
      if (k < ring[0] || k > ring[1]) return;
      difference += Math.abs(at(x, y) - at(c * x - s * y, s * x + c * y));
      total += at(x, y);
    });
    return difference / total;
  }

  it('is threefold, and not sixfold, with the higher Laue zones', () => {
    const pattern = run(true);
    const zero: [number, number] = [0.3, 1.5];
    const first: [number, number] = [2.2, 2.8];
    expect(change(pattern, 120, zero)).toBeLessThan(1e-3);
    expect(change(pattern, 60, zero)).toBeGreaterThan(3e-3);
    expect(change(pattern, 120, first)).toBeLessThan(0.02);
    expect(change(pattern, 60, first)).toBeGreaterThan(0.5);
  });

  it('is sixfold when they are projected out', () => {
    expect(change(run(false), 60, [0.3, 1.5])).toBeLessThan(1e-3);
  });
});

describe('frozen phonons', () => {
  const request = {
    crystal: SILICON,
    zone: [0, 0, 1] as const,
    radius: 0.1,
    width: 40,
    band: 1.5,
    holz: true,
  };

  it('repeat with their seed, differ with another, and fill the gaps between discs', () => {
    const one = simulateBox({ ...request, phonons: new Stream(1, 'test') }).intensity;
    const again = simulateBox({ ...request, phonons: new Stream(1, 'test') }).intensity;
    const other = simulateBox({ ...request, phonons: new Stream(2, 'test') }).intensity;
    const still = simulateBox(request);
    expect(again).toEqual(one);
    expect(difference(other, one)).toBeGreaterThan(0.01);
    const { box, frame, intensity } = still;
    const disc = new Set(discPoints(box, 0.14).map((point) => point.at));
    expect(disc.size).toBeGreaterThan(10);
    const [a] = frame.reciprocal;
    const [x, y] = [a[0] / 2, a[1] / 2];
    const row = Math.round(x * box.sides[0][0] + y * box.sides[0][1]);
    const column = Math.round(x * box.sides[1][0] + y * box.sides[1][1]);
    const gap = row * box.columns + column;
    expect(one[gap]! / intensity[gap]!).toBeGreaterThan(100);
  });

  it('leave no tensor behind', () => {
    simulateBox({ ...request, phonons: new Stream(1, 'test') });
    const before = tf.memory().numTensors;
    simulateBox({ ...request, phonons: new Stream(1, 'test') });
    simulateBox(request);
    simulateBeams({ crystal: SILICON, zone: [0, 0, 1], tilts: [[0, 0]] });
    simulateBeams({ crystal: SILICON, zone: [0, 0, 1], tilts: [[0, 0]], band: 3 });
    expect(tf.memory().numTensors).toBe(before);
  });
});
