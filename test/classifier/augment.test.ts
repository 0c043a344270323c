import { describe, expect, it } from 'vitest';
import {
  dilation,
  flips,
  gain,
  noise,
  rotation,
  shift,
  survivesMirror,
} from '../../classifier/augment.ts';
import { warp } from '../../classifier/warp.ts';
import { SPACE_GROUPS } from '../../src/crystal/spacegroup.ts';
import { type Tensor4D, tf } from '../../src/engine/tf.ts';
import { Stream } from '../../src/ground/stream.ts';

const SIZE = 9;
const COUNT = 6;
const values = () => new Stream(1, 'x').uniforms(COUNT * SIZE * SIZE * 3);
const batch = (classes: readonly number[], labels = new Int32Array(COUNT)) => ({
  labels,
  classes,
  stream: new Stream(4, 'augment'),
});

/** One pattern of one example, as rows. */
function pattern(x: ArrayLike<number>, example: number, channel: number): number[][] {
  const at = (row: number, column: number) =>
    x[((example * SIZE + row) * SIZE + column) * 3 + channel]!;
  return Array.from({ length: SIZE }, (_, row) =>
    Array.from({ length: SIZE }, (_, column) => at(row, column)),
  );
}

const upsideDown = (rows: number[][]) => [...rows].reverse();
const leftRight = (rows: number[][]) => rows.map((row) => [...row].reverse());

const run = (
  transform: ReturnType<typeof flips>,
  classes: readonly number[],
  labels?: Int32Array,
) =>
  tf.tidy(() => {
    const x = tf.tensor4d(values(), [COUNT, SIZE, SIZE, 3]);
    return [...transform(x, batch(classes, labels)).dataSync()];
  });

describe('flips', () => {
  it('mirror each pattern by itself, left-right, up-down, both or not at all', () => {
    const before = values();
    const after = run(flips(), [225]);
    const seen = new Set<number>();
    for (let example = 0; example < COUNT; example++) {
      for (let channel = 0; channel < 3; channel++) {
        const p = pattern(before, example, channel);
        const ways = [p, upsideDown(p), leftRight(p), upsideDown(leftRight(p))].map(String);
        const way = ways.indexOf(String(pattern(after, example, channel)));
        expect(way).toBeGreaterThanOrEqual(0);
        seen.add(way);
      }
    }
    expect(seen.size).toBe(4);
  });

  it('leave the groups of enantiomorphic pairs as they are', () => {
    expect(run(flips(), [76])).toEqual([...values()]);
    const mixed = run(flips(), [76, 225], Int32Array.from([0, 1, 0, 1, 0, 1]));
    for (const example of [0, 2, 4]) {
      for (const channel of [0, 1, 2]) {
        expect(pattern(mixed, example, channel)).toEqual(pattern(values(), example, channel));
      }
    }
    expect(mixed).not.toEqual([...values()]);
  });

  it('are allowed for 208 groups', () => {
    expect(SPACE_GROUPS.filter(survivesMirror)).toHaveLength(208);
  });
});

/** A disc of radius 2 about the centre, and its mass. */
const disc = () =>
  tf.tidy(() => {
    const data = Array.from({ length: SIZE * SIZE }, (_, i) => {
      const [row, column] = [Math.floor(i / SIZE) - 4, (i % SIZE) - 4];
      return row * row + column * column <= 4 ? 1 : 0;
    }).flatMap((v) => [v, v, v]);
    return tf.tensor4d(data, [1, SIZE, SIZE, 3]);
  });

describe('warp', () => {
  const still = { xx: 1, xy: 0, yx: 0, yy: 1, dx: 0, dy: 0 };
  const mass = (map: object) =>
    tf.tidy(
      () =>
        warp(disc(), [{ ...still, ...map }])
          .sum()
          .dataSync()[0]! / 3,
    );

  it('is the identity for the identity', () => {
    tf.tidy(() => {
      const x = tf.tensor4d(values(), [COUNT, SIZE, SIZE, 3]);
      const same = warp(
        x,
        Array.from({ length: COUNT }, () => still),
      );
      expect([...same.dataSync()]).toEqual([...x.dataSync()]);
    });
  });

  it('reads from farther out where the scale is above 1: the picture shrinks', () => {
    expect(mass({ xx: 1.5, yy: 1.5 })).toBeLessThan(mass({}));
    expect(mass({ xx: 0.7, yy: 0.7 })).toBeGreaterThan(mass({}));
  });

  it('turns by a right angle as the matrix says', () => {
    tf.tidy(() => {
      const x = tf.tensor4d(values().slice(0, SIZE * SIZE * 3), [1, SIZE, SIZE, 3]) as Tensor4D;
      const turned = warp(x, [{ ...still, xx: 0, xy: -1, yx: 1, yy: 0 }]).dataSync();
      const before = pattern(x.dataSync(), 0, 1);
      const expected = before.map((_, row) => before.map((_, column) => before[column]![8 - row]!));
      pattern(turned, 0, 1).forEach((rowValues, row) => {
        rowValues.forEach((value, column) => {
          expect(value).toBeCloseTo(expected[row]![column]!, 4);
        });
      });
    });
  });
});

it.each([
  ['dilation', dilation(0.06)],
  ['rotation', rotation(5)],
  ['shift', shift(2)],
  ['gain', gain(0.1)],
  ['noise', noise(0.02)],
] as const)('%s: repeats for a stream, changes something, leaks nothing', (_name, transform) => {
  const before = tf.memory().numTensors;
  const first = run(transform, [225]);
  expect(first).toHaveLength(values().length);
  expect(run(transform, [225])).toEqual(first);
  expect(first).not.toEqual([...values()]);
  expect(first.every(Number.isFinite)).toBe(true);
  expect(tf.memory().numTensors).toBe(before);
});
