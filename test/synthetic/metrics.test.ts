import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quantile } from '../../src/common/quantile.ts';
import { Stream } from '../../src/common/stream.ts';
import { tf } from '../../src/engine/tf.ts';
import { authenticity, copyTest, mannWhitneyZ } from '../../synthetic/metrics/copying.ts';
import { prdc } from '../../synthetic/metrics/coverage.ts';
import {
  type Features,
  featuresOf,
  pickRows,
  stackRows,
} from '../../synthetic/metrics/features.ts';
import { frechet } from '../../synthetic/metrics/frechet.ts';
import { kid, kidAboutMean } from '../../synthetic/metrics/kid.ts';
import {
  nearestRows,
  squaredDistance,
  visitDistances,
} from '../../synthetic/metrics/neighbours.ts';
import { realism, realismAmong } from '../../synthetic/metrics/realism.ts';
import { classHalves, equalRows, setMetrics } from '../../synthetic/metrics/set-metrics.ts';
import { twoSampleTest } from '../../synthetic/metrics/two-sample.ts';

const cloud = (name: string, count: number, width: number, shift = 0): Features => ({
  count,
  width,
  values: new Stream(1, name).normals(count * width).map((v) => v + shift),
});

/** The set turned by a random rotation (Gram-Schmidt on normals), moved and scaled. */
function turned(set: Features, seed: number): Features {
  const stream = new Stream(seed, 'turn');
  const { width } = set;
  const axes: number[][] = [];
  while (axes.length < width) {
    const v = [...stream.normals(width)];
    for (const axis of axes) {
      const dot = v.reduce((sum, x, k) => sum + x * axis[k]!, 0);
      axis.forEach((x, k) => {
        v[k]! -= dot * x;
      });
    }
    const norm = Math.hypot(...v);
    axes.push(v.map((x) => x / norm));
  }
  const rows = Array.from({ length: set.count }, (_, i) =>
    axes.map((axis) => 3 + axis.reduce((sum, x, k) => sum + x * set.values[i * width + k]!, 0)),
  );
  return featuresOf(rows);
}

it('precision, recall, density and coverage do not change under rotation, shift and permutation', () => {
  const [real, fake] = [cloud('r', 60, 5), cloud('f', 50, 5, 0.5)];
  const wanted = prdc(real, fake);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
      expect(prdc(turned(real, seed), turned(fake, seed))).toEqual(wanted);
      const order = (set: Features, name: string) =>
        pickRows(set, new Stream(seed, name).permutation(set.count));
      expect(prdc(order(real, 'a'), order(fake, 'b'))).toEqual(wanted);
    }),
    { numRuns: 20 },
  );
});

it('a set against itself is covered, recalled and as dense as itself', () => {
  const real = cloud('same', 80, 4);
  const found = prdc(real, real);
  expect(found).toMatchObject({ precision: 1, recall: 1, coverage: 1 });
  // Strict balls of k neighbours hold the centre and k - 1 others.
  expect(found.density).toBeCloseTo(1, 12);
});

it('the engine and the loop give the same distances, also far from the origin', () => {
  const [a, b] = [cloud('a', 300, 130, 50), cloud('b', 200, 130, 50)];
  let worst = 0;
  let bound = 0;
  const before = tf.memory().numTensors;
  visitDistances(a, b, ({ start, count, squared }, slack) => {
    bound = slack;
    for (let r = 0; r < count; r++) {
      for (let j = 0; j < b.count; j++) {
        const exact = squaredDistance(a, start + r, b, j);
        worst = Math.max(worst, Math.abs(squared[r * b.count + j]! - exact));
      }
    }
  });
  expect(tf.memory().numTensors).toBe(before);
  expect(worst).toBeLessThan(bound);
  expect(bound).toBeLessThan(0.01);
});

