import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { beforeAll, describe, expect, it } from 'vitest';
import { ganConfig } from '../../gan/codec/config.ts';
import { GanTrainer } from '../../gan/codec/trainer.ts';
import { Checkpoints, factsOf, type SavedTraining } from '../../gan/training/checkpoint.ts';
import { launcher } from '../../src/common/paths.ts';
import { Stream } from '../../src/common/stream.ts';
import { temporaryFolder } from '../support/folder.ts';
import { lastLine } from '../support/killed.ts';
import { toySet } from '../support/toy-discs.ts';
import { toyConfig, toyVectors } from '../support/toy-vectors.ts';

const folder = temporaryFolder('gan-kills');
const STEPS = 100;
const settings = {
  ...{ latent: 6, embedding: 8, hidden: 32, components: 12, batch: 16 },
  ...{ steps: STEPS, seed: 4 },
};

/** Trains with checkpoints every 20 steps, tells every step, and at the end the model's digest. */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
const built = (path) => import(process.argv[1] + '/dist/' + path);
const { trainGan } = await built('gan/codec/kind.js');
const { Checkpoints } = await built('gan/training/checkpoint.js');
const { ganConfig } = await built('gan/codec/config.js');
const { kid } = await built('synthetic/metrics/kid.js');
const { model } = await trainGan({
  data: deserialize(readFileSync(process.argv[2])),
  config: ganConfig.parse(JSON.parse(process.argv[3])),
  checkpoints: new Checkpoints(process.argv[4], { every: 20 }),
  watch: kid,
  reportEvery: 1,
  onReport: ({ step }) => console.log(step),
});
console.log(model.digest);
`;
const dataFile = join(folder, 'data.bin');

/** Runs the training; killed when it tells a step. Gives the last line that it told. */
const run = (checkpoints: string, killAt?: number): Promise<string> =>
  lastLine(PROGRAM, [dataFile, JSON.stringify(settings), join(folder, checkpoints)], killAt);

beforeAll(() => {
  execFileSync(process.execPath, [launcher, '--version']); // builds what is not up to date
  writeFileSync(dataFile, serialize({ set: toySet([14, 12, 6]), store: 'toy' }));
}, 120_000);

describe('a training that is killed', () => {
  it('ends, after three kills, with the very weights of one that was not', async () => {
    const whole = await run('whole');
    expect(whole).toMatch(/^[0-9a-f]{64}$/);
    for (const at of [7, 45, 83]) await run('killed', at);
    expect(await run('killed')).toBe(whole);
  }, 240_000);
});

describe('a checkpoint', () => {
  const facts = factsOf(
    { ...ganConfig.parse(settings), watched: true },
    { store: 'toy', materials: toySet([2, 2, 2]).triplets.map(({ material }) => material) },
  );
  const progressOf = (steps: number): SavedTraining => {
    const trainer = new GanTrainer(toyVectors(), toyConfig(), new Stream(1, 'checkpoint'));
    for (let i = 0; i < steps; i++) trainer.update();
    const state = trainer.state();
    trainer.dispose();
    const health = { step: 1, diversity: 0.5, overfitting: 0.2, distance: 0.1, floor: 0 };
    const setback = { trouble: 'collapse', text: 'why', step: 9, back: 1, noise: 0.15 } as const;
    return {
      state,
      history: [{ step: 1, discriminator: 1, generator: 2, real: 3, fake: 4, health }],
      pending: { sums: { discriminator: 1, generator: 2, real: 3, fake: 4 }, count: 2 },
      watch: { best: { health, state }, troubled: 1, setbacks: [setback] },
    };
  };

  it('holds trainer, history and watchdog, best moment included', () => {
    const checkpoints = new Checkpoints(join(folder, 'round-trip'));
    const progress = progressOf(3);
    checkpoints.write(progress, facts);
    expect(checkpoints.newest(facts)).toEqual(progress);
  });

  it('keeps the newest only, and survives a later one that is cut off', () => {
    const checkpoints = new Checkpoints(join(folder, 'kept'), { keep: 2 });
    for (const steps of [1, 2, 3]) checkpoints.write(progressOf(steps), facts);
    expect(checkpoints.files().map((file) => file.slice(-18))).toEqual([
      '000002.safetensors',
      '000003.safetensors',
    ]);
    writeFileSync(join(folder, 'kept', 'step-000004.safetensors.123.tmp'), 'half');
    expect(checkpoints.newest(facts)?.state.step).toBe(3);
  });

  it('of other settings or other data is refused with the difference named', () => {
    const checkpoints = new Checkpoints(join(folder, 'strange'));
    checkpoints.write(progressOf(1), facts);
    const other = { ...facts, config: { ...facts.config, hidden: 64 } };
    expect(() => checkpoints.newest(other)).toThrow('hidden was 32 and is now 64');
    expect(() => checkpoints.newest({ ...facts, data: 'x' })).toThrow('trained on other data');
  });
});
