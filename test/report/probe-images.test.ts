import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { classifierSpec } from '../../classifier/spec.ts';
import { trainClassifier } from '../../classifier/train.ts';
import { probeCommand } from '../../src/commands/probe.ts';
import { temporaryFolder } from '../support/folder.ts';
import { toyStore } from '../synthetic/toy-store.ts';

const workspace = temporaryFolder('probe');
const classifier = join(workspace, 'runs', '2026-01-01_000000-classifier');
let mine: string;

beforeAll(async () => {
  vi.stubEnv('CBED_WORKSPACE', workspace);
  const store = await toyStore([8, 6, 4]);
  const trained = await trainClassifier({
    ...{ examples: store.examples('train'), validation: store.examples('validation') },
    ...{ spec: classifierSpec(store), updates: 10, batch: 8, seed: 2 },
  });
  mkdirSync(classifier, { recursive: true });
  await trained.save(classifier);
  trained.dispose();
  mine = (await toyStore([5, 5, 5], 'mine')).path;
}, 60_000);

afterEach(() => vi.restoreAllMocks());

async function printed(...argv: string[]): Promise<string> {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => lines.push(String(line)));
  await probeCommand().exitOverride().parseAsync(argv, { from: 'user' });
  return lines.join('\n');
}

it('draws the boundary of a classifier on images of one’s own, without a generator', async () => {
  const out = join(workspace, 'drawn');
  const text = await printed('--from', mine, '--pair', '62:14', '--side', '8', '--out', out);
  expect(text).toContain('pair 62:14');
  for (const name of ['plane', 'margins', 'embedding', 'pairs']) {
    expect(existsSync(join(out, `${name}.png`))).toBe(true);
    expect(existsSync(join(out, `${name}.svg`))).toBe(true);
  }
  expect(readFileSync(join(out, 'plane.svg'), 'utf8')).toContain('space groups 62 and 14');
});

it('takes the most confused pair where none is named', async () => {
  const out = join(workspace, 'confused');
  const result = JSON.parse(await printed('--from', mine, '--side', '6', '--out', out, '--json'));
  expect(result.pair).toHaveLength(2);
  expect([14, 62, 225]).toEqual(expect.arrayContaining(result.pair));
});

it.each([
  [['--pair', '14:15'], /does not know space group 15.*14, 62, 225/s],
  [['--pair', '14:14'], /same class twice|two different/],
  [['--from', 'nothing.h5'], /nothing\.h5/],
])('says in one line what is wrong with %s', async (argv, message) => {
  await expect(printed('--from', mine, ...argv)).rejects.toThrow(message);
});
