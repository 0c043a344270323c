import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { classifierSpec } from '../../classifier/spec.ts';
import type { TrainedClassifier } from '../../classifier/train.ts';
import { trainClassifier } from '../../classifier/train.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { likeliestPairs, validationConfusion } from '../../synthetic/sampling/pairs.ts';
import { boundarySearches } from '../../synthetic/sampling/searches.ts';
import { TOY_CLASSES, toyStore } from './toy-store.ts';

let store: Store;
let guide: TrainedClassifier;

beforeAll(async () => {
  store = await toyStore([8, 5, 3]);
  guide = await trainClassifier({
    examples: store.examples('train'),
    validation: store.examples('validation'),
    spec: classifierSpec(store),
    updates: 4,
    batch: 8,
    seed: 1,
  });
}, 60_000);

afterAll(() => guide.dispose());

it('shares the triplets of a class among its most confused partners', () => {
  const table = validationConfusion(guide, store);
  const confusion = (a: number, b: number) => table[a]![b]!.share + table[b]![a]!.share;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 40 }),
      (partners, count) => {
        const wanted = new Map(TOY_CLASSES.map((c) => [c, count]));
        const pairs = likeliestPairs({ guide, store, partners }, wanted);
        for (const [label, spaceGroup] of TOY_CLASSES.entries()) {
          const own = pairs.filter((pair) => pair.spaceGroup === spaceGroup);
          expect(own.map((pair) => pair.partner)).not.toContain(spaceGroup);
          expect(own).toHaveLength(Math.min(partners, count, TOY_CLASSES.length - 1));
          expect(own.reduce((sum, pair) => sum + pair.count, 0)).toBe(count);
          const shares = own.map(({ partner }) => confusion(label, TOY_CLASSES.indexOf(partner)));
          expect(shares).toEqual([...shares].sort((a, b) => b - a));
          const counts = own.map((pair) => pair.count);
          expect(counts).toEqual([...counts].sort((a, b) => b - a));
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
      },
    ),
    { numRuns: 40 },
  );
});

it('takes no partner that is not allowed', () => {
  const allowed = (partner: number) => partner === 2;
  const pairs = likeliestPairs({ guide, store, allowed, partners: 2 }, new Map([[14, 6]]));
  expect(pairs).toEqual([{ spaceGroup: 14, partner: 225, count: 6 }]);
});

it('classes with supergroups start from their crystals, the others from their own', () => {
  const lower = TOY_CLASSES.indexOf(14);
  const space = {
    allows: () => true,
    supergroups: (label: number) => (label === lower ? [1, 2] : []),
  };
  const wanted = new Map(TOY_CLASSES.map((c) => [c, 4]));
  const searches = (by: 'relation' | 'candidate') =>
    boundarySearches({ guide, store, by, space }, wanted);
  expect(searches('relation').map(({ from }) => from)).toEqual([[62, 225], undefined, undefined]);
  for (const { partner } of searches('relation')) expect(partner).toBeNull();
  expect(searches('candidate').map(({ from }) => from)).toEqual([undefined, undefined, undefined]);
});
