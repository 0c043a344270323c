import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { undersample } from '../../src/balance/sampling.ts';
import { Stream } from '../../src/common/stream.ts';
import { classCounts } from '../../src/dataset/examples.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { openArchive, writeArchive } from '../../synthetic/archive/archive.ts';
import { type CleanArchive, refuseLeaks } from '../../synthetic/leak-guard.ts';
import { type MixOptions, mix, SOURCES } from '../../synthetic/mixing/mix.ts';
import { TOY_CLASSES, toyArchive, toyStore } from './toy-store.ts';

let store: Store;
let archive: CleanArchive;
const stream = () => new Stream(4, 'mix test');
const plain: MixOptions = {
  source: 'both',
  ratio: 10,
  cap: 100,
  fill: 100,
  weight: 0.5,
  softLabels: false,
  undersampling: { target: null, keep: 'random' },
};

beforeAll(async () => {
  store = await toyStore([20, 12, 6]);
  const path = join(mkdtempSync(join(tmpdir(), 'mix-')), 'a.h5');
  const contents = toyArchive(store, [4, 8, 10]);
  contents.passports[21]!.accepted = false;
  await writeArchive(path, contents);
  archive = refuseLeaks(await openArchive(path), store);
});

it('conserves the real rows and never exceeds a target', () => {
  const options = fc.record({
    source: fc.constantFrom(...SOURCES),
    ratio: fc.double({ min: 0, max: 3, noNaN: true }),
    cap: fc.integer({ min: 0, max: 12 }),
    fill: fc.integer({ min: 0, max: 30 }),
    target: fc.option(fc.integer({ min: 1, max: 25 })),
  });
  fc.assert(
    fc.property(options, ({ target, ...given }) => {
      const mixture = mix(archive, {
        ...plain,
        ...given,
        undersampling: { target, keep: 'random' },
        stream: stream(),
      });
      const { realRows, syntheticRows, perClass } = mixture;
      expect(new Set(realRows).size).toBe(realRows.length);
      for (const row of realRows) expect(store.rows.split[row]).toBe(0);
      expect(new Set(syntheticRows).size).toBe(syntheticRows.length);
      for (const row of syntheticRows) expect(archive.passports![row]!.accepted).toBe(true);
      expect(mixture.count).toBe(realRows.length + syntheticRows.length);
      const counts = classCounts(mixture);
      perClass.forEach(({ before, real, synthetic }, label) => {
        expect(counts[label]).toBe(real + synthetic);
        expect(real).toBe(Math.min(before, target ?? before));
        expect(synthetic).toBeLessThanOrEqual(Math.min(given.cap, given.ratio * before));
        if (synthetic > 0) expect(before + synthetic).toBeLessThanOrEqual(given.fill);
      });
    }),
    { numRuns: 60 },
  );
});

it('gives the pixels of the row behind each example, in any order', () => {
  const mixture = mix(archive, { ...plain, stream: stream() });
  const last = mixture.count - 1;
  const row = 32 * 32 * 3;
  const got = mixture.images([last, 0, last - 1]);
  const { realRows, syntheticRows } = mixture;
  expect(got.subarray(0, row)).toEqual(archive.images([syntheticRows.at(-1)!]));
  expect(got.subarray(row, 2 * row)).toEqual(store.images([realRows[0]!]));
  expect(got.subarray(2 * row)).toEqual(archive.images([syntheticRows.at(-2)!]));
});

it('marks and weighs what is synthetic, and softens labels on request', () => {
  const mixture = mix(archive, { ...plain, softLabels: true, stream: stream() });
  for (let i = 0; i < mixture.count; i++) {
    const made = i >= mixture.realRows.length;
    expect(mixture.synthetic[i]).toBe(made ? 1 : 0);
    expect(mixture.weights[i]).toBe(made ? 0.5 : 1);
    expect(mixture.materials[i]!.startsWith('synthetic:')).toBe(made);
    const passport = made
      ? archive.passports![mixture.syntheticRows[i - mixture.realRows.length]!]!
      : null;
    expect(mixture.partners!.share[i]).toBeCloseTo(passport?.share ?? 0, 6);
    const partner = TOY_CLASSES[mixture.partners!.label[i]!];
    if (passport?.partner) expect(partner).toBe(passport.partner);
  }
  expect(mix(archive, { ...plain, stream: stream() }).partners).toBeUndefined();
});

it('takes only what was made near a boundary, or only what was not', () => {
  for (const source of ['boundary', 'random'] as const) {
    const { syntheticRows } = mix(archive, { ...plain, source, stream: stream() });
    expect(syntheticRows.length).toBeGreaterThan(5);
    for (const row of syntheticRows) {
      expect(archive.passports![row]!.partner !== null).toBe(source === 'boundary');
    }
  }
});

it('refuses what has not been scored', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'mix-')), 'raw.h5');
  const contents = toyArchive(store, [1, 1, 1]);
  for (const passport of contents.passports) passport.accepted = null;
  await writeArchive(path, contents);
  const raw = refuseLeaks(await openArchive(path), store);
  expect(() => mix(raw, { ...plain, stream: stream() })).toThrow(/has not been scored yet/);
});

it('keeps the rows nearest to the boundary, and a smaller target keeps a part of a larger one', () => {
  const labels = Array.from({ length: 60 }, (_, i) => (i < 40 ? 0 : 1));
  const margins = labels.map((_, i) => ((i * 37) % 41) - 20);
  const data = { labels, classCount: 2 };
  const near = undersample(data, { target: 10, keep: 'boundary', margins }, stream());
  const kept = new Set(near);
  const worstKept = Math.max(...[...kept].filter((i) => i < 40).map((i) => Math.abs(margins[i]!)));
  for (let i = 0; i < 40; i++) {
    if (!kept.has(i)) expect(Math.abs(margins[i]!)).toBeGreaterThanOrEqual(worstKept);
  }
  let wider = new Set(labels.keys());
  for (const target of [40, 28, 20]) {
    const rows = undersample(data, { target, keep: 'random' }, stream());
    for (const row of rows) expect(wider.has(row)).toBe(true);
    wider = new Set(rows);
  }
  expect(wider.size).toBe(40);
  expect([...undersample(data, { target: 5, keep: 'random', rows: [9, 3] }, stream())]).toEqual([
    3, 9,
  ]);
  expect(() => undersample(data, { target: 5, keep: 'boundary' }, stream())).toThrow(/margins/);
});

it('shrinks only the largest classes on request', () => {
  const labels = [0, 0, 0, 0, 1, 1, 1, 2, 2];
  const rows = undersample(
    { labels, classCount: 3 },
    { target: 2, largest: 1, keep: 'random' },
    stream(),
  );
  expect(Array.from(rows, (i) => labels[i])).toEqual([0, 0, 1, 1, 1, 2, 2]);
});
