import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { openRun } from '../../src/common/run.ts';
import { chooseMakers, openJudges } from '../../synthetic/sampling/open.ts';
import { temporaryFolder } from '../support/folder.ts';

afterEach(() => vi.unstubAllEnvs());

it('a search is guided by the newest classifier that learned from no mixture, or a kept verifier', async () => {
  const workspace = temporaryFolder('makers');
  vi.stubEnv('CBED_WORKSPACE', workspace);
  const data = join(workspace, 'prepared.h5');
  const gan = openRun('gan', { data });
  writeFileSync(gan.file('model.safetensors'), '');
  const trained = (config: object) => {
    const run = openRun('classifier', config);
    writeFileSync(run.file('classifier.safetensors'), '');
    return run.folder;
  };
  const mixed = trained({ data, mixture: true });
  expect(chooseMakers({ near: true }).guide).toBeUndefined();
  await expect(openJudges({}, () => null)).rejects.toThrow(/no classifier.*real triplets alone/);
  const score = openRun('score', { data });
  mkdirSync(score.file('verifier'));
  writeFileSync(score.file('verifier/classifier.safetensors'), '');
  expect(chooseMakers({ near: true }).guide).toBe(score.file('verifier'));
  const real = trained({ data });
  trained({ data: join(workspace, 'other.h5') });
  trained({ data, mixture: '2026-12-01_000000-mix' });
  expect(chooseMakers({ near: true })).toEqual({ data, gan: gan.folder, guide: real });
  expect(chooseMakers({ near: true, guide: mixed }).guide).toBe(mixed);
  expect(chooseMakers({ near: false })).toEqual({ data, gan: gan.folder });
});
