import { describe, expect, it } from 'vitest';
import { toPixels } from '../../src/dataset/intensity/transform.ts';
import { findSamePixels, nearMaterials, type PixelOwner } from '../../src/dataset/same-pixels.ts';
import { type Split, splitMaterials } from '../../src/dataset/split.ts';
import { discStack } from './fixture.ts';

const owner = (material: string, pixels: string, split: Split | null = null): PixelOwner => ({
  ...{ file: 'a.h5', key: `sample_${material}`, material, pixels, split, taken: '100 keV' },
});

describe('one pattern under two names', () => {
  it('ties its materials, also over a third, and stays in one part', () => {
    const samples = [
      owner('NaCl', 'p'),
      owner('halite', 'p'),
      owner('halite', 'q'),
      owner('rock salt', 'q'),
      owner('KCl', 'r'),
    ];
    const { tied, stays, anomalies } = findSamePixels(samples);
    expect(stays).not.toContain(false);
    expect(anomalies.map(({ kind, group }) => `${kind} ${group}`)).toEqual([
      'same-pixels sample_halite',
      'same-pixels sample_rock salt',
    ]);
    const classOf = new Map(
      ['NaCl', 'halite', 'rock salt', 'KCl', 'KBr', 'LiF'].map((name) => [name, 225]),
    );
    for (let seed = 0; seed < 20; seed++) {
      const splits = splitMaterials(classOf, { seed, tied });
      expect(new Set(['NaCl', 'halite', 'rock salt'].map((name) => splits.get(name))).size).toBe(1);
    }
  });

  it('is nothing where the names are spellings of one, or the pixels differ', () => {
    const found = findSamePixels([owner('mp-17', 'p'), owner('MP_17', 'p'), owner('mp-18', 'q')]);
    expect(found).toEqual({ tied: [], stays: [true, true, true], anomalies: [] });
  });

  it('is left out of training where files put it into two parts', () => {
    const { stays, anomalies } = findSamePixels([
      owner('NaCl', 'p', 'train'),
      owner('NaCl', 'q', 'train'),
      owner('halite', 'p', 'test'),
      owner('KCl', 'r', 'train'),
    ]);
    expect(stays).toEqual([false, false, true, true]);
    expect(anomalies.at(-1)!.reason).toBe(
      'NaCl also stands in test under another name; left out of train',
    );
  });
});

it('another spelling of a material that is left out of training is left out too', () => {
  const { stays, anomalies } = findSamePixels([
    owner('Halite', 'q', 'train'),
    owner('halite', 'p', 'train'),
    owner('NaCl', 'p', 'test'),
  ]);
  expect(stays).toEqual([false, false, true]);
  expect(anomalies.at(-1)!.reason).toMatch(/also stands in test under another name/);
});

describe('nearly one pattern', () => {
  const SIZE = 32;
  const plain = toPixels(discStack(1, SIZE), SIZE);
  const mirrored = plain.map((_, i) => {
    const [x, y] = [Math.floor(i / 3) % SIZE, Math.floor(i / (3 * SIZE))];
    return plain[3 * (y * SIZE + SIZE - 1 - x) + (i % 3)]!;
  });
  it.each([
    ['a grey level', plain.map((value) => Math.min(255, value + 1))],
    ['the mirror image', mirrored],
    ['zones exchanged', plain.map((_, i) => plain[i - (i % 3) + ((i + 1) % 3)]!)],
  ])('is reported: %s', (_, changed) => {
    const triplets = [plain, toPixels(discStack(2, SIZE), SIZE), changed];
    const samples = ['NaCl', 'KCl', 'halite'].map((name) => owner(name, name));
    const anomalies = nearMaterials(samples, SIZE, (row) => triplets[row]!);
    expect(anomalies).toHaveLength(1);
    expect(anomalies[0]!.reason).toMatch(/^halite is nearly NaCl .* are they one crystal\?$/);
  });

  it('is sought among samples that were taken alike, whatever stands first', () => {
    const triplets = [discStack(1, SIZE), discStack(3, SIZE), discStack(2, SIZE)]
      .map((stack) => toPixels(stack, SIZE))
      .concat([plain.map((value) => Math.min(255, value + 1))]);
    const samples = ['100 keV', '200 keV', '200 keV', '100 keV'].map((taken, i) => {
      return { ...owner(i < 2 ? 'NaCl' : 'halite', String(i)), taken };
    });
    const found = nearMaterials(samples, SIZE, (row) => triplets[row]!);
    expect(found.map(({ reason }) => reason)).toEqual([expect.stringMatching(/^halite is nearly/)]);
  });

  it('is told not to have been sought among too many materials', () => {
    const samples = Array.from({ length: 1001 }, (_, i) => owner(`mp-${i}`, String(i)));
    const [found, ...others] = nearMaterials(samples, SIZE, () => {
      throw new Error('nothing is compared');
    });
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: 'not-compared', group: null });
    expect(found!.reason).toMatch(/not looked for among 1001 materials/);
  });
});
