import { describe, expect, it } from 'vitest';
import { ClassTables } from '../../src/codec/class-tables.ts';
import { MODES } from '../../src/codec/discs.ts';
import type { EncodedSet, EncodedTriplet } from '../../src/codec/encode.ts';
import { tripletGeometry } from '../../src/codec/geometry.ts';
import {
  drawCodecSamples,
  drawPool,
  SAMPLERS,
  type SamplerName,
} from '../../src/codec/samplers.ts';
import { patternSymmetry, symmetrise, symmetryResidual } from '../../src/codec/symmetry.ts';
import { Stream } from '../../src/common/stream.ts';
import { conformCell } from '../../src/crystal/cell.ts';
import type { Cell } from '../../src/crystal/crystal.ts';
import { latticeSystem } from '../../src/crystal/spacegroup.ts';
import { standardZones } from '../../src/crystal/zone.ts';
import { tf } from '../../src/engine/tf.ts';
import { defaultCamera } from '../../src/simulate/camera.ts';

const camera = defaultCamera(64);
const classes = [14, 62, 227];

/** Dark discs of the training set: a set that turns and mirrors of the lattice keep. */
const isDark = (h: number, k: number): boolean => (Math.abs(h) + Math.abs(k)) % 4 === 2;

/** Symmetric triplets with discs that are always dark, some classes larger than others. */
function trainingSet(): EncodedSet {
  const stream = new Stream(9, 'training');
  const triplets: EncodedTriplet[] = [];
  classes.forEach((spaceGroup, label) => {
    for (let n = 0; n < [6, 4, 1][label]!; n++) {
      const own = stream.split(`${spaceGroup}/${n}`);
      const length = (): number => own.between(5, 9);
      const raw: Cell = [length(), length(), length(), 90, own.between(92, 110), 90];
      const cell = conformCell(raw, latticeSystem(spaceGroup));
      const zones = standardZones(spaceGroup);
      const discs = tripletGeometry({ cell, spaceGroup, zones, camera }).map((geometry, zone) => {
        const coefficients = own.normals(geometry.h.length * MODES, 0.2);
        geometry.h.forEach((h, disc) => {
          const k = geometry.k[disc]!;
          const away = Math.hypot(
            h * geometry.basis[0] + k * geometry.basis[2],
            h * geometry.basis[1] + k * geometry.basis[3],
          );
          const dark = isDark(h, k) && zone === 0;
          coefficients[disc * MODES] = dark ? -2 : 13 - 0.2 * away + own.normal();
          if (dark) coefficients.fill(0, disc * MODES + 1, (disc + 1) * MODES);
        });
        const operations = patternSymmetry(spaceGroup, zones[zone]!);
        return symmetrise({ geometry, coefficients, background: null }, operations);
      });
      triplets.push({
        label,
        spaceGroup,
        material: `${spaceGroup}-${n}`,
        cell,
        zones,
        inPlane: null,
        spacings: null,
        discs: discs as unknown as EncodedTriplet['discs'],
      });
    }
  });
  return { classes, camera, aperture: 'mesh', triplets, leftOut: {}, residualShare: 0 };
}

const tables = new ClassTables(trainingSet());
const draw = (sampler: SamplerName, label = 0, count = 6, seed = 1) =>
  drawCodecSamples(tables, { sampler, label, count, stream: new Stream(seed, 'draw') });

describe.each(SAMPLERS.filter((name) => name !== 'copy'))('sampler %s', (sampler) => {
  it('draws the same from the same stream, other things from another', () => {
    const [a, b, c] = [draw(sampler), draw(sampler), draw(sampler, 0, 6, 2)];
    const levels = (d: typeof a): string =>
      d.map(({ discs }) => discs[0].coefficients.slice(0, 40).join()).join();
    expect(levels(a)).toBe(levels(b));
    expect(levels(a)).not.toBe(levels(c));
  });

  it('keeps the equalities and angles of the lattice system', () => {
    for (const label of [0, 1, 2]) {
      for (const { cell } of draw(sampler, label)) {
        expect(conformCell(cell, latticeSystem(classes[label]!))).toEqual(cell);
      }
    }
  });

  it('keeps the symmetry of the group', () => {
    for (const label of [0, 1, 2]) {
      for (const { discs } of draw(sampler, label, 3)) {
        discs.forEach((pattern, zone) => {
          const operations = patternSymmetry(
            classes[label]!,
            standardZones(classes[label]!)[zone]!,
          );
          expect(symmetryResidual(pattern, operations, 24)).toBeLessThan(0.02);
        });
      }
    }
  });

  it('keeps dark what is dark in the whole class', () => {
    for (const { discs } of draw(sampler, 1)) {
      const { geometry, coefficients } = discs[0];
      geometry.h.forEach((h, disc) => {
        if (isDark(h, geometry.k[disc]!)) expect(coefficients[disc * MODES]).toBeLessThan(0);
      });
    }
  });

  it('takes tables from its class only, and another material as partner', () => {
    for (const { sources, share, label } of draw(sampler, 0, 20)) {
      const [own, other] = sources.map((row) => tables.triplet(row));
      expect(own!.label).toBe(label);
      if (share > 0) {
        expect(other!.label).toBe(label);
        expect(other!.material).not.toBe(own!.material);
      }
    }
  });
});

describe('samplers', () => {
  it('copy hands out training triplets as they are', () => {
    for (const { sources, discs } of draw('copy')) {
      expect(discs).toBe(tables.triplet(sources[0]!).discs);
    }
  });

  it('interpolation lies between its sources', () => {
    for (const { sources, share, cell } of draw('interpolation', 0, 12)) {
      const [a, b] = sources.map((row) => tables.triplet(row).cell);
      for (const i of [0, 1, 2]) {
        const expected = (1 - share) * Math.log(a![i]!) + share * Math.log(b![i]!);
        expect(Math.log(cell[i]!)).toBeCloseTo(expected, 6);
      }
    }
  });

  it('lattice transfer keeps about its own volume', () => {
    for (const { sources, cell } of draw('lattice-transfer', 1, 20)) {
      const own = tables.triplet(sources[0]!).cell;
      const volume = (c: Cell): number => c[0] * c[1] * c[2];
      expect(Math.abs(Math.log(volume(cell) / volume(own)))).toBeLessThan(0.8);
    }
  });

  it('a class of one material can only be varied, not joined', () => {
    for (const { sources, share } of draw('interpolation-jitter', 2)) {
      expect(sources.length).toBe(1);
      expect(share).toBe(0);
    }
  });

  it('a class without training triplets is refused by name', () => {
    const set = trainingSet();
    const bare = new ClassTables({ ...set, triplets: set.triplets.filter((t) => t.label !== 1) });
    const request = { sampler: 'jitter' as const, label: 1, count: 1, stream: new Stream(1, 'x') };
    expect(() => drawCodecSamples(bare, request)).toThrow(/space group 62 has no training triplet/);
  });

  it('a pool holds as many images of each class as asked for, and no tensor', async () => {
    const before = tf.memory().numTensors;
    const pool = await drawPool(tables, {
      sampler: 'interpolation-jitter',
      counts: [3, 0, 2],
      stream: new Stream(4, 'pool'),
    });
    expect([...pool.labels]).toEqual([0, 0, 0, 2, 2]);
    expect(pool.images.length).toBe(5 * 64 * 64 * 3);
    for (let n = 0; n < 5; n++) {
      const image = pool.images.subarray(n * 64 * 64 * 3, (n + 1) * 64 * 64 * 3);
      expect(Math.max(...image)).toBeGreaterThan(60);
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});