it('finds the same neighbours as a sort, ties and twins included', () => {
  const base = cloud('n', 150, 120);
  const twins = pickRows(base, [...Array(150).keys(), ...Array(40).keys()]);
  const { index, squared } = nearestRows(twins, twins, { k: 4, excludeSelf: true });
  for (let i = 0; i < twins.count; i++) {
    const all = Array.from({ length: twins.count }, (_, j) => squaredDistance(twins, i, twins, j));
    const sorted = [...all.keys()].filter((j) => j !== i).sort((p, q) => all[p]! - all[q]!);
    const wanted = sorted.slice(0, 4).map((j) => all[j]!);
    expect([...squared.subarray(4 * i, 4 * i + 4)]).toEqual(wanted);
    expect([...index.subarray(4 * i, 4 * i + 4)].map((j) => all[j]!)).toEqual(wanted);
  }
});

it('finds the same neighbours as a sort on the engine, with rows left out and uneven groups', () => {
  const [a, b] = [cloud('rows', 90, 60), cloud('columns', 1003, 60)];
  const exclude = (i: number, j: number) => (i + j) % 3 === 0;
  const before = tf.memory().numTensors;
  const { index, squared } = nearestRows(a, b, { k: 6, exclude });
  expect(tf.memory().numTensors).toBe(before);
  for (let i = 0; i < a.count; i++) {
    const allowed = [...Array(b.count).keys()].filter((j) => !exclude(i, j));
    const sorted = allowed
      .map((j) => ({ j, d: squaredDistance(a, i, b, j) }))
      .sort((p, q) => p.d - q.d);
    expect([...index.subarray(6 * i, 6 * i + 6)]).toEqual(sorted.slice(0, 6).map(({ j }) => j));
    expect(squared[6 * i + 5]).toBe(sorted[5]!.d);
  }
});

it('precision to coverage of a large problem are those of the definition, counted one by one', () => {
  const [real, fake] = [cloud('big real', 230, 60), cloud('big fake', 211, 60, 0.05)];
  const radius = (set: Features, i: number): number =>
    Array.from({ length: set.count }, (_, j) => squaredDistance(set, i, set, j)).sort(
      (p, q) => p - q,
    )[5]!;
  const [realBalls, fakeBalls] = [real, fake].map((set) =>
    Array.from({ length: set.count }, (_, i) => radius(set, i)),
  ) as [number[], number[]];
  const within = realBalls.map((limit, i) =>
    fakeBalls.map((_, j) => squaredDistance(real, i, fake, j) < limit),
  );
  const inFake = realBalls.map((_, i) =>
    fakeBalls.some((limit, j) => squaredDistance(real, i, fake, j) < limit),
  );
  const share = (all: boolean[]) => all.filter(Boolean).length / all.length;
  expect(prdc(real, fake)).toEqual({
    precision: share(fakeBalls.map((_, j) => within.some((row) => row[j]))),
    recall: share(inFake),
    density: within.flat().filter(Boolean).length / (5 * fake.count),
    coverage: share(within.map((row) => row.some(Boolean))),
  });
});

it('the Frechet distance is zero to itself, the squared shift of a moved set, and whole with few samples', () => {
  const set = cloud('g', 40, 6);
  expect(Math.abs(frechet(set, set))).toBeLessThan(1e-9);
  const moved = { ...set, values: set.values.map((v) => v + 2) };
  expect(frechet(set, moved)).toBeCloseTo(24, 4);
  const few = pickRows(set, [0, 1, 2]);
  expect(Math.abs(frechet(few, few))).toBeLessThan(1e-6);
});

it('KID is near zero between halves of one cloud and grows with the shift', () => {
  const [a, b] = [cloud('ka', 200, 8), cloud('kb', 200, 8)];
  expect(Math.abs(kid(a, b))).toBeLessThan(0.1);
  expect(kid(a, cloud('kc', 200, 8, 1))).toBeGreaterThan(kid(a, cloud('kc', 200, 8, 0.5)));
});

it('copies are told: realism without bound, AuthPct 0, C_T far below zero', () => {
  const [train, held] = [cloud('t', 100, 6), cloud('h', 60, 6)];
  const noise = new Stream(1, 'noise').normals(60 * 6, 1e-3);
  const copies = {
    count: 60,
    width: 6,
    values: train.values.slice(0, 360).map((v, i) => v + noise[i]!),
  };
  expect(
    realism(train, pickRows(train, [4, 5, 6])).some((r) => r === Number.POSITIVE_INFINITY),
  ).toBe(true);
  expect(authenticity(train, copies)).toBe(0);
  expect(copyTest({ train, held, fake: copies })).toBeLessThan(-8);
  expect(Math.abs(copyTest({ train, held, fake: cloud('other', 60, 6) }))).toBeLessThan(3);
});

