import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { misfitOf, universalFacts } from '../../classifier/universal.ts';
import { subgroupDistances } from '../../gan/crystal/subgroups.ts';
import { openStudyFolder } from '../../src/benchmark/study/folder.ts';
import { loadStudy } from '../../src/benchmark/study/load.ts';
import { studySchema } from '../../src/benchmark/study/study.ts';
import { chooseThreshold, universalFigures } from '../../src/benchmark/universal/figures.ts';
import { trainUniversal } from '../../src/benchmark/universal/train.ts';
import { classifyCommand } from '../../src/commands/classify.ts';
import { SPACE_GROUPS } from '../../src/crystal/spacegroup.ts';
import { withClasses } from '../../src/dataset/store/view.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import { simulationSchema } from '../../src/simulate/options.ts';
import { crystalStore } from '../support/crystal-store.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toySamples } from '../support/toy-store.ts';

const folder = temporaryFolder('universal');

/** Probabilities of two classes more than there are labels of. */
const part = (rows: [label: number, probabilities: number[]][]) => ({
  probabilities: Float32Array.from(rows.flatMap(([, p]) => p)),
  labels: rows.map(([label]) => label),
  classes: [75, 77, 225, 227],
});

describe('the threshold of not knowing', () => {
  const sure = (n: number, right: boolean, p: number): [number, number[]][] =>
    Array.from({ length: n }, () => [right ? 0 : 1, [p, 1 - p, 0, 0]]);

  it('is the lowest above which nine of ten answers are right', () => {
    const rows = [...sure(18, true, 0.9), ...sure(2, false, 0.8), ...sure(5, false, 0.7)];
    expect(chooseThreshold(part(rows))).toBeCloseTo(0.8);
    expect(chooseThreshold(part(sure(4, false, 0.9)))).toBe(1);
  });

  it('does not cut through answers of one probability', () => {
    const rows = [...sure(9, true, 0.9), ...sure(5, true, 0.8), ...sure(5, false, 0.8)];
    expect(chooseThreshold(part(rows))).toBeCloseTo(0.9);
  });
});

it('sorts errors by family, system, steps and real materials', () => {
  const judged = part([
    [0, [0.6, 0.2, 0.1, 0.1]],
    [1, [0.7, 0.1, 0.1, 0.1]],
    [2, [0.1, 0.1, 0.2, 0.6]],
    [3, [0, 0, 0, 1]],
  ]);
  const figures = universalFigures(judged, { materials: [0, 1, 3, 30], threshold: 0.65 });
  expect(figures).toMatchObject({ triplets: 4, tested: 4, top1: 0.5, top5: 1, errors: 2 });
  // P4 and P4_2 look the same along the zones; Fm-3m and Fd-3m do not.
  expect(figures).toMatchObject({ errorsWithinFamilies: 1, upToProjections: 0.75, systemRight: 1 });
  expect(figures).toMatchObject({
    answered: 0.5,
    answeredRight: 0.5,
    systems: { tetragonal: 0.5 },
  });
  expect(figures.errorsBySteps).toEqual({ 2: 2 });
  expect(figures.shots.map(({ shots, top1 }) => [shots, top1])).toEqual([
    ['0', 1],
    ['1', 0],
    ['2-5', 0],
    ['more', 1],
  ]);
  expect(figures.confusions[0]).toEqual({
    ...{ group: 77, takenFor: 75, triplets: 1, sameProjections: true },
  });
});

it('counts steps among maximal subgroups', () => {
  // Pm-3m > P4/mmm > P4mm, and Pm-3m > R-3m at index 4.
  const from = subgroupDistances(221);
  expect([221, 123, 99, 166, 200].map((group) => from.get(group))).toEqual([0, 1, 2, 1, 1]);
  expect(subgroupDistances(99).get(221)).toBe(2);
});

