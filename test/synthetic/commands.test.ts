import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { loadClassifier } from '../../classifier/load.ts';
import { benchCommand } from '../../src/commands/bench.ts';
import { classifyTrainCommand } from '../../src/commands/classify-train.ts';
import { mixCommand } from '../../src/commands/mix.ts';
import { scoreCommand } from '../../src/commands/score.ts';
import { openStore } from '../../src/dataset/store/store.ts';
import { openArchive, writeArchive } from '../../synthetic/archive/archive.ts';
import type { Score } from '../../synthetic/checks/score.ts';
import { openMixture } from '../../synthetic/mixing/saved-mixture.ts';
import { toyArchive, toyStore } from './toy-store.ts';

const workspace = mkdtempSync(join(tmpdir(), 'workspace-'));
const sample = join(workspace, 'runs', '2026-01-01_000000-sample', 'synthetic.h5');
const scored = join(workspace, 'runs', '2026-01-02_000000-score');

beforeAll(async () => {
  process.env.CBED_WORKSPACE = workspace;
  const store = await toyStore([40, 24, 12]);
  mkdirSync(join(workspace, 'runs'), { recursive: true });
  copyFileSync(store.path, join(workspace, 'prepared.h5'));
  const contents = toyArchive(store, [10, 12, 14]);
  contents.passports.forEach((passport) => {
    passport.accepted = null;
  });
  // Sample 3 is a training triplet; 4 and 5 are one and the same.
  const row = contents.images.length / 36;
  contents.images.set(store.examples('train').images([7]), 3 * row);
  contents.images.copyWithin(5 * row, 4 * row, 5 * row);
  await writeArchive(sample, contents);
  store.close();
});

afterEach(() => vi.restoreAllMocks());

/** What a command prints. */
async function printed(command: ReturnType<typeof mixCommand>, ...argv: string[]): Promise<string> {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => lines.push(String(line)));
  vi.spyOn(console, 'error').mockImplementation(() => {});
  await command.exitOverride().parseAsync(argv, { from: 'user' });
  return lines.join('\n');
}

it('gan score judges the newest archive, catches the copy and the repetition, draws', {
  timeout: 240_000,
}, async () => {
  const text = await printed(
    scoreCommand(),
    ...[
      '--per-class',
      '--updates',
      '25',
      '--cas-updates',
      '15',
      '--network-updates',
      '0',
      '--out',
      scored,
    ],
  );
  for (const words of ['classifier features', 'random convolutions', 'physics descriptors']) {
    expect(text).toContain(words);
  }
  expect(text).toMatch(/Classification accuracy score: \d\S+ (as real|near|far), learned/);
  const said = (metric: string) =>
    new RegExp(`^${metric} .* (as real|near|far)( |$)`, 'm').exec(text)![1];
  expect(readFileSync(join(scored, 'figures', 'floors.svg'), 'utf8')).toContain(
    `>${said('coverage')}<`,
  );
  expect(text).toMatch(/^C2ST .* (tellable|not told) from real/m);
  const score = JSON.parse(readFileSync(join(scored, 'score.json'), 'utf8')) as Score;
  expect(score.samples[3]!.reasons.map((r) => r.kind)).toContain('memorised');
  expect(score.samples[3]!.nearest).toEqual({ material: 'train-14-7', distance: 0 });
  const repeated = [4, 5].map((row) =>
    score.samples[row]!.reasons.some((r) => r.kind === 'repetition'),
  );
  expect(repeated.filter(Boolean)).toHaveLength(1);
  const { sets } = score.spaces[0]!;
  expect(sets.map((set) => set.spaceGroup)).toEqual([null, 14, 62, 225]);
  expect(sets[0]!.metrics.frechet.value).toBeNull();
  expect(sets[0]!.metrics.kid.ratio).toBeGreaterThan(0);
  for (const name of ['gallery', 'realism', 'floors']) {
    expect(existsSync(join(scored, 'figures', `${name}.png`))).toBe(true);
  }
  const judged = await openArchive(join(scored, 'scored.h5'));
  expect(judged.passports![3]!.accepted).toBe(false);
  expect(judged.passports![3]!.reasons[0]).toMatch(/^memorised: 0\.0 grey levels from train-14-7/);
});

