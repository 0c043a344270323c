import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TECHNIQUES } from '../../classifier/techniques.ts';
import { arrayScript } from '../../src/benchmark/executors/slurm.ts';
import { openStudyFolder } from '../../src/benchmark/study/folder.ts';
import { BUILT_IN_STUDIES, loadStudy } from '../../src/benchmark/study/load.ts';
import { planCells, studySchema } from '../../src/benchmark/study/study.ts';
import { CbedError } from '../../src/common/errors.ts';
import { temporaryFolder } from '../support/folder.ts';

const written = (text: string): string => {
  const path = join(temporaryFolder('study'), 'study.yaml');
  writeFileSync(path, text);
  return path;
};

const faultOf = (work: () => unknown): CbedError => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(CbedError);
    return error as CbedError;
  }
  throw new Error('nothing was thrown');
};

it('asks the challenge of every technique there is', () => {
  const asked = new Set(loadStudy('challenge').arms.flatMap(({ techniques }) => techniques));
  expect(TECHNIQUES.map(({ name }) => name).filter((name) => !asked.has(name))).toEqual([]);
});

it.each(BUILT_IN_STUDIES)('the built-in study %s is sound', (name) => {
  const study = loadStudy(name);
  const cells = planCells(study);
  expect(new Set(cells.map(({ id }) => id)).size).toBe(study.arms.length * study.seeds);
  expect(cells.every(({ id }) => /^[a-z0-9-]+$/.test(id))).toBe(true);
});

it('the default study holds its controls and claims', () => {
  const study = loadStudy('default');
  expect(study.seeds).toBeGreaterThanOrEqual(6);
  expect(study.gans).toBeGreaterThanOrEqual(3);
  const sources = study.arms.map(({ synthetic }) => synthetic);
  for (const source of [
    'none',
    'copies',
    'crystals-random',
    'gan-random',
    'gan-boundary',
    'gan-both',
  ]) {
    expect(sources).toContain(source);
  }
});

describe('bad studies say what is wrong', () => {
  it.each([
    ['quik', /did you mean "quick"/],
    [written('name: x\nbaseline: a\narms: []\n'), /arms/],
    [written('name: x\nbaseline: b\narms: [{name: a}]\n'), /no arm "b"/],
    [written('name: x\nbaseline: a\narms: [{name: a}, {name: a}]\n'), /one name/],
    [written('name: x\nbaseline: a\narms: [{name: a, synthetic: magic}]\n'), /synthetic/],
    [written('name: x\nbaseline: a\nseeds: 0\narms: [{name: a}]\n'), /seeds/],
    [written('name: x\nbaseline: a\nspeed: 3\narms: [{name: a}]\n'), /speed/],
    [
      written('name: x\nbaseline: a\narms: [{name: a, ratio: validation}]\n'),
      /"a" has no synthetic data whose ratio could be chosen/,
    ],
    [
      written('name: x\nbaseline: a\narms: [{name: a, partners: 3, partnerBy: candidate}]\n'),
      /partners.*chosen on validation/,
    ],
    [written('name: x\nbaseline: a\narms: [{name: a, agreement: 0}]\n'), /agreement/],
    [written('name: x\nbaseline: a\nbudgets: []\narms: [{name: a}]\n'), /budgets/],
    [written('name: x\nbaseline: a\nbudgets: [0]\narms: [{name: a}]\n'), /budgets/],
    [written('name: x\nbaseline: a\nbudgets: [5, 5]\narms: [{name: a}]\n'), /twice/],
    [written('- 1\n- 2\n'), /table of settings/],
    [written('name: [\n'), /not valid YAML/],
  ])('%s', (path, message) => {
    const fault = faultOf(() => loadStudy(path));
    expect(fault.message).toMatch(message);
    expect(fault.message).not.toContain('\n');
    expect([2, 3]).toContain(fault.exitCode);
  });
});

it('never mixes the results of two settings in one folder', () => {
  const folder = temporaryFolder('study');
  const arms = [{ name: 'a' }];
  openStudyFolder(folder, studySchema.parse({ name: 'x', baseline: 'a', arms }));
  const other = studySchema.parse({ name: 'x', baseline: 'a', arms, updates: 7 });
  expect(faultOf(() => openStudyFolder(folder, other)).message).toMatch(/other settings/);
});

it('pairs seeds with splits and GANs alike for every arm', () => {
  const arms = [{ name: 'a' }, { name: 'b' }];
  const study = studySchema.parse({ name: 'x', baseline: 'a', arms, seeds: 5, splits: 2, gans: 3 });
  const cells = planCells(study);
  expect(
    cells.filter(({ arm }) => arm.name === 'b').map(({ seed, split, gan }) => [seed, split, gan]),
  ).toEqual([
    [0, 0, 0],
    [1, 1, 1],
    [2, 0, 2],
    [3, 1, 0],
    [4, 0, 1],
  ]);
});

it('asks SLURM for what it was told', () => {
  const study = studySchema.parse({ name: 'x', baseline: 'a', arms: [{ name: 'a' }] });
  const folder = openStudyFolder(temporaryFolder('study'), study);
  const script = arrayScript(
    folder,
    { cpus: 4, memory: 6, time: '00:30:00', gpus: 1, atOnce: 3, partition: 'long' },
    8,
  );
  for (const line of [
    '--array=0-7%3',
    '--partition=long',
    '--cpus-per-task=4',
    '--mem=6G',
    '--gres=gpu:1',
    '--requeue',
  ]) {
    expect(script).toContain(`#SBATCH ${line}`);
  }
});
