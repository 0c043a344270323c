import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../src/common/paths.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import { simulationSchema } from '../../src/simulate/options.ts';
import type { Sample } from '../../src/simulate/sample.ts';
import { simulateTriplets } from '../../src/simulate/triplets.ts';
import { MAGNESIA, SILICON } from '../support/crystals.ts';
import { temporaryFolder } from '../support/folder.ts';

const folder = temporaryFolder('codec');
const FILE = join(folder, 'two.h5');

beforeAll(async () => {
  const samples: Sample[] = [];
  const settings = simulationSchema.parse({ size: 64 });
  for await (const outcome of simulateTriplets([MAGNESIA, SILICON], settings)) {
    if ('ok' in outcome) samples.push(outcome.ok);
  }
  await writeSummit(FILE, samples);
});

function codec(...words: string[]) {
  const launch = join(packageRoot, 'src', 'launch.mjs');
  const env = { ...process.env, CBED_WORKSPACE: join(folder, 'workspace') };
  return spawnSync(process.execPath, [launch, 'data', 'codec', ...words], {
    encoding: 'utf8',
    env,
  });
}

it('round-trips a file, states its quality and draws a picture', () => {
  const picture = join(folder, 'codec.png');
  const ended = codec(FILE, '--size', '64', '--out', picture, '--json');
  expect(ended.stderr).toBe('');
  const told = JSON.parse(ended.stdout);
  expect(told.samples.map(({ material }: { material: string }) => material)).toEqual(['MgO', 'Si']);
  for (const pattern of told.samples.flatMap(({ patterns }: { patterns: object[] }) => patterns)) {
    expect(pattern).toMatchObject({ lattice: 'cell', because: null, apart: true });
    expect(pattern.residualShare).toBeGreaterThan(0);
    expect(pattern.residualShare).toBeLessThan(0.06);
    expect(pattern.lit).toBeLessThanOrEqual(pattern.discs);
  }
  expect(existsSync(picture)).toBe(true);
  expect(readFileSync(picture).subarray(1, 4).toString()).toBe('PNG');
});

it('refuses what holds no triplet, with the name of the file', () => {
  const empty = join(folder, 'empty.h5');
  writeFileSync(empty, 'nothing');
  const ended = codec(empty);
  expect(ended.status).toBe(3);
  expect(ended.stderr).toContain('empty.h5');
  expect(codec(join(folder, 'absent.h5')).status).toBe(3);
});

it('refuses settings that cannot be', () => {
  const ended = codec(FILE, '--samples', '0');
  expect(ended.status).toBe(2);
  expect(ended.stderr).toContain('samples');
});
