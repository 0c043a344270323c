import { beforeAll, describe, expect, it } from 'vitest';
import { describeTriplet } from '../../src/codec/describe.ts';
import { detectLattice } from '../../src/codec/detect.ts';
import { MOST_OVERLAP, overlapOf } from '../../src/codec/discs.ts';
import { tripletGeometry } from '../../src/codec/geometry.ts';
import { toPixels } from '../../src/dataset/intensity/transform.ts';
import { simulationSchema } from '../../src/simulate/options.ts';
import type { Sample } from '../../src/simulate/sample.ts';
import { simulateTriplets } from '../../src/simulate/triplets.ts';
import { MAGNESIA } from '../support/crystals.ts';

let sample: Sample;
let pixels: Uint8Array;

beforeAll(async () => {
  const settings = simulationSchema.parse({ size: 64 });
  for await (const outcome of simulateTriplets([MAGNESIA], settings)) {
    if ('failed' in outcome) throw new Error(outcome.failed.reason);
    sample = outcome.ok;
  }
  pixels = toPixels(sample.stack, 64);
});

const describeWith = (change: object, { detect = false, dark = false } = {}) =>
  describeTriplet({
    pixels: dark ? new Uint8Array(pixels.length) : pixels,
    camera: sample.camera,
    detect,
    facts: { ...sample, ...change },
  });

describe('a pattern as discs', () => {
  it('takes the lattice of the cell where it is known', () => {
    for (const description of describeWith({})) {
      if ('failed' in description) throw new Error(description.failed);
      expect(description).toMatchObject({ source: 'cell', because: null });
      expect(description.ok.residualShare).toBeLessThan(0.06);
      expect(overlapOf(description.ok.geometry)).toBeLessThan(1);
    }
  });

  it.each([
    ['no cell', { cell: null }, 'no unit cell'],
    [
      'zone axes without direction',
      {
        zones: [
          [0, 0, 0],
          [1, 1, 0],
          [1, 1, 1],
        ],
      },
      'no zone axes',
    ],
    [
      'a cell so small that the detector holds no other disc',
      { cell: [0.4, 0.4, 0.4, 90, 90, 90] },
      'a lattice that the camera cannot show',
    ],
    [
      'a cell that does not close',
      { cell: [4, 4, 4, 30, 40, 110] },
      'a unit cell that does not close',
    ],
  ])('says why it looked in the pattern: %s', (_, change, because) => {
    // Dark patterns are refused at once; what counts here is why the cell was not used.
    for (const description of describeWith(change, { dark: true })) {
      expect(description).toMatchObject({ because: expect.stringContaining(because) });
    }
  });

  it('looks in the pattern where it is told to, and finds the lattice of the cell', () => {
    const [first] = describeWith({}, { detect: true });
    if (!first || 'failed' in first) throw new Error(first?.failed);
    expect(first).toMatchObject({ source: 'pattern', because: null });
    const [known] = describeWith({});
    if (!known || 'failed' in known) throw new Error(known?.failed);
    expect(overlapOf(first.ok.geometry)).toBeCloseTo(overlapOf(known.ok.geometry), 1);
  });

  it('does not describe a dark pattern whose cell is unknown', () => {
    const dark = describeWith({ cell: null }, { dark: true });
    for (const description of dark) {
      expect(description).toMatchObject({ failed: expect.stringMatching(/no disc/) });
    }
  });

  it('states that discs overlap too much, and refuses to find such a lattice by itself', () => {
    const { cell, spaceGroup, zones, camera } = sample;
    const wide = tripletGeometry({
      ...{ cell: cell!, spaceGroup, zones, camera },
      radii: [0.6, 0.6, 0.6],
    });
    expect(overlapOf(wide[0])).toBeGreaterThan(2);
    const semiAngle = 0.6 * 0.037;
    const [description] = describeWith({ semiAngles: [semiAngle, semiAngle, semiAngle] });
    if (!description || 'failed' in description) throw new Error(description?.failed);
    expect(overlapOf(description.ok.geometry)).toBeGreaterThan(MOST_OVERLAP);
  });
});

it('discs that overlap almost wholly are refused, not guessed', () => {
  // Discs two lattice vectors wide: every pixel lies in several of them.
  const plateau = Uint8Array.from({ length: 64 * 64 }, (_, at) => {
    const [x, y] = [(at % 64) - 31.5, Math.floor(at / 64) - 31.5];
    return 100 + Math.round(20 * Math.cos(x / 5) * Math.cos(y / 7));
  });
  expect(() => detectLattice(plateau, { size: 64 })).toThrow(/overlap too much|no lattice/);
});
