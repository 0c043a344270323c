import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TECHNIQUES } from '../../classifier/techniques.ts';
import type { CellResult } from '../../src/benchmark/cells/result.ts';
import { BATCH_SCRIPT, jobArguments } from '../../src/benchmark/executors/slurm.ts';
import {
  checkBasis,
  openStudyFolder,
  readResults,
  readStudyFolder,
} from '../../src/benchmark/study/folder.ts';
import { BUILT_IN_STUDIES, loadStudy } from '../../src/benchmark/study/load.ts';
import { type CellPlan, planCells, studySchema } from '../../src/benchmark/study/study.ts';
import { digestOf } from '../../src/common/digest.ts';
import { CbedError } from '../../src/common/errors.ts';
import { writeJson } from '../../src/common/files.ts';
import { dataFile, packageRoot } from '../../src/common/paths.ts';
import { Stream } from '../../src/common/stream.ts';
import { temporaryFolder } from '../support/folder.ts';
import { randomOutcome } from '../support/outcomes.ts';

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

it('names every built-in study in the help and in the reference', async () => {
  const { buildProgram } = await import('../../src/cli.ts');
  const bench = buildProgram().commands.find((one) => one.name() === 'bench')!;
  const help = bench.commands.find((one) => one.name() === 'run')!.helpInformation();
  const reference = readFileSync(join(packageRoot, 'docs/reference/benchmark.md'), 'utf8');
  for (const name of BUILT_IN_STUDIES) {
    expect(help.replaceAll(/\s+/g, ' ')).toContain(name);
    expect(reference).toContain(`| \`${name}\` |`);
  }
});

it.each(BUILT_IN_STUDIES)('the built-in study %s is sound', (name) => {
  const study = loadStudy(name);
  const cells = planCells(study);
  expect(new Set(cells.map(({ id }) => id)).size).toBe(study.arms.length * study.seeds);
  expect(cells.every(({ id }) => /^[a-z0-9-]+$/.test(id))).toBe(true);
});

it('the default study can claim, against the best without synthesis and the best control', () => {
  const { arms, seeds, splits, gans, baseline } = loadStudy('default');
  expect([seeds, splits, gans]).toEqual([6, 6, 6]);
  expect(arms.map(({ synthetic }) => synthetic)).toEqual([
    'none',
    'copies',
    'crystals-half',
    'gan-crystal',
  ]);
  expect(arms.find(({ name }) => name === baseline)!.synthetic).toBe('copies');
  for (const { synthetic, undersample, fillTo } of arms) {
    if (synthetic !== 'none') expect([undersample, fillTo]).toEqual([100, 100]);
  }
});

it('the study of controls has every source of crystals, at equal numbers', () => {
  const { arms } = loadStudy('controls');
  const sources = arms.map(({ synthetic }) => synthetic);
  for (const source of [
    'copies',
    'crystals-varied',
    'crystals-random',
    'crystals-half',
    'crystals-fitted',
    'crystals-broken',
    'gan-crystal',
    'gan-random',
  ]) {
    expect(sources).toContain(source);
  }
  const made = arms.filter(({ synthetic }) => synthetic !== 'none');
  expect(new Set(made.map(({ fillTo, undersample }) => `${fillTo} ${undersample}`)).size).toBe(1);
});

