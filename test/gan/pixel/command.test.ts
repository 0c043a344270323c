import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { storeOfSize } from '../../../gan/pixel/averaged-store.ts';
import { mixCommand } from '../../../src/commands/mix.ts';
import { probeCommand } from '../../../src/commands/probe.ts';
import { sampleCommand } from '../../../src/commands/sample.ts';
import { scoreCommand } from '../../../src/commands/score.ts';
import { trainCommand } from '../../../src/commands/train.ts';
import { openRun } from '../../../src/common/run.ts';
import { openStore } from '../../../src/dataset/store/store.ts';
import { GanWatch } from '../../../src/report/pages/gan-watch.ts';
import { openArchive, writeScored } from '../../../synthetic/archive/archive.ts';
import type { Score } from '../../../synthetic/checks/score.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { toyStore } from '../../support/toy-store.ts';

const folder = temporaryFolder('gan-pixel');
const config = join(folder, 'small.yaml');
let store: string;

beforeAll(async () => {
  process.env.CBED_WORKSPACE = join(folder, 'workspace');
  ({ store } = await toyStore(folder, { counts: [40, 24, 12], size: 32, noise: 5 }));
  writeFileSync(config, 'width: 2\nlatent: 4\nbatch: 4\n');
});
afterEach(() => vi.restoreAllMocks());

/** What the last command said on the side. */
let aside: string[] = [];

/** What a command prints. */
async function run(command: ReturnType<typeof trainCommand>, ...argv: string[]): Promise<string> {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => lines.push(String(line)));
  aside = [];
  vi.spyOn(console, 'error').mockImplementation((line) => aside.push(String(line)));
  await command.exitOverride().parseAsync(argv, { from: 'user' });
  return lines.join('\n');
}

/** The events in a folder for TensorBoard: records of a length, its checksum, text and checksum. */
function eventsIn(path: string): string[] {
  return readdirSync(path).flatMap((name) => {
    const file = readFileSync(join(path, name));
    const events: string[] = [];
    for (let at = 0; at < file.length; ) {
      const length = Number(file.readBigUInt64LE(at));
      events.push(file.toString('latin1', at + 12, at + 12 + length));
      at += length + 16;
    }
    return events;
  });
}

const train = (kind: string, ...rest: string[]) =>
  run(trainCommand(), '--data', store, '--generator', kind, '--classes', 'all', ...rest);
const small = (kind: string, out: string, ...rest: string[]) =>
  train(kind, '--config', config, '--steps', '4', '--out', join(folder, out), ...rest);
const sample = (...rest: string[]) => run(sampleCommand(), '--data', store, ...rest);

