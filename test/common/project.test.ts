import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { buildProgram } from '../../src/cli.ts';
import { applyProjectFile, leafCommands } from '../../src/common/project.ts';
import { temporaryFolder } from '../support/folder.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('project');
});

/** What a command is given, with a project file and flags. */
function given(name: string, yaml: string, flags: readonly string[] = []) {
  writeFileSync(join(folder, 'gan.yaml'), yaml);
  const program = buildProgram();
  const { command } = leafCommands(program).find((one) => one.name === name)!;
  command.parseOptions([...flags]);
  const applied = applyProjectFile(program, command, folder);
  return { applied, options: command.opts() };
}

it('gives every command that has a flag its default, and below a name one command alone', () => {
  const yaml =
    'data: mine.h5\nseed: 3\nsoft-labels: true\nverifier: [a, b]\nclassify train:\n  technique: [flips, dilation]\n  seed: 4\n';
  expect(given('sample', yaml)).toEqual({
    applied: ['data', 'seed', 'soft-labels', 'verifier'],
    options: { data: 'mine.h5', seed: '3', softLabels: true, verifier: ['a', 'b'] },
  });
  expect(given('classify train', yaml).options).toEqual({
    data: 'mine.h5',
    seed: '4',
    technique: 'flips,dilation',
  });
  expect(given('runs', yaml).applied).toEqual([]);
});

it('is weaker than a flag and than --config, stronger than a default, and silent on --resume', () => {
  const yaml = 'seed: 3\ncas-updates: 7\ncrystals: generated\n';
  expect(given('score', yaml, ['--seed', '5']).options).toEqual({ seed: '5', casUpdates: '7' });
  const config = join(folder, 'score.yaml');
  writeFileSync(config, 'cas-updates: 9\n');
  expect(given('score', yaml, ['--config', config]).options).toEqual({ seed: '3', config });
  expect(given('data simulate', yaml).options).toMatchObject({ crystals: ['generated'] });
  expect(given('train', yaml, ['--resume']).options).toEqual({ resume: true });
});

it.each([
  ['dta: mine.h5', /there is no command or setting dta \(did you mean "data"\?\)/],
  ['sampel:\n  count: 3', /there is no command sampel \(did you mean "sample"\?\)/],
  ['sample:\n  cuont: 3', /gan sample has no setting cuont \(did you mean "count"\?\)/],
  ['out: here', /out belongs to one command \(put it below/],
  ['json: true', /there is no command or setting json/],
  ['seed:', /seed = null: is neither/],
  ['seed: true', /seed = true: is not a value/],
  ['soft-labels: 3', /soft-labels = 3: is neither true nor false/],
  ['soft-labels: true\nsoftLabels: false', /softLabels stands there twice/],
])('refuses %j', (yaml, message) => {
  expect(() => given('sample', yaml)).toThrow(message);
});

it('refuses a value that is none of the choices', () => {
  expect(() => given('classify evaluate', 'classify evaluate:\n  split: tset')).toThrow(
    /split = "tset": is none of train, validation, test/,
  );
});
