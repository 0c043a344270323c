import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Footprint,
  fillFootprint,
  fillFootprintSlope,
  reach,
  tableSide,
} from '../../src/codec/footprint.ts';
import { Stream } from '../../src/common/stream.ts';
import { splat } from '../../src/simulate/camera.ts';
import { discTilts } from '../../src/simulate/disc.ts';

/** Sum of a footprint over pixels for a disc centred at a fraction of a pixel. */
function sumOver(footprint: Footprint, dx: number, dy: number): number {
  let sum = 0;
  for (let y = -12; y <= 12; y++)
    for (let x = -12; x <= 12; x++) sum += footprint.at(x - dx, y - dy);
  return sum;
}

describe('footprint of a disc', () => {
  it.each([0.9, 1.37, 2.5, 6.5])('smooth: area and core of radius %f', (radius) => {
    const footprint = new Footprint(radius, 'smooth');
    for (const [dx, dy] of [
      [0, 0],
      [0.3, -0.45],
    ] as const) {
      expect(sumOver(footprint, dx, dy)).toBeCloseTo(Math.PI * radius ** 2, 0);
    }
    if (radius > 1.5) expect(footprint.at(0.2, 0.1)).toBeCloseTo(1, 6);
    expect(footprint.at(radius + 1.2, 0)).toBe(0);
  });

  it.each([1.5, 2.5, 3.25])('mesh: is what the simulator draws, radius %f', (radius) => {
    const camera = { size: 21, pixel: 1, centre: 10 };
    const [dx, dy] = [0.37, -0.21];
    const image = new Float32Array(21 * 21);
    const tilts = discTilts(radius, 1);
    // The simulator gives intensities per (0.01 1/angstrom)^2 and the mesh step is half a pixel.
    const each = 1e4 * 0.25;
    splat(image, camera, {
      x: tilts.x.map((x) => x + dx),
      y: tilts.y.map((y) => y + dy),
      weight: new Float64Array(tilts.count).fill(each),
    });
    const footprint = new Footprint(radius, 'mesh');
    image.forEach((value, at) => {
      const [x, y] = [(at % 21) - 10, 10 - Math.floor(at / 21)];
      expect(footprint.at(x - dx, y - dy)).toBeCloseTo(value, 5);
    });
  });

  it.each(['smooth', 'mesh'] as const)('%s: marks no pixel beyond its reach', (aperture) => {
    const half = fc.double({ min: -0.5, max: 0.5, noNaN: true });
    const radii = fc.double({ min: 0.6, max: 9, noNaN: true });
    fc.assert(
      fc.property(radii, half, half, (radius, dx, dy) => {
        const footprint = new Footprint(radius, aperture);
        const beyond = reach(radius) + 1;
        for (let y = -beyond; y <= beyond; y++) {
          expect(footprint.at(beyond - dx, y - dy)).toBe(0);
          expect(footprint.at(y - dx, -beyond - dy)).toBe(0);
        }
      }),
      { seed: 2 },
    );
  });

  it('reads slopes that agree with differences', () => {
    const footprint = new Footprint(2.7, 'mesh');
    const stream = new Stream(4, 'footprint');
    for (let n = 0; n < 50; n++) {
      const [x, y] = [stream.between(-4, 4), stream.between(-4, 4)];
      // Between nodes the table is linear along each axis: differences are exact there.
      const off = (v: number): number => Math.abs(4 * v - Math.round(4 * v));
      if (off(x) < 1e-3 || off(y) < 1e-3) continue;
      footprint.read(x, y);
      expect(footprint.value).toBeCloseTo(footprint.at(x, y), 12);
      const step = 1e-4;
      const right = footprint.at(x + step, y) - footprint.at(x - step, y);
      const up = footprint.at(x, y + step) - footprint.at(x, y - step);
      expect(footprint.alongX).toBeCloseTo(right / (2 * step), 6);
      expect(footprint.alongY).toBeCloseTo(up / (2 * step), 6);
    }
  });

  it('has the slope of the smooth disc', () => {
    const radius = 2.6;
    const side = tableSide(radius + 0.1);
    const [above, below, slope] = [0, 0, 0].map(() => new Float32Array(side * side));
    const step = 0.02;
    fillFootprint(above!, { radius: radius + step, aperture: 'smooth', side });
    fillFootprint(below!, { radius: radius - step, aperture: 'smooth', side });
    fillFootprintSlope(slope!, { radius, aperture: 'smooth', side });
    const differences = above!.map((value, at) => (value - below![at]!) / (2 * step));
    const total = differences.reduce((sum, value) => sum + Math.abs(value), 0);
    const away = differences.reduce((sum, value, at) => sum + Math.abs(value - slope![at]!), 0);
    expect(away / total).toBeLessThan(0.05);
  });
});