it('names what a triplet has that the training had not', () => {
  const simulation = simulationSchema.parse({});
  const zones = [
    [0, 0, 1],
    [1, 0, 0],
    [1, 1, 0],
  ] as const;
  const own = { energy: 100, thickness: 100, zones };
  expect(misfitOf(own, simulation)).toBeNull();
  expect(
    misfitOf(
      {
        ...own,
        zones: [
          [0, 0, -1],
          [0.5, 0, 0],
          [1, 1, 0],
        ],
      },
      simulation,
    ),
  ).toBeNull();
  expect(
    misfitOf(
      {
        ...own,
        thickness: null,
        zones: [
          [0, 0, 0],
          [0, 0, 0],
          [0, 0, 0],
        ],
      },
      simulation,
    ),
  ).toBeNull();
  expect(misfitOf({ ...own, energy: 200 }, simulation)).toMatch(/200 keV/);
  expect(misfitOf({ ...own, thickness: 300 }, simulation)).toMatch(/300 angstrom/);
  expect(
    misfitOf(
      {
        ...own,
        zones: [
          [0, 1, 1],
          [1, 0, 0],
          [1, 1, 0],
        ],
      },
      simulation,
    ),
  ).toMatch(/\[0 1 1\]/);
});

it('trains all 230 classes on a small task, the same twice, and writes its card', {
  timeout: 120_000,
}, async () => {
  const path = join(folder, 'small.h5');
  const store = await crystalStore(path, [2, 62, 194, 225]);
  const all = withClasses(store, SPACE_GROUPS);
  expect(all.classes).toHaveLength(230);
  expect(all.examples('train').labels).toEqual(
    store.rows.spaceGroup.filter((_, row) => store.rows.split[row] === 0).map((group) => group - 1),
  );
  expect(() => withClasses(store, [1, 2])).toThrow(/left out/);
  store.close();
  const settings = { ...loadStudy('universal'), data: path, updates: 8, width: 4 };
  const arms = settings.arms.map((arm) => ({
    ...arm,
    synthetic: 'crystals-random' as const,
    fillTo: 1,
    each: 1,
  }));
  const train = async (name: string) =>
    trainUniversal(openStudyFolder(join(folder, name), studySchema.parse({ ...settings, arms })));
  const { card, files } = await train('first');
  expect(card.data).toMatchObject({ groups: 4, real: 8, synthetic: 230 });
  expect(universalFacts(join(folder, 'first'))!.threshold).toBe(card.threshold);
  expect(readFileSync(files[2]!, 'utf8')).toContain('4 space groups');
  // The same samples, another training.
  cpSync(join(folder, 'first', 'shared'), join(folder, 'second', 'shared'), { recursive: true });
  await train('second');
  const bytes = (name: string) => readFileSync(join(folder, name, 'classifier.safetensors'));
  expect(bytes('first').equals(bytes('second'))).toBe(true);

  // What predict makes of it: an answer or none, symmetry in words, and a line on other settings.
  const summit = join(folder, 'other.h5');
  const samples = toySamples({ counts: [1, 1], size: 16, classes: [2, 62] });
  await writeSummit(
    summit,
    samples.map((sample, i) => ({ ...sample, energy: 100 + 100 * i })),
  );
  const said: string[] = [];
  const error = vi.spyOn(console, 'error').mockImplementation((line) => void said.push(line));
  const out = join(folder, 'predictions.csv');
  const args = ['predict', summit, '--classifier', join(folder, 'first'), '--out', out];
  await classifyCommand().parseAsync(args, { from: 'user' });
  error.mockRestore();
  expect(said.filter((line) => line.includes('was not trained for'))).toHaveLength(1);
  expect(said.join('\n')).toMatch(/other\.h5: the classifier was not trained for 200 keV/);
  const [head, ...lines] = readFileSync(out, 'utf8').trim().split('\n');
  expect(head).toMatch(/group5,p5,answer,symmetry$/);
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toMatch(/(,\d+|I do not know),".*Laue class .*\[/);
});
