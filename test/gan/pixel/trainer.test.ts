import { afterEach, describe, expect, it } from 'vitest';
import { type PixelConfig, pixelConfig, pixelConfigFor } from '../../../gan/pixel/config.ts';
import { trainPixelGan } from '../../../gan/pixel/kind.ts';
import { drawRows, type PixelGenerator } from '../../../gan/pixel/model.ts';
import { lookedAt, PixelTrainer, unitRows } from '../../../gan/pixel/trainer.ts';
import { healthOf } from '../../../gan/training/watchdog.ts';
import { Stream } from '../../../src/common/stream.ts';
import { tf } from '../../../src/engine/tf.ts';
import { kid } from '../../../synthetic/metrics/kid.ts';
import { toyExamples } from '../../support/toy-examples.ts';

const examples = toyExamples({ counts: [24, 12], size: 16, noise: 5 });
const data = { examples, store: 'toy' };
const configOf = (changes: Partial<PixelConfig> = {}): PixelConfig =>
  pixelConfig.parse({
    ...{ latent: 6, embedding: 4, width: 2, batch: 4, penaltyEvery: 2 },
    ...changes,
  });

const trainers: PixelTrainer[] = [];
const trainerOf = (changes: Partial<PixelConfig> = {}, seed = 1): PixelTrainer => {
  const made = new PixelTrainer(data, configOf(changes), new Stream(seed, 'test'));
  trainers.push(made);
  return made;
};
afterEach(() => {
  for (const made of trainers.splice(0)) made.dispose();
});
const steps = (gan: PixelTrainer, count: number) =>
  Array.from({ length: count }, () => gan.update());

describe('training of the generator', () => {
  it.each(['hinge', 'relativistic'] as const)('%s: leaves no tensor behind', (loss) => {
    const before = tf.memory().numTensors;
    const gan = trainerOf({ loss });
    steps(gan, 2); // with the penalty and without it
    const running = tf.memory().numTensors;
    steps(gan, 4);
    gan.imagine([0, 1, 1], new Stream(2, 'look'));
    gan.opinions([unitRows(examples, [0, 30])]);
    expect(tf.memory().numTensors).toBe(running);
    trainers.splice(0)[0]!.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives the same weights for the same seed, others for another', () => {
    const [one, same, other] = [trainerOf(), trainerOf(), trainerOf({}, 2)];
    for (const gan of [one, same, other]) steps(gan, 3);
    expect(same.state()).toEqual(one.state());
    expect(other.averaged()).not.toEqual(one.averaged());
  });

  it('goes on from a saved state as if it had never stopped', () => {
    const whole = trainerOf();
    const losses = steps(whole, 7).slice(4);
    const first = trainerOf();
    steps(first, 4);
    const later = trainerOf({}, 99);
    later.restore(structuredClone(first.state()));
    expect(steps(later, 3)).toEqual(losses);
    expect(later.state()).toEqual(whole.state());
  });
});

/** Distance of two triplets in grey levels. */
const apart = (a: Uint8Array, b: Uint8Array): number =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));

describe('what is learned', () => {
  it('brings samples nearer to their class than untrained ones, and than to the other class', async () => {
    const examples = toyExamples({ counts: [20, 20], size: 16, noise: 5 });
    const data = { examples, store: 'toy' };
    const sizes = { latent: 16, embedding: 8, width: 4, batch: 12, steps: 140 };
    const rates = { generatorRate: 2e-3, discriminatorRate: 2e-3, average: 0.98 };
    const config = pixelConfig.parse({ ...sizes, ...rates, seed: 2 });
    const { model, untrained } = await trainPixelGan({ data, config });
    const distance = async (one: PixelGenerator, label: number, to: number) => {
      const spaceGroup = examples.classes[label]!;
      const { samples } = await one.sample({ wanted: new Map([[spaceGroup, 24]]), seed: 5 });
      const made = samples.map(({ pixels }) => pixels);
      const rows = [...examples.labels.keys()].filter((row) => examples.labels[row] === to);
      const real = rows.map((row) => examples.images([row]));
      const nearest = made.map((image) => Math.min(...real.map((other) => apart(image, other))));
      return nearest.reduce((a, b) => a + b, 0) / nearest.length;
    };
    const all = async (off: number) =>
      (await distance(model, 0, off)) + (await distance(model, 1, (1 + off) % 2));
    const [own, other] = [await all(0), await all(1)];
    const before = (await distance(untrained, 0, 0)) + (await distance(untrained, 1, 1));
    expect(own).toBeLessThan(0.5 * before);
    expect(own).toBeLessThan(other);
    for (const one of [model, untrained]) one.dispose();
  });

  it('is looked at by the watchdog with what it needs', () => {
    const gan = trainerOf();
    steps(gan, 2);
    const held = toyExamples({ counts: [10, 10], size: 16, name: 'held' });
    const looking = lookedAt({ ...data, attention: new Set([1]) }, held, new Stream(1, 'looks'));
    const state = gan.state();
    const look = { ...looking, distance: kid, stream: new Stream(1, 'watchdog') };
    const { step, ...health } = healthOf(gan, look);
    expect(step).toBe(2);
    for (const value of Object.values(health)) expect(Number.isFinite(value)).toBe(true);
    expect(gan.state()).toEqual(state); // a look changes nothing
  });

  it('a loss that is no number stops the training', async () => {
    const config = configOf({ steps: 30, discriminatorRate: 1e30 });
    await expect(trainPixelGan({ data, config })).rejects.toThrow(/loss is/);
  });
});

describe('settings', () => {
  it('the gpu preset takes the relativistic loss, and larger networks', () => {
    const [cpu, gpu] = [pixelConfigFor('cpu').parse({}), pixelConfigFor('gpu').parse({})];
    expect([cpu.loss, gpu.loss]).toEqual(['hinge', 'relativistic']);
    expect(gpu.width).toBeGreaterThan(cpu.width);
  });

  it('draws the same rows in chunks of any length, to rounding', () => {
    const gan = trainerOf();
    const z = new Stream(3, 'z').normals(5 * 6);
    const flat = tf.tensor1d(gan.averaged());
    const codes = tf.tensor2d([1, 0, 1, 0, 1, 1], [2, 3]);
    const wanted = { labels: Int32Array.of(0, 1, 0, 1, 1), z };
    const [all, few] = [5, 2].map((chunk) =>
      drawRows({ shape: gan.shape, flat, codes }, wanted, chunk),
    );
    all!.values.forEach((value, i) => expect(Math.abs(value - few!.values[i]!)).toBeLessThan(1e-5));
  });
});
