import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TrainedClassifier } from '../../classifier/classifier.ts';
import { loadClassifier } from '../../classifier/load.ts';
import { type Prediction, predictFiles } from '../../classifier/predict.ts';
import { misfitOf, shippedClassifier, universalFacts } from '../../classifier/universal.ts';
import { SPACE_GROUPS } from '../../src/crystal/spacegroup.ts';
import { makeTask } from '../../src/dataset/tasks/make-task.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toyStore } from '../support/toy-store.ts';

// The classifier of all 230 space groups that comes with the package, on a store made here.

const folder = temporaryFolder('shipped');
const shipped = shippedClassifier()!;
let classifier: TrainedClassifier;
let small: string;

beforeAll(async () => {
  classifier = await loadClassifier(shipped);
  await makeTask('minerals', join(folder, 'few.h5'), { seed: 0, limit: 60 });
  small = (await toyStore(join(folder, 'toy'), { counts: [4, 4], size: 16 })).store;
}, 240_000);
afterAll(() => classifier.dispose());

it('knows all groups, and names most triplets of minerals among its five', async () => {
  expect(classifier.classes).toEqual(SPACE_GROUPS);
  const seen: Prediction[] = [];
  const warnings: string[] = [];
  const { simulation } = universalFacts(shipped)!;
  for await (const one of predictFiles(classifier, [join(folder, 'few.h5')], {
    warn: (line) => warnings.push(line),
    camera: classifier.camera,
    misfit: (facts) => misfitOf(facts, simulation),
  })) {
    seen.push(one);
  }
  expect(seen.length).toBeGreaterThan(600);
  expect(warnings).toEqual([]);
  const among = seen.filter(({ spaceGroup, top }) =>
    top.some((guess) => guess.spaceGroup === spaceGroup),
  );
  expect(among.length / seen.length).toBeGreaterThan(0.9);
  const first = seen.filter(({ spaceGroup, top }) => top[0]!.spaceGroup === spaceGroup);
  expect(first.length / seen.length).toBeGreaterThan(0.7);
}, 60_000);

it('says what it was not trained for', () => {
  const { simulation } = universalFacts(shipped)!;
  const zones = [
    [0, 0, 1],
    [1, 1, 0],
    [1, 1, 1],
  ] as [[number, number, number], [number, number, number], [number, number, number]];
  expect(misfitOf({ energy: 100, thickness: 100, zones }, simulation)).toBeNull();
  expect(misfitOf({ energy: 200, thickness: 100, zones }, simulation)).toMatch(/200 keV/);
  expect(misfitOf({ energy: 100, thickness: 250, zones }, simulation)).toMatch(/250 angstrom/);
});

it('refuses a store of other pixels in one line', async () => {
  const all = predictFiles(classifier, [small]);
  await expect(all.next()).rejects.toThrow(/16 pixels a side, the classifier takes 64 \(prepare/);
});