it('C_T averages over cells and leaves out cells that are too small', () => {
  const [train, held, fake] = [cloud('ct', 30, 3), cloud('ch', 20, 3), cloud('cf', 20, 3)];
  const cells = (count: number, second: number) =>
    Array.from({ length: count }, (_, i) => (i < second ? 0 : 1));
  const split = { train: cells(30, 20), held: cells(20, 16), fake: cells(20, 12) };
  const first = (n: number) => Array.from({ length: n }, (_, i) => i);
  const alone = copyTest({
    train: pickRows(train, first(20)),
    held: pickRows(held, first(16)),
    fake: pickRows(fake, first(12)),
  });
  expect(copyTest({ train, held, fake, cells: split })).toBe(alone);
  expect(
    copyTest({ train, held, fake, cells: { ...split, held: cells(20, 4), fake: cells(20, 17) } }),
  ).toBeNaN();
});

it('near-twins of one material do not make the balls of realism and AuthPct small', () => {
  const once = cloud('once', 40, 5);
  const noise = new Stream(2, 'twins').normals(40 * 5, 1e-4);
  const twin = { ...once, values: once.values.map((v, i) => v + noise[i]!) };
  const pairs = stackRows(once, twin);
  const groups = Array.from({ length: 80 }, (_, i) => i % 40);
  const fake = cloud('probe', 30, 5);
  const wanted = realism(once, fake);
  const found = realism(pairs, fake, { groups, k: 6 });
  found.forEach((value, i) => expect(Math.abs(value - wanted[i]!)).toBeLessThan(0.02 * wanted[i]!));
  const largest = (values: Float64Array) => values.reduce((most, v) => Math.max(most, v), 0);
  expect(largest(realismAmong(pairs, { groups, k: 6 }))).toBeLessThan(10);
  expect(largest(realismAmong(pairs))).toBeGreaterThan(100);
  expect(authenticity(pairs, fake, groups)).toBe(authenticity(once, fake));
  expect(authenticity(pairs, fake)).toBe(100);
});

it('realism among real samples is what each would reach if it and its material were new', () => {
  const set = cloud('among', 120, 4);
  const groups = Array.from({ length: 120 }, (_, i) => i % 50);
  const found = realismAmong(set, { groups });
  const off = groups.map((group, j) => {
    const others = [...groups.keys()].filter((i) => groups[i] !== group);
    const rest = { groups: others.map((i) => groups[i]) };
    const wanted = realism(pickRows(set, others), pickRows(set, [j]), rest)[0]!;
    return Math.abs(found[j]! / wanted - 1);
  });
  // Leaving a sample out moves the median a little: a ball near it may come in or drop out.
  expect(off.filter((error) => error < 1e-9).length).toBeGreaterThan(100);
});

it('new real samples stay below the limits of realism as seldom as they should', () => {
  const set = cloud('limit', 300, 6);
  const fresh = cloud('fresh for the limit', 600, 6);
  const limit = quantile(realismAmong(set), 0.05);
  const below = realism(set, fresh).filter((value) => value < limit).length / 600;
  expect(below).toBeGreaterThan(0.02);
  expect(below).toBeLessThan(0.09);
});

it('the Mann-Whitney Z agrees with SciPy, ties included', () => {
  // scipy.stats.mannwhitneyu([1, 2, 2, 5], [2, 3, 4, 6, 7]).statistic == 4.0
  const z = mannWhitneyZ(Float64Array.of(1, 2, 2, 5), Float64Array.of(2, 3, 4, 6, 7));
  expect(z).toBeCloseTo((4 - 10 + 0.5) / Math.sqrt((20 * 10) / 12), 12);
});

