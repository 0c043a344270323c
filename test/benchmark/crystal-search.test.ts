import { expect, it } from 'vitest';
import type { PairView } from '../../classifier/boundary/margin.ts';
import { pixelsOfCrystals } from '../../src/benchmark/pools/crystal-pool.ts';
import { searchBoundaries, summaryOf } from '../../src/benchmark/pools/crystal-search.ts';
import { silentProgress } from '../../src/common/progress.ts';
import { Stream } from '../../src/common/stream.ts';
import { generateCrystal } from '../../src/crystal/generate.ts';
import { findSymmetry } from '../../src/crystal/symmetry.ts';
import { type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import { toyStore } from '../synthetic/toy-store.ts';

const EPSILON = 0.1;
const CLASSES = [14, 33, 62];

/** A classifier that compares the brightness of rings: smooth in the pattern, three classes. */
const guide = (images: Tensor4D): Tensor2D =>
  tf.tidy(() => {
    const size = images.shape[1];
    const middle = (size - 1) / 2;
    const radius = Array.from({ length: size * size }, (_, at) =>
      Math.hypot((at % size) - middle, Math.floor(at / size) - middle),
    );
    const rings = [0.2, 0.4, 0.6].map((r) => radius.map((d) => (d < r * size ? 1 : -0.3)));
    const flat = images.mean(3).reshape([images.shape[0], size * size]) as Tensor2D;
    return flat.matMul(tf.tensor2d(rings), false, true).mul(0.05) as Tensor2D;
  });

async function search(rounds: number) {
  const store = await toyStore([6, 4, 2]);
  const crystals = Array.from({ length: 6 }, (_, i) => {
    const spaceGroup = i < 3 ? 33 : 62;
    return generateCrystal({ spaceGroup, stream: new Stream(i, 'start'), id: `c${i}` });
  });
  const pairs = [
    { spaceGroup: 33, partner: 62, count: 3 },
    { spaceGroup: 62, partner: 14, count: 2 },
  ];
  const work = { store, progress: silentProgress };
  return searchBoundaries({
    ...{ crystals, pairs, epsilon: EPSILON, classes: CLASSES, size: store.size, guide, rounds },
    draw: (some) => pixelsOfCrystals(some, work),
    stream: new Stream(1, 'search'),
  });
}

it('leads crystals towards the boundary and keeps their space group', {
  timeout: 120_000,
}, async () => {
  const before = tf.memory().numTensors;
  const led = await search(8);
  expect(tf.memory().numTensors).toBe(before);
  expect(led.map(({ crystal, partner }) => [crystal.spaceGroup, partner])).toEqual([
    [33, 62],
    [33, 62],
    [33, 62],
    [62, 14],
    [62, 14],
  ]);
  const far = ({ margin, probability, partnerProbability }: PairView) =>
    Math.abs(margin - EPSILON / 2) - Math.log(probability + partnerProbability);
  for (const { crystal } of led) {
    expect(findSymmetry(crystal)?.spaceGroup).toBe(crystal.spaceGroup);
  }
  for (const { view, start } of led) expect(far(view)).toBeLessThanOrEqual(far(start));
  const total = (which: 'start' | 'view') => led.reduce((sum, one) => sum + far(one[which]), 0);
  expect(total('view')).toBeLessThan(0.9 * total('start'));
  const [first] = summaryOf(led, EPSILON);
  expect(first).toMatchObject({ pair: '33:62', crystals: 3 });
});

it('moves nothing in no round, and the same in the same search', { timeout: 120_000 }, async () => {
  for (const { start, view, moves } of await search(0)) {
    expect(view).toEqual(start);
    expect(moves).toBe(0);
  }
  const [one, two] = [await search(2), await search(2)];
  expect(one.map(({ crystal }) => crystal)).toEqual(two.map(({ crystal }) => crystal));
});
