import { beforeAll, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import { doubtOf, type Evidence, rejections } from '../../synthetic/checks/acceptance.ts';
import { copyLimit, findCopies } from '../../synthetic/checks/memorised.ts';
import {
  classificationScore,
  meanRecall,
  onlyClasses,
} from '../../synthetic/metrics/classification-score.ts';
import {
  DESCRIPTORS,
  describe as described,
} from '../../synthetic/metrics/descriptors/descriptors.ts';
import { descriptorFaults, descriptorRanges } from '../../synthetic/metrics/descriptors/ranges.ts';
import { fitScaler, pooled, standardised } from '../../synthetic/metrics/feature-spaces.ts';
import { type Features, pickRows } from '../../synthetic/metrics/features.ts';
import { SET_METRICS, setMetrics } from '../../synthetic/metrics/set-metrics.ts';
import { networkTest } from '../../synthetic/metrics/two-sample.ts';
import { type Measured, wordOf } from '../../synthetic/metrics/words.ts';
import { toyExamples } from './toys.ts';

const cloud = (name: string, count: number, width = 4): Features => ({
  count,
  width,
  values: new Stream(1, name).normals(count * width),
});
const names = (count: number, each = 1) =>
  Array.from({ length: count }, (_, i) => `m${Math.floor(i / each)}`);

const everything = toyExamples({ counts: [30, 25, 20] });
const all = (n: number) => Array.from({ length: n }, (_, i) => i);
const pixels = everything.images(all(75));
let physics: Features;

beforeAll(() => {
  physics = described({ pixels, count: 75, size: 32 });
});

it('judges a set of the same distribution like its floor, and says "too few" as null', () => {
  const [real, fake] = [cloud('real', 120), cloud('fake', 90)];
  const stream = new Stream(1, 'floor');
  const judged = setMetrics({ real, materials: names(120), fake, stream });
  for (const metric of SET_METRICS) {
    expect(judged[metric].value).not.toBeNull();
    if (metric === 'kid') continue;
    expect(judged[metric].ratio).toBeGreaterThan(0.6);
    expect(judged[metric].ratio).toBeLessThan(1.7);
  }
  const few = setMetrics({ real, materials: names(120), fake: pickRows(fake, all(9)), stream });
  for (const metric of SET_METRICS) expect(few[metric].value).toBeNull();
  const wide = setMetrics({
    real: cloud('w', 30, 40),
    materials: names(30),
    fake: cloud('v', 30, 40),
    stream,
  });
  expect(wide.frechet.value).toBeNull();
  expect(wide.kid.value).not.toBeNull();
});

it('takes the floor between different materials: twins of one material do not lower it', () => {
  const once = cloud('twins', 60);
  const twins = pickRows(
    once,
    all(120).map((i) => i >> 1),
  );
  const fake = cloud('other', 60);
  const stream = new Stream(2, 'twins');
  const honest = setMetrics({ real: twins, materials: names(120, 2), fake, stream });
  const fooled = setMetrics({ real: twins, materials: names(120), fake, stream });
  expect(fooled.coverage.floor).toBeGreaterThan(honest.coverage.floor!);
});

it('measures copies against other materials, and keeps the better of two that are alike', () => {
  const train = pooled(everything);
  const limit = copyLimit(train, everything.materials);
  expect(limit).toBeGreaterThanOrEqual(0.5);
  const one = everything.images([12]);
  const noisy = one.map((v, i) => (i % 5 ? v : Math.min(255, v + 1)));
  const fresh = toyExamples({ counts: [4, 4, 4], name: 'new', seed: 9 });
  const made = [noisy, ...all(12).map((i) => fresh.images([i])), fresh.images([3])];
  const set = {
    count: made.length,
    size: 32,
    images: (rows: ArrayLike<number>) =>
      Uint8Array.from(Array.from(rows).flatMap((i) => [...made[i]!])),
  };
  const order = all(made.length).reverse();
  const { materials } = everything;
  const copies = findCopies({ train, materials, fake: pooled(set), order });
  expect(copies.memorised[0]).toBe(true);
  expect(copies.nearest[0]!.row).toBe(12);
  expect(copies.memorised.slice(1).filter(Boolean).length).toBeLessThan(3);
  expect(copies.repeats[4]).toBe(13);
  expect(copies.repeats[13]).toBeNull();
});

it('finds few faults in real triplets of the class, and names the right one elsewhere', () => {
  const ranges = descriptorRanges(physics, { ...everything, classCount: 3 });
  const row = (features: Features, i: number) =>
    features.values.subarray(i * features.width, (i + 1) * features.width);
  const fresh = toyExamples({ counts: [15, 15, 15], name: 'fresh', seed: 5 });
  const found = described({ pixels: fresh.images(all(45)), count: 45, size: 32 });
  const faulty = all(45).filter(
    (i) => descriptorFaults(row(found, i), fresh.labels[i]!, ranges).length > 0,
  );
  expect(faulty.length).toBeLessThan(9);
  const blank = described({ pixels: new Uint8Array(32 * 32 * 3), count: 1, size: 32 });
  const faults = descriptorFaults(row(blank, 0), 0, ranges);
  expect(faults.some((fault) => /disc distance|net/.test(fault.descriptor))).toBe(true);
  for (const fault of faults) expect(fault.value < fault.from || fault.value > fault.to).toBe(true);
  expect(DESCRIPTORS.map(({ name }) => name)).toContain(faults[0]!.descriptor);
});

it('physics features have the spread of the training triplets', () => {
  const found = standardised(physics, fitScaler(physics));
  for (const k of [0, 20, 24]) {
    const column = all(75).map((i) => found.values[i * found.width + k]!);
    const square = column.reduce((sum, v) => sum + v * v, 0) / 74;
    expect(square < 1e-9 || Math.abs(square - 1) < 1e-6).toBe(true);
  }
});

const sound: Evidence = {
  spaceGroup: 62,
  known: true,
  realism: 1.2,
  realismLimit: 0.8,
  copied: null,
  repeats: null,
  faults: [],
  opinions: [
    { spaceGroup: 14, probability: 0.6 },
    { spaceGroup: 62, probability: 0.3 },
    { spaceGroup: 225, probability: 0.1 },
  ],
};

it.each<[string, Partial<Evidence>, string | null]>([
  ['nothing', {}, null],
  ['a third class', { spaceGroup: 225 }, 'the verifier sees 14 (0.60) or 62 (0.30)'],
  ['low realism', { realism: 0.5 }, 'realism 0.50, real ones reach 0.80'],
  ['no number', { realism: Number.NaN }, 'realism NaN, real ones reach 0.80'],
  ['a repetition', { repeats: 4 }, 'repeats sample 4'],
  ['an unknown class', { known: false }, 'no training triplet has space group 62'],
  [
    'a copy',
    { copied: { material: 'Si', distance: 0.25, limit: 1.5 } },
    'memorised: 0.25 grey levels from Si, limit 1.5',
  ],
  [
    'a descriptor',
    { faults: [{ descriptor: 'pattern 1: 4-fold residual', value: 0.31, from: 0.02, to: 0.08 }] },
    'pattern 1: 4-fold residual is 0.31, real ones have 0.020 to 0.080',
  ],
])('rejects for %s with the number that decided', (_, change, text) => {
  const reasons = rejections({ ...sound, ...change });
  expect(reasons.map((reason) => reason.text)).toEqual(text === null ? [] : [text]);
});

it('CAS trains on equally many of each kind, of the classes that have both', async () => {
  const train = toyExamples({ counts: [8, 6, 5] });
  const made = toyExamples({ counts: [4, 9, 1], name: 'made', seed: 4 });
  const held = {
    ...toyExamples({ counts: [3, 3, 3], name: 'held', seed: 6 }),
    synthetic: undefined,
  };
  const seen: string[][] = [];
  const found = await classificationScore({
    synthetic: { ...made, synthetic: new Uint8Array(14).fill(1) },
    train,
    held,
    fit: async (examples, judge) => {
      seen.push([...examples.materials]);
      expect([...examples.labels].sort()).toEqual([...Array(4).fill(0), ...Array(6).fill(1)]);
      // Knows the first class only, of the two that take part.
      return Float32Array.from({ length: 2 * judge.count }, (_, i) => 1 - (i % 2));
    },
    stream: new Stream(1, 'cas'),
  });
  expect(found).toEqual({ value: 0.5, floor: 0.5, classes: [14, 62], count: 10 });
  expect(seen[0]!.every((name) => name.startsWith('made'))).toBe(true);
  expect(seen[1]!.every((name) => name.startsWith('m') && !name.startsWith('made'))).toBe(true);
  expect(meanRecall([0, 0, 1, 1], [0, 0, 0, 1])).toBeCloseTo(5 / 6, 12);
  expect(onlyClasses(train, [62]).labels).toEqual(new Int32Array(6));
});

const examplesOf = (counts: number[], name: string, seed: number) => ({
  ...toyExamples({ counts, name, seed }),
  synthetic: undefined,
});

it('the network test learns from one half and is tried on other materials, classes matched', async () => {
  const train = examplesOf([30, 20, 10], 'train', 1);
  const held = examplesOf([20, 20, 3], 'held', 2);
  const synthetic = examplesOf([40, 40, 40], 'made', 3);
  const tasks: string[][] = [];
  const test = (tell: (made: boolean, at: number) => number) =>
    networkTest({
      ...{ synthetic, train, held, stream: new Stream(1, 'network test') },
      fit: async (learned, tried) => {
        tasks.push([...learned.materials], [...tried.materials]);
        return Array.from(tried.labels).flatMap((label, at) => {
          const suspicion = tell(label === 1, at);
          return [1 - suspicion, suspicion];
        });
      },
    });
  expect(await test((made) => (made ? 0.9 : 0.1))).toEqual({
    ...{ accuracy: 1, auc: 1, learned: 50, tried: 43, verdict: 'tellable from real' },
  });
  const blind = await test((_, at) => (at % 2 ? 0.6 : 0.4));
  expect(blind!.verdict).toBe('not told from real');
  expect(blind!.accuracy).toBeCloseTo(0.5, 1);
  const [learned, tried] = tasks as [string[], string[]];
  expect(tried.filter((name) => name.startsWith('held')).length).toBe(43);
  const made = (names: string[]) => names.filter((name) => name.startsWith('made'));
  expect(made(learned).some((name) => made(tried).includes(name))).toBe(false);
  const few = { ...{ synthetic: examplesOf([9, 9, 9], 'few', 4), train, held } };
  const fit = () => Promise.reject(new Error('not asked'));
  expect(await networkTest({ ...few, fit, stream: new Stream(1, 'few') })).toBeNull();
});

it.each<[number, number, string | null]>([
  [18, 18, null],
  [18, 9, null],
  [18, 8, 'refuse 10 of 18 held-out real triplets, 9 of them as memorised; 15 training materials'],
  [18, 0, 'refuse 18 of 18'],
  [0, 0, null],
])(
  'of %i held-out real triplets %i accepted: the checks say whether they can tell',
  (count, accepted, text) => {
    const reasons = [
      { kind: 'realism' as const, count: 1 },
      { kind: 'memorised' as const, count: 9 },
    ];
    const doubt = doubtOf({ count, accepted, reasons, realism: [] }, 15);
    if (text === null) expect(doubt).toBeNull();
    else expect(doubt).toContain(text);
  },
);

const ratioOf = (ratio: number | null, value = 1) => ({ value, ratio });

it.each<[Measured, string | null]>([
  [{ metric: 'precision', of: ratioOf(0.9) }, 'as real'],
  [{ metric: 'recall', of: ratioOf(0.89) }, 'near'],
  [{ metric: 'recall', of: ratioOf(0.897) }, 'as real'], // printed as 0.90
  [{ metric: 'coverage', of: ratioOf(0.69) }, 'far'],
  [{ metric: 'density', of: ratioOf(1.4) }, 'as real'],
  [{ metric: 'cas', of: ratioOf(0.7) }, 'near'],
  [{ metric: 'kid', of: ratioOf(1.5) }, 'as real'],
  [{ metric: 'kid', of: ratioOf(9, -0.1) }, 'as real'],
  [{ metric: 'kid', of: ratioOf(3.1) }, 'far'],
  [{ metric: 'frechet', of: ratioOf(3) }, 'near'],
  [{ metric: 'authenticity', of: ratioOf(0.5) }, 'copies'],
  [{ metric: 'authenticity', of: ratioOf(0.75) }, 'some copies'],
  [{ metric: 'precision', of: ratioOf(null) }, null],
  [{ metric: 'kid', of: { value: null, ratio: null } }, null],
  [{ metric: 'copying', zScore: -3.1 }, 'copies'],
  [{ metric: 'copying', zScore: -3 }, 'no copies'],
  [{ metric: 'twoSample', pValue: 0.049 }, 'tellable from real'],
  [{ metric: 'twoSample', pValue: 0.05 }, 'not told from real'],
])('the word of %o is %s', (measured, word) => {
  expect(wordOf(measured)).toBe(word);
});