describe('a study of the samples of an archive', () => {
  const path = dataFile('studies', 'samples.yaml');

  it('needs the archive, and one division of the store', () => {
    expect(() => loadStudy(path)).toThrow(/"undersampled \+ these samples" .* archive/);
    expect(() => loadStudy(path, { archive: 'a.h5', splits: 2 })).toThrow(/one division/);
    expect(loadStudy(path, { archive: 'a.h5' }).archive).toBe('a.h5');
  });
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

const folderOf = (name = 'x', path = temporaryFolder('study')) =>
  openStudyFolder(path, studySchema.parse({ name, baseline: 'a', arms: [{ name: 'a' }] }));
const resources = { cpus: 4, memory: 6, time: '00:30:00', gpus: 1, atOnce: 3, partition: 'long' };

it('asks SLURM for the resources it was given', () => {
  expect(jobArguments(folderOf(), resources, { name: 'cell', cells: 8 })).toEqual(
    expect.arrayContaining([
      '--array=0-7%3',
      '--partition=long',
      '--cpus-per-task=4',
      '--mem=6G',
      '--time=00:30:00',
      '--gres=gpu:1',
      '--requeue',
    ]),
  );
});

it.each([
  { partition: 'long\ncurl evil' },
  { partition: 'a b' },
  { partition: '--wrap=id' },
  { time: '1:00:00; id' },
  { time: '01:00\n#SBATCH --wrap=id' },
  { time: '' },
])('refuses the SLURM flag %o', (wrong) => {
  const fault = faultOf(() =>
    jobArguments(folderOf(), { ...resources, ...wrong }, { name: 'cell', cells: 1 }),
  );
  expect(fault.exitCode).toBe(2);
});

it('puts no name and no path into the text of a batch script', () => {
  const path = join(temporaryFolder('study'), 'a folder with $(id) and 100 %');
  const script = jobArguments(folderOf('x', path), resources, { name: 'cell', cells: 1 });
  expect(script.filter((argument) => argument.includes('$(id)'))).toEqual([
    `--output=${path.replace('%', '%%')}/logs/slurm-%A_%a.log`,
  ]);
  expect(BATCH_SCRIPT).not.toContain(path);
});

describe('names of studies and arms', () => {
  const arms = (...names: string[]) =>
    written(
      JSON.stringify({ name: 'x', baseline: names[0], arms: names.map((name) => ({ name })) }),
    );
  it.each([
    [arms('weight 0.5', 'weight 0/5'), /would have one file/],
    [arms('a+b', 'a and b', 'aandb'), /would have one file/],
    [arms('plain', 'Plain'), /would have one file/],
    [arms('\u65e5\u672c', '\u4e2d\u56fd'), /no letter/],
    [arms('p', 'x'.repeat(300)), /up to 80/],
    [arms('p', '../../etc'), /is no name/],
    [arms('p', 'a\nb'), /is no name/],
    [arms('p', '$(id)'), /is no name/],
    [written('name: ../up\nbaseline: a\narms: [{name: a}]\n'), /is no name/],
    [written('name: "a\\nb"\nbaseline: a\narms: [{name: a}]\n'), /is no name/],
    [written('name: a;id\nbaseline: a\narms: [{name: a}]\n'), /is no name/],
    [written(`name: ${'x'.repeat(255)}\nbaseline: a\narms: [{name: a}]\n`), /is no name/],
  ])('%s', (path, message) => {
    const fault = faultOf(() => loadStudy(path));
    expect(fault.message).toMatch(message);
    expect(fault.exitCode).toBe(2);
  });
});

describe('results that do not belong together', () => {
  const study = studySchema.parse({
    name: 'x',
    baseline: 'a',
    arms: [{ name: 'a' }, { name: 'b' }],
    seeds: 2,
  });
  const good = (cell: CellPlan): CellResult => {
    const shared = { perClass: 3, skill: [1, 1], trainCounts: [9, 9], stream: new Stream(1, 'x') };
    const { arm, seed, split, id } = cell;
    return {
      ...randomOutcome({ arm: arm.name, seed, split, ...shared }),
      study: 'x',
      cell: id,
      training: { real: 9, synthetic: 0, updates: 1, seconds: 1, threads: 1 },
      digests: { study: digestOf(study), data: 'd', store: 's' },
    };
  };

  /** A folder with all results, the last one changed. */
  function folderWith(change: (result: CellResult) => unknown) {
    const folder = openStudyFolder(temporaryFolder('results'), study);
    const cells = planCells(study);
    cells.forEach((cell, i) => {
      const result = good(cell);
      writeJson(folder.resultFile(cell), i === cells.length - 1 ? change(result) : result);
    });
    return folder;
  }

  it('are all read where nothing is wrong', () => {
    const { results, leftOut } = readResults(folderWith((result) => result));
    expect([results.length, leftOut]).toEqual([4, []]);
  });

  it.each<[string, (result: CellResult) => unknown, RegExp]>([
    ['store', (r) => ({ ...r, digests: { ...r.digests, data: 'other' } }), /another store/],
    ['study', (r) => ({ ...r, digests: { ...r.digests, study: 'other' } }), /other settings/],
    ['threads', (r) => ({ ...r, training: { ...r.training, threads: 2 } }), /2 threads/],
    ['version', (r) => ({ ...r, training: { ...r.training, threads: undefined } }), /earlier/],
    ['arm', (r) => ({ ...r, arm: 'a' }), /says arm a/],
    ['seed', (r) => ({ ...r, seed: 7 }), /says seed 7/],
    ['split', (r) => ({ ...r, split: 5 }), /says split 5/],
    [
      'label',
      (r) => ({ ...r, predictions: { ...r.predictions, top1: r.predictions.top1.map(() => 7) } }),
      /label that none/,
    ],
    [
      'length',
      (r) => ({ ...r, predictions: { ...r.predictions, top1: r.predictions.top1.slice(1) } }),
      /cut off/,
    ],
    [
      'materials',
      (r) => ({
        ...r,
        predictions: { ...r.predictions, materials: r.predictions.materials.map((m) => `${m}!`) },
      }),
      /other triplets/,
    ],
    ['shape', () => [1, 2], /damaged/],
  ])('are named and left out: %s', (_, change, reason) => {
    const { results, leftOut } = readResults(folderWith(change));
    expect(results).toHaveLength(3);
    expect(leftOut).toEqual([{ cell: 'b-s1', reason: expect.stringMatching(reason) }]);
  });

  it('refuses to go on with another store or number of threads', () => {
    const folder = folderWith((result) => result);
    checkBasis(folder, { data: 'd', threads: 1 });
    checkBasis(folder, { data: 'd', threads: 1 });
    expect(faultOf(() => checkBasis(folder, { data: 'e', threads: 1 })).message).toMatch(/store/);
    const fault = faultOf(() => checkBasis(folder, { data: 'd', threads: 2 }));
    expect(fault.message).toMatch(/begun with 1 threads/);
  });

  it('says in one line that study.json is damaged', () => {
    const folder = folderWith((result) => result);
    writeFileSync(join(folder.path, 'study.json'), '{"name": 3}');
    expect(faultOf(() => readStudyFolder(folder.path)).message).toMatch(/is no study: name/);
  });
});
