import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadClassifier } from '../../classifier/load.ts';
import { report } from '../../classifier/metrics.ts';
import { classifierSpec } from '../../classifier/spec.ts';
import { type TrainOptions, trainClassifier } from '../../classifier/train.ts';
import type { ProgressFactory } from '../../src/common/progress.ts';
import { tf } from '../../src/engine/tf.ts';
import { single } from '../support/single.ts';
import { toyExamples } from '../support/toy-examples.ts';

const examples = toyExamples({ counts: [40, 20, 10, 5] });
const validation = toyExamples({ counts: [6, 6, 6, 6], name: 'validation' });
const test = toyExamples({ counts: [10, 10, 10, 10], name: 'test' });
const spec = classifierSpec(examples, { width: 8 });
const options: TrainOptions = { examples, validation, spec, updates: 60, batch: 16, seed: 5 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'classifier-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('learns the toy classes and reads back the same from its folder', async () => {
  const classifier = await trainClassifier(options);
  const probabilities = classifier.predict(test);
  const { macroF1 } = report(probabilities, test.labels, { classes: test.classes });
  expect(macroF1).toBeGreaterThan(0.9);

  await classifier.save(folder);
  const again = await loadClassifier(folder);
  expect(again.digest).toBe(classifier.digest);
  expect(again.predict(test)).toEqual(probabilities);
  expect(again.seen.materials).toEqual([...examples.materials].sort());
  expect(again.training?.history.validation).toHaveLength(8);
  classifier.dispose();
  again.dispose();
});

it('gives the same weights for the same seed and leaves no tensor behind', async () => {
  const before = tf.memory().numTensors;
  const short = { ...options, updates: 12, techniques: ['logit-adjustment', 'flips', 'dilation'] };
  const first = single(await trainClassifier(short));
  const second = single(await trainClassifier(short));
  const other = await trainClassifier({ ...short, seed: 6 });
  expect(second.data.parameters).toEqual(first.data.parameters);
  expect(other.digest).not.toBe(first.digest);
  for (const classifier of [first, second, other]) classifier.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

/** Throws once the given number of updates is done, as a user who presses Ctrl-C. */
const interruptedAfter =
  (updates: number): ProgressFactory =>
  () => {
    let done = 0;
    return {
      advance(steps = 1) {
        done += steps;
        if (done >= updates) throw new Error('stopped');
      },
      done() {},
    };
  };

it('tells that its first update is no measure of its pace, also where it goes on', async () => {
  const calls: string[] = [];
  const progress: ProgressFactory = () => ({
    advance: (steps = 1) => void calls.push(`${steps}`),
    warmed: () => void calls.push('warmed'),
    done() {},
  });
  const checkpoint = { file: join(folder, 'pace.safetensors'), every: 2 };
  const stopped = trainClassifier({
    ...options,
    updates: 6,
    checkpoint,
    progress: interruptedAfter(3),
  });
  await expect(stopped).rejects.toThrow('stopped');
  (await trainClassifier({ ...options, updates: 6, checkpoint, progress })).dispose();
  expect(calls).toEqual(['2', '1', 'warmed', '1', '1', '1']);
});

it('goes on from a checkpoint to exactly the same weights', async () => {
  const techniques = ['class-weights', 'mixup', 'flips'];
  const whole = single(await trainClassifier({ ...options, updates: 24, techniques }));
  const checkpoint = { file: join(folder, 'checkpoint.safetensors'), every: 5 };
  const resumable = { ...options, updates: 24, techniques, checkpoint };
  const stopped = trainClassifier({ ...resumable, progress: interruptedAfter(13) });
  await expect(stopped).rejects.toThrow('stopped');
  const resumed = single(await trainClassifier(resumable));
  expect(resumed.data.parameters).toEqual(whole.data.parameters);
  expect(resumed.data.statistics).toEqual(whole.data.statistics);
  expect(resumed.training!.history).toEqual(whole.training!.history);
  await expect(trainClassifier({ ...resumable, seed: 9 })).rejects.toThrow('other settings');
});

it.each([
  ['no training example', { examples: toyExamples({ counts: [0, 0, 0, 0] }) }],
  ['no validation example', { validation: toyExamples({ counts: [0, 0, 0, 0] }) }],
  ['all of one class', { examples: toyExamples({ counts: [9, 0, 0, 0] }) }],
  ['technique "focl" does not exist \\(did you mean "focal"', { techniques: ['focl'] }],
  ['do not go together', { techniques: ['focal', 'class-weights'] }],
  ['updates = 0 is not a positive', { updates: 0 }],
] as [string, Partial<TrainOptions>][])('refuses with one line: %s', async (message, wrong) => {
  await expect(trainClassifier({ ...options, ...wrong })).rejects.toThrow(new RegExp(message));
});

it('names a smaller batch where memory runs out', async () => {
  const images = (): never => {
    throw new RangeError('Array buffer allocation failed');
  };
  const starved = trainClassifier({ ...options, examples: { ...examples, images } });
  await expect(starved).rejects.toThrow(/memory ran out at batch size 16/);
});