it('the two-sample test sees a shift and does not see one that is not there', () => {
  const real = cloud('cr', 80, 5);
  const same = twoSampleTest(real, cloud('cs', 60, 5), { stream: new Stream(1, 's') });
  expect(same.count).toBe(60);
  expect(same.pValue).toBeGreaterThan(0.05);
  const far = twoSampleTest(real, cloud('cs', 60, 5, 2), { stream: new Stream(1, 's') });
  expect(far.accuracy).toBeGreaterThan(0.9);
  expect(far.pValue).toBe(0.001);
});

it.each([
  ['prdc', () => prdc(cloud('x', 5, 2), cloud('y', 20, 2))],
  ['nearest', () => nearestRows(cloud('x', 5, 2), cloud('y', 2, 2), { k: 3 })],
  ['kid', () => kid(cloud('x', 1, 2), cloud('y', 20, 2))],
  ['frechet', () => frechet(cloud('x', 1, 2), cloud('y', 20, 2))],
  ['widths', () => kid(cloud('x', 5, 3), cloud('y', 5, 2))],
])('%s refuses what it cannot compute', (_, run) => {
  expect(run).toThrow(RangeError);
});

it('KID about the mean does not change where all features are moved far away', () => {
  const [a, b] = [cloud('offset a', 120, 8), cloud('offset b', 120, 8, 0.7)];
  const far = (set: typeof a) => ({
    ...set,
    values: Float64Array.from(set.values, (v) => v + 1000),
  });
  const near = kidAboutMean(a, b);
  expect(near).toBeGreaterThan(0.1);
  expect(Math.abs(kidAboutMean(far(a), far(b)) - near)).toBeLessThan(1e-6 * near);
});

it('rows for a comparison have equally many of each class in every set', () => {
  const sets = [
    { classes: [1, 1, 1, 2, 2, 3] },
    { classes: [1, 2, 2, 2, 4] },
    { classes: [2, 1, 1, 2, 3] },
  ];
  const rows = equalRows(sets, new Stream(3, 'equal'));
  rows.forEach((of, n) => {
    expect(of.map((row) => sets[n]!.classes[row])).toEqual([1, 2, 2]);
    expect(new Set(of).size).toBe(of.length);
  });
});

it('halves of classes share no material and part each class', () => {
  const classes = Array.from({ length: 60 }, (_, i) => i % 3);
  const materials = classes.map((of, i) => `${of}-${Math.floor(i / 6)}`);
  const [first, second] = classHalves({ classes, materials }, new Stream(4, 'halves'));
  expect([...first, ...second].sort((a, b) => a - b)).toEqual([...classes.keys()]);
  const names = new Set(first.map((row) => materials[row]));
  expect(second.some((row) => names.has(materials[row]!))).toBe(false);
  for (const of of [0, 1, 2]) {
    expect(first.filter((row) => classes[row] === of).length).toBe(10);
  }
});

it('a floor is one of real triplets of the same classes, whatever their mixture', () => {
  const [one, two] = [cloud('class 1', 200, 4), cloud('class 2', 200, 4, 6)];
  const rows = (set: typeof one, from: number, to: number) =>
    pickRows(
      set,
      Array.from({ length: to - from }, (_, i) => from + i),
    );
  const real = stackRows(rows(one, 0, 90), rows(two, 0, 10));
  const fake = stackRows(rows(one, 90, 100), rows(two, 10, 100));
  const held = stackRows(rows(one, 100, 150), rows(two, 100, 150));
  const of = (first: number, second: number) => [...Array(first).fill(1), ...Array(second).fill(2)];
  const { kid } = setMetrics({
    real,
    materials: Array.from({ length: 100 }, (_, i) => `m${i}`),
    classes: of(90, 10),
    fake,
    fakeClasses: of(10, 90),
    held: { features: held, classes: of(50, 50) },
    stream: new Stream(1, 'floor'),
  });
  // The two mixtures differ greatly, the classes not at all.
  expect(kid.value).toBeGreaterThan(10);
  expect(kid.ratio).toBeGreaterThan(0.3);
  expect(kid.ratio).toBeLessThan(3);
});
