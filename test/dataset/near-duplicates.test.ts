import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import {
  NEAR_DUPLICATE,
  nearDuplicates,
  tripletDistance,
} from '../../src/dataset/near-duplicates.ts';
import { discTriplet } from '../support/disc-triplet.ts';

const SIZE = 48;

const triplet = (seed: number): Uint8Array =>
  discTriplet(SIZE, new Stream(seed, 'near-duplicates'));

const clip = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));

/** The triplet read at another place, between pixels where need be; dark outside. */
function moved(pixels: Uint8Array, from: (x: number, y: number) => [number, number]): Uint8Array {
  const at = (x: number, y: number, c: number): number =>
    x < 0 || y < 0 || x >= SIZE || y >= SIZE ? 0 : pixels[3 * (y * SIZE + x) + c]!;
  return pixels.map((_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % SIZE, Math.floor(i / 3 / SIZE)];
    const [u, v] = from(x, y);
    const [left, top] = [Math.floor(u), Math.floor(v)];
    const [s, t] = [u - left, v - top];
    return clip(
      (1 - t) * ((1 - s) * at(left, top, c) + s * at(left + 1, top, c)) +
        t * ((1 - s) * at(left, top + 1, c) + s * at(left + 1, top + 1, c)),
    );
  });
}

const turned = (pixels: Uint8Array, degrees: number): Uint8Array => {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const middle = (SIZE - 1) / 2;
  return moved(pixels, (x, y) => [
    middle + cos * (x - middle) - sin * (y - middle),
    middle + sin * (x - middle) + cos * (y - middle),
  ]);
};

const exchanged = (pixels: Uint8Array): Uint8Array =>
  pixels.map((_, i) => pixels[i - (i % 3) + ((i + 1) % 3)]!);

const noise = new Stream(1, 'noise');

const CHANGES: [string, (pixels: Uint8Array) => Uint8Array][] = [
  ['nothing', (p) => p],
  ['one grey level up', (p) => p.map((v) => clip(v + 1))],
  ['one grey level either way', (p) => p.map((v) => clip(v + noise.index(3) - 1))],
  ['a shift to the right', (p) => moved(p, (x, y) => [x - 1, y])],
  ['a shift up and left', (p) => moved(p, (x, y) => [x + 1, y + 1])],
  ['half a pixel down', (p) => moved(p, (x, y) => [x, y - 0.5])],
  ['grey levels times 0.85', (p) => p.map((v) => clip(0.85 * v))],
  ['intensity doubled', (p) => p.map((v) => (v > 0 ? clip(v + 10 * Math.LN2) : 0))],
  ['a quarter turn', (p) => turned(p, 90)],
  ['a half turn', (p) => turned(p, 180)],
  ['a turn by 23 degrees', (p) => turned(p, 23)],
  ['a mirror image', (p) => moved(p, (x, y) => [SIZE - 1 - x, y])],
  ['zones exchanged', exchanged],
  ['light noise', (p) => p.map((v) => clip(v + 2 * noise.normal()))],
  [
    'all at once',
    (p) => turned(exchanged(p), 40).map((v) => clip(0.95 * v + 1.5 * noise.normal())),
  ],
];

describe('two triplets', () => {
  it.each(CHANGES)('are one after %s', (_, change) => {
    for (const seed of [1, 2, 3]) {
      const original = triplet(seed);
      const distance = tripletDistance([original, change(original)], SIZE);
      expect(distance).toBeLessThan(NEAR_DUPLICATE);
      expect(distance).toBeGreaterThanOrEqual(0);
    }
  });

  it('of different crystals are far apart, also where one pattern is the same', () => {
    const [a, b] = [triplet(1), triplet(2)];
    expect(tripletDistance([a, b], SIZE)).toBeGreaterThan(5 * NEAR_DUPLICATE);
    const mixed = a.map((v, i) => (i % 3 === 0 ? v : b[i]!));
    expect(tripletDistance([a, mixed], SIZE)).toBeGreaterThan(5 * NEAR_DUPLICATE);
  });

  it('without light are one, and nothing else is', () => {
    const dark = new Uint8Array(SIZE * SIZE * 3);
    expect(tripletDistance([dark, dark], SIZE)).toBe(0);
    expect(tripletDistance([dark, triplet(1)], SIZE)).toBeGreaterThan(0.5);
  });
});

const setOf = (triplets: readonly Uint8Array[]) => ({
  count: triplets.length,
  size: SIZE,
  images: (rows: ArrayLike<number>) =>
    Uint8Array.from(Array.from(rows, (row) => [...triplets[row]!]).flat()),
});

describe('a search', () => {
  const plain = [4, 5, 6, 7, 8, 9].map(triplet);

  it('finds every changed triplet of a set, and no other pair', () => {
    const changes = CHANGES.slice(1).map(([, change], i) => change(plain[i % 6]!));
    const found = nearDuplicates(setOf(changes), setOf(plain));
    const nearest = changes.map((_, row) => found.find((one) => one.row === row)?.other);
    expect(nearest).toEqual(changes.map((_, i) => i % 6));
    expect(found.length).toBe(changes.length);
  });

  it('names each pair of one set once, and leaves out what it is told to', () => {
    const set = setOf([...plain, turned(plain[2]!, 90), plain[4]!]);
    const pairs = nearDuplicates(set, null).map(({ row, other }) => [row, other]);
    expect(pairs).toEqual([
      [6, 2],
      [7, 4],
    ]);
    const skip = (row: number, other: number) => row === 7 && other === 4;
    expect(nearDuplicates(set, null, { skip }).map(({ row }) => row)).toEqual([6]);
  });

  it('takes no two sizes', () => {
    const small = { ...setOf(plain), size: 32 };
    expect(() => nearDuplicates(setOf(plain), small)).toThrow(/48 pixels a side against 32/);
  });
});
