import { describe, expect, it } from 'vitest';
import { makeBatch } from '../../classifier/batches.ts';
import { placedInputs, unmoved } from '../../classifier/placement.ts';
import type { Transform } from '../../classifier/recipe.ts';
import {
  dilation,
  flips,
  gain,
  noise,
  rotation,
  shift,
  survivesMirror,
  warp,
} from '../../classifier/techniques/transforms.ts';
import { PLAIN } from '../../classifier/techniques.ts';
import { Stream } from '../../src/common/stream.ts';
import { SPACE_GROUPS } from '../../src/crystal/spacegroup.ts';
import { PIXEL_SCALE } from '../../src/dataset/examples.ts';
import { type Tensor4D, tf } from '../../src/engine/tf.ts';

const SIZE = 9;
const COUNT = 6;
const pixels = Uint8Array.from(new Stream(1, 'x').uniforms(COUNT * SIZE * SIZE * 3, 0, 256));
const values = () => Float32Array.from(pixels, (value) => value * PIXEL_SCALE);

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

/** Inputs of all examples under one transform; `spaceGroups` one for each example. */
const run = (transform: Transform, spaceGroups: readonly number[] = Array(COUNT).fill(225)) =>
  tf.tidy(() => {
    const classes = [...new Set(spaceGroups)];
    const labels = Int32Array.from(spaceGroups, (group) => classes.indexOf(group));
    const batch = makeBatch({
      examples: { count: COUNT, size: SIZE, classes, labels, materials: [], images: () => pixels },
      rows: Int32Array.from({ length: COUNT }, (_, i) => i),
      recipe: { ...PLAIN, transforms: [transform] },
      classWeights: null,
      stream: new Stream(4, 'augment'),
    });
    const out = [...batch.x.dataSync()];
    batch.dispose();
    return out;
  });

describe('flips', () => {
  it('mirror each pattern by itself, left-right, up-down, both or not at all', () => {
    const before = values();
    const after = run(flips());
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
    expect(run(flips(), Array(COUNT).fill(76))).toEqual([...values()]);
    const mixed = run(flips(), [76, 225, 76, 225, 76, 225]);
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

describe('placement', () => {
  it.each([
    [{ scale: 1.3 }],
    [{ scale: 0.8, dx: 1.5 }],
    [{ dx: -2, dy: 3 }],
    [{ scale: 1.06, dx: 0.25, dy: -0.75 }],
  ])('%j reads what the projective transform of TensorFlow reads', (change) => {
    const { dx, dy, scale } = { ...unmoved(), ...change };
    const ours = placedInputs(
      pixels,
      SIZE,
      Array.from({ length: COUNT }, () => ({ ...unmoved(), ...change })),
    );
    tf.tidy(() => {
      const map = { xx: scale, xy: 0, yx: 0, yy: scale, dx, dy };
      const x = tf.tensor4d(values(), [COUNT, SIZE, SIZE, 3]);
      const theirs = warp(
        x,
        Array.from({ length: COUNT }, () => map),
      ).dataSync();
      ours.forEach((value, i) => {
        expect(Math.abs(value - theirs[i]!)).toBeLessThan(1e-4);
      });
    });
  });
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
  const first = run(transform);
  expect(first).toHaveLength(values().length);
  expect(run(transform)).toEqual(first);
  expect(first).not.toEqual([...values()]);
  expect(first.every(Number.isFinite)).toBe(true);
  expect(tf.memory().numTensors).toBe(before);
});
