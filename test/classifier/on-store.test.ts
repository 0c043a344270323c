import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainedClassifier } from '../../classifier/classifier.ts';
import { checkSplits, evaluateOn, refuseSeen, trainOnStore } from '../../classifier/on-store.ts';
import { trainSettings } from '../../classifier/options.ts';
import { type Prediction, predictFiles, topGuesses } from '../../classifier/predict.ts';
import { openStore, type Store } from '../../src/dataset/store/store.ts';
import { defaultCamera } from '../../src/simulate/camera.ts';
import { toyStore } from '../support/toy-store.ts';

let folder: string;
let summit: string;
let store: Store;
let classifier: TrainedClassifier;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'on-store-'));
  const made = await toyStore(folder, { counts: [30, 20], classes: [2, 225] });
  summit = made.summit;
  store = await openStore(made.store);
  const settings = trainSettings.parse({ updates: 60, width: 6, batch: 12 });
  classifier = (await trainOnStore(store, settings, {})).classifier;
});
afterAll(() => {
  classifier.dispose();
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The store with another part for every row. */
const withSplit = (code: number): Store => {
  const rows = [...store.rows.split.keys()].filter(() => code === 2);
  return {
    ...store,
    path: store.path,
    indices: (split) => Int32Array.from(split === 'test' ? rows : []),
  } as Store;
};

describe('leaks and fit', () => {
  it('evaluates on materials that were not trained on', () => {
    const { report, probabilities, tasks } = evaluateOn(store, 'test', classifier);
    expect(report.count).toBe(store.indices('test').length);
    expect(probabilities).toHaveLength(report.count * 2);
    expect(tasks).toBeNull();
    expect(report.perClass.map(({ trainCount }) => trainCount)).not.toContain(null);
  });

  it('refuses a test set that holds a material it was trained on', () => {
    const leaky = { ...classifier.seen, materials: [store.examples('test').materials[0]!] };
    expect(() => refuseSeen({ seen: leaky }, store.examples('test').materials, 'the set')).toThrow(
      /the set holds material .*, which the classifier was trained on/,
    );
  });

  it('names the split that a store lacks', () => {
    expect(() => checkSplits(withSplit(2))).toThrow(/has no train split, only test/);
  });

  it('refuses a store of other space groups', () => {
    const other = { ...store, size: 16, count: store.count, classes: [2, 227] } as unknown as Store;
    const both = Object.assign(other, {
      indices: store.indices.bind(store),
      examples: store.examples.bind(store),
    });
    expect(() => evaluateOn(both, 'test', classifier)).toThrow('other space groups');
  });
});

describe('predictions for files', () => {
  it('names file, sample and the likeliest groups, first the likeliest', async () => {
    const seen: Prediction[] = [];
    for await (const one of predictFiles(classifier, [summit])) seen.push(one);
    expect(seen).toHaveLength(50);
    for (const { top, pixels } of seen) {
      expect(top).toHaveLength(2);
      expect(top[0]!.probability).toBeGreaterThanOrEqual(top[1]!.probability);
      expect(pixels).toHaveLength(16 * 16 * 3);
    }
    const right = seen.filter(({ top, spaceGroup }) => top[0]!.spaceGroup === spaceGroup).length;
    expect(right / seen.length).toBeGreaterThan(0.6);
  });

  it('warns once of a file that was taken with another camera', async () => {
    const warnings: string[] = [];
    const camera = { ...defaultCamera(16), pixel: 1 };
    const options = { camera, warn: (message: string) => void warnings.push(message) };
    for await (const _ of predictFiles(classifier, [summit], options));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/reaches 1\.28 1\/angstrom, the training data 8\.00/);
  });

  it('ranks guesses', () => {
    expect(topGuesses(Float32Array.from([0.1, 0.7, 0.2]), [2, 62, 225], 2)).toEqual([
      { spaceGroup: 62, probability: Math.fround(0.7) },
      { spaceGroup: 225, probability: Math.fround(0.2) },
    ]);
  });
});