describe('gan train and gan sample on pixels', () => {
  it('a run is trained, resumed, sampled, drawn again, scored and mixed', async () => {
    const out = join(folder, 'pixel-run');
    await small('pixel', 'pixel-run');
    expect(aside.join('\n')).toContain(`tensorboard --logdir ${join(out, 'tensorboard')}`);
    await train('pixel', '--resume', out, '--steps', '6');
    const trained = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'));
    expect(trained).toMatchObject({ generator: 'pixel', preset: 'cpu', width: 2 });
    const events = eventsIn(join(out, 'tensorboard'));
    for (const name of ['generator', 'discriminator', 'real', 'fake']) {
      expect(events.filter((event) => event.includes(name)).length).toBeGreaterThan(0);
    }
    await sample('--gan', out, '--count', '6', '--out', join(folder, 'samples'));
    expect(existsSync(join(folder, 'samples', 'samples.png'))).toBe(true);
    const path = join(folder, 'samples', 'synthetic.h5');
    const archive = await openArchive(path);
    archive.passports!.forEach(({ parents, discriminator }) => {
      expect(parents).toEqual([]);
      expect(discriminator).not.toBeNull();
    });
    const again = await sample(
      ...['--gan', out, '--from', path, '--replay', '7', '--out', join(folder, 'again.png')],
    );
    expect(again).toContain('the same to the bit');
    const scored = join(folder, 'scored');
    await run(
      scoreCommand(),
      ...[path, '--updates', '4', '--cas-updates', '0', '--network-updates', '0', '--out', scored],
    );
    // After six steps nothing would be accepted; mixing is what is looked at here.
    const { samples } = JSON.parse(readFileSync(join(scored, 'score.json'), 'utf8')) as Score;
    const accepted = samples.map((one) => ({ ...one, accepted: true, reasons: [] }));
    await writeScored(join(scored, 'scored.h5'), archive, accepted);
    const text = await run(
      mixCommand(),
      ...[join(scored, 'scored.h5'), '--out', join(folder, 'mixed')],
    );
    for (const made of ['scored', 'mixed']) {
      const { data } = JSON.parse(readFileSync(join(folder, made, 'config.json'), 'utf8'));
      expect(data).toBe(store); // the samples remember it
    }
    expect(text).toMatch(/synthetic/);
  });

  it('a pixel run at half the size of its store draws at that size', async () => {
    await small('pixel', 'pixel', '--size', '16');
    const out = join(folder, 'pixel');
    await sample('--gan', out, '--count', '2', '--out', join(folder, 'half'));
    const archive = await openArchive(join(folder, 'half', 'synthetic.h5'));
    expect([archive.size, archive.camera!.size, archive.count]).toEqual([16, 16, 6]);
    expect(archive.passports!.every(({ parents }) => parents.length === 0)).toBe(true);
  });

  it('KID stands among the events for TensorBoard as soon as it is measured', async () => {
    const run = openRun('gan', {}, join(folder, 'watched'));
    const watch = new GanWatch(run, await openStore(store), []);
    watch.begin([]);
    const losses = { discriminator: 1, generator: 2, real: 0, fake: 0 };
    const health = { step: 1, diversity: 1, overfitting: null, distance: 0.125, floor: 0.01 };
    await watch.report({ step: 1, ...losses, health }, () => {
      throw new Error('no sheet is due');
    });
    expect(watch.hint).toContain(`tensorboard --logdir ${run.file('tensorboard')} `);
    const events = eventsIn(run.file('tensorboard'));
    expect(events.filter((event) => event.includes('KID'))).toHaveLength(2); // and its floor
    expect(events.some((event) => event.includes('overfitting'))).toBe(false);
  });

  it('a dry run says what would be trained, with both networks', async () => {
    const text = await train('pixel', '--dry-run', '--json');
    const { settings, plan } = JSON.parse(text);
    expect(settings).toMatchObject({ generator: 'pixel', loss: 'hinge' });
    for (const part of ['generatorParameters', 'discriminatorParameters', 'totalMs', 'bytes']) {
      expect(plan[part]).toBeGreaterThan(0);
    }
  });
});

describe('what cannot be', () => {
  beforeAll(() => small('pixel', 'whole'));

  it.each([
    ['a generator with a typing error', ['pixl'], /did you mean "pixel"/],
    ['a size above the store', ['pixel', '--size', '64'], /64.*32|32.*64/],
    ['a size that no network knows', ['pixel', '--size', '24'], /--size 24.*16, 32, 64, 128/],
    ['another size with the codec', ['codec', '--size', '16'], /--size 16.*32 pixels a side/],
  ])('%s', async (_, [kind, ...rest], words) => {
    await expect(train(kind!, ...rest)).rejects.toThrow(words);
  });

  it('a checkpoint of other networks is not gone on with', async () => {
    const out = join(folder, 'whole');
    const wider = join(folder, 'wider.yaml');
    writeFileSync(wider, 'width: 4\nlatent: 4\nbatch: 4\ngenerator: pixel\n');
    await expect(
      run(trainCommand(), '--data', store, '--resume', out, '--config', wider),
    ).rejects.toThrow(/width was 2 and is now 4/);
  });

  it('boundaries and probes need the codec generator, and say so', async () => {
    const gan = ['--gan', join(folder, 'whole')];
    const words = /a pixel generator has nothing that a boundary search can move/;
    await expect(sample('--near-boundary', ...gan)).rejects.toThrow(words);
    await expect(run(probeCommand(), '--data', store, ...gan)).rejects.toThrow(words);
  });
});

describe('a store averaged down', () => {
  it('has the camera and pixels of one prepared at that size, to rounding', async () => {
    const whole = await openStore(store);
    const half = storeOfSize(whole, 16);
    expect(half.camera.size).toBe(16);
    expect(half.camera.pixel).toBeCloseTo(2 * whole.camera.pixel, 12);
    expect(half.images([3]).length).toBe(16 * 16 * 3);
    // A block of equal pixels keeps its value; any other stays within its extremes.
    const [fine, coarse] = [whole.images([3]), half.images([3])];
    for (let place = 0; place < 16 * 16; place++) {
      const [row, column] = [Math.floor(place / 16), place % 16];
      const block = [0, 1, 32, 33].map((off) => fine[3 * (64 * row + 2 * column + off)]!);
      expect(coarse[3 * place]).toBeLessThanOrEqual(Math.max(...block));
      expect(coarse[3 * place]).toBeGreaterThanOrEqual(Math.min(...block));
    }
    whole.close();
  });
});