it('a second score takes the verifier of the first, trains none and gives the same figures', async () => {
  const again = join(workspace, 'again');
  const flags = ['--updates', '25', '--cas-updates', '0', '--network-updates', '0'];
  const score = async (out: string, ...more: string[]) => {
    await printed(scoreCommand(), '--per-class', ...flags, ...more, '--out', out);
    const said = vi.mocked(console.error).mock.calls.flat().join('\n');
    return { said, ...(JSON.parse(readFileSync(join(out, 'score.json'), 'utf8')) as Score) };
  };
  const second = await score(again);
  const first = JSON.parse(readFileSync(join(scored, 'score.json'), 'utf8')) as Score;
  expect(second.said).toContain(`${join(scored, 'verifier')}: nothing to train`);
  expect(existsSync(join(again, 'verifier'))).toBe(false);
  expect([second.spaces, second.samples]).toEqual([first.spaces, first.samples]);
  await score(join(workspace, 'other'), '--seed', '2');
  expect(existsSync(join(workspace, 'other', 'verifier', 'classifier.safetensors'))).toBe(true);
}, 240_000);

it('gan mix makes a training set that can be opened again and exported', async () => {
  const out = join(workspace, 'mixed');
  const text = await printed(
    mixCommand(),
    join(scored, 'scored.h5'),
    ...['--fill', '30', '--undersample', '25', '--export', 'store', '--out', out],
  );
  expect(text.split('\n')[0]).toMatch(/class +before +real +synthetic +after/);
  const mixture = await openMixture(join(out, 'mixture.json'));
  const [first] = mixture.perClass;
  expect(first).toMatchObject({ spaceGroup: 14, before: 40, real: 25 });
  for (const { real, synthetic } of mixture.perClass)
    expect(real + synthetic).toBeLessThanOrEqual(30);
  const exported = await openStore(join(out, 'mixture.h5'));
  const train = exported.examples('train');
  expect(train.count).toBe(mixture.count);
  expect(train.images([0, train.count - 1])).toEqual(mixture.images([0, mixture.count - 1]));
  expect(exported.indices('test')).toHaveLength(12);
  expect(existsSync(join(out, 'counts.png'))).toBe(true);
});

it('the chain ends in a classifier trained on the mixture, and a study of these samples', async () => {
  const mixed = join(workspace, 'chain');
  const own = join(workspace, 'trained');
  await printed(mixCommand(), join(scored, 'scored.h5'), '--fill', '30', '--out', mixed);
  const updates = ['--updates', '4', '--out', own];
  await printed(classifyTrainCommand(), '--mixture', mixed, ...updates);
  const classifier = await loadClassifier(own);
  const { materials } = await openMixture(join(mixed, 'mixture.json'));
  expect(new Set(classifier.seen.materials)).toEqual(new Set(materials));
  expect(materials.some((name) => name.startsWith('synthetic'))).toBe(true);
  classifier.dispose();
  const shown = await printed(benchCommand(), 'plan', '--synthetic', scored);
  expect(shown).toContain(`npx gan bench run --synthetic ${scored} runs them`);
  const planned = await printed(
    benchCommand(),
    'plan',
    '--synthetic',
    scored,
    '--seeds',
    '2',
    '--json',
  );
  const { study, cells } = JSON.parse(planned);
  expect(study.archive).toBe(join(scored, 'scored.h5'));
  expect(cells).toHaveLength(6);
});

it('gan score accepts crystals by their atoms where that is asked for, but no copies', async () => {
  const store = await openStore(join(workspace, 'prepared.h5'));
  const contents = toyArchive(store, [2, 2, 2]);
  const cifs = Array.from(contents.labels, () => 'data_crystal');
  const row = contents.images.length / 6;
  contents.images.set(store.examples('train').images([7]), 3 * row);
  contents.images.fill(255, 0, row); // no pattern has looked like this
  store.close();
  const [crystals, blind] = [join(workspace, 'crystals.h5'), join(workspace, 'blind.h5')];
  await writeArchive(crystals, { ...contents, cifs });
  await writeArchive(blind, { ...contents, cifs: [null, ...cifs.slice(1)] });
  const quick = [
    '--updates',
    '2',
    '--cas-updates',
    '0',
    '--network-updates',
    '0',
    '--data',
    join(workspace, 'prepared.h5'),
  ];
  const score = async (path: string, by: string, out: string) => {
    const argv = [path, '--accept', by, '--out', join(workspace, out), ...quick];
    const text = await printed(scoreCommand(), ...argv);
    const { passports } = await openArchive(join(workspace, out, 'scored.h5'));
    return { text, accepted: passports!.map((passport) => passport.accepted) };
  };
  const byAtoms = await score(crystals, 'atoms', 'by-atoms');
  const { samples } = JSON.parse(readFileSync(join(workspace, 'by-atoms', 'score.json'), 'utf8'));
  const kinds = (samples as Score['samples']).map(({ reasons }) => reasons.map((r) => r.kind));
  expect(kinds[0]).toEqual([]);
  expect(kinds[3]).toContain('memorised');
  expect(
    ['realism', 'physics', 'verifier'].filter((kind) => kinds.flat().includes(kind as never)),
  ).toEqual([]);
  expect(byAtoms.accepted).toEqual(kinds.map((some) => some.length === 0));
  const many = byAtoms.accepted.filter(Boolean).length;
  expect(byAtoms.text).toContain(`By their atoms ${many} of 6 are accepted`);
  expect(byAtoms.text).toMatch(/next: npx gan mix --undersample 100$/);
  const byChecks = await score(crystals, 'checks', 'by-checks');
  expect(byChecks.text).not.toContain('By their atoms');
  expect(byChecks.accepted[0]).not.toBe(true);
  await expect(score(blind, 'atoms', 'none')).rejects.toThrow(/not every sample is a crystal/);
}, 240_000);

it('gan mix shrinks the largest classes until validation suffers', {
  timeout: 240_000,
}, async () => {
  const out = join(workspace, 'progressive');
  const flags = ['--undersample', 'progressive', '--largest', '1', '--updates', '8', '--out', out];
  await printed(mixCommand(), join(scored, 'scored.h5'), ...flags);
  const [first, second] = (await openMixture(join(out, 'mixture.json'))).perClass;
  expect(first!.real).toBeLessThanOrEqual(40);
  expect(first!.real).toBeGreaterThanOrEqual(10);
  expect(second!.real).toBe(24);
});

it('gan mix writes the Summit layout', async () => {
  const out = join(workspace, 'summit');
  await printed(mixCommand(), join(scored, 'scored.h5'), '--export', 'summit', '--out', out);
  const { readSummit } = await import('../../src/dataset/summit/summit.ts');
  const mixture = await openMixture(join(out, 'mixture.json'));
  let count = 0;
  for await (const found of readSummit([join(out, 'batch_train_0.h5')])) if ('ok' in found) count++;
  expect(count).toBe(mixture.count);
});

it.each([
  [['/no/such.h5'], /no file at \/no\/such\.h5/],
  [['--source', 'everything'], /source = "everything"/],
  [['--weight', '2'], /weight = "2"|weight = 2/],
  [['--undersample', 'mostly'], /strategy "mostly" is unknown/],
])('gan mix %j says what is wrong in one line', async (argv, message) => {
  const given = argv[0]!.startsWith('/') ? argv : [join(scored, 'scored.h5'), ...argv];
  await expect(printed(mixCommand(), ...given)).rejects.toThrow(message);
});

it('gan mix does not take what has not been scored', async () => {
  await expect(printed(mixCommand(), sample)).rejects.toThrow(/has not been scored yet/);
});
