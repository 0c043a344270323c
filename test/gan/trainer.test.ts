import { afterEach, describe, expect, it } from 'vitest';
import { embed, generator, generatorLayout } from '../../gan/codec/networks.ts';
import { GanTrainer } from '../../gan/codec/trainer.ts';
import { BatchSampler, classShares } from '../../gan/training/batches.ts';
import { Stream } from '../../src/common/stream.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';
import { toyConfig, toyVectors } from '../support/toy-vectors.ts';

const trainers: GanTrainer[] = [];
const trainer = (changes: Parameters<typeof toyConfig>[0] = {}, seed = 1): GanTrainer => {
  const made = new GanTrainer(toyVectors(), toyConfig(changes), new Stream(seed, 'test'));
  trainers.push(made);
  return made;
};
afterEach(() => {
  for (const made of trainers.splice(0)) made.dispose();
});
const steps = (gan: GanTrainer, count: number) => Array.from({ length: count }, () => gan.update());

describe('GAN training', () => {
  it('leaves no tensor behind, with the penalty and without it', () => {
    const gan = trainer({ penaltyEvery: 2 });
    steps(gan, 2);
    const before = tf.memory().numTensors;
    steps(gan, 4);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('frees everything it holds', () => {
    const before = tf.memory().numTensors;
    const gan = trainer();
    steps(gan, 1);
    trainers.splice(0)[0]!.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives the same weights for the same seed, others for another', () => {
    const [one, same, other] = [trainer(), trainer(), trainer({}, 2)];
    for (const gan of [one, same, other]) steps(gan, 5);
    expect(same.averaged()).toEqual(one.averaged());
    expect(other.averaged()).not.toEqual(one.averaged());
  });

  it('goes on from a saved state as if it had never stopped', () => {
    const whole = trainer();
    const losses = steps(whole, 11).slice(7);
    const first = trainer();
    steps(first, 7);
    const later = trainer({}, 99);
    later.restore(structuredClone(first.state()));
    expect(steps(later, 4)).toEqual(losses);
    expect(later.state()).toEqual(whole.state());
  });

  it('learns where each class lies', () => {
    const gan = trainer({ generatorRate: 2e-3, discriminatorRate: 4e-3, average: 0.98 });
    steps(gan, 400);
    const data = toyVectors();
    const centres = [0, 1, 2].map((label) => {
      const weights = generatorLayout(gan.shape).unpack(tf.tensor1d(gan.averaged()));
      const codes = tf.tensor2d(data.codes, [3, data.code]).slice([label, 0], [1, -1]);
      const z = tf.tensor2d(new Stream(7, 'z').normals(200 * 6), [200, 6]);
      const embeddings = embed(weights, codes).tile([200, 1]) as Tensor2D;
      return generator(weights, z, embeddings).mean(0).dataSync();
    });
    centres.forEach((centre, label) => {
      for (let i = 0; i < 3; i++) {
        expect(Math.abs(centre[i]! - (i === label ? 3 : 0))).toBeLessThan(0.8);
      }
    });
  });
});

describe('batches', () => {
  it('draw classes with probability sqrt(n), and members of the class asked for', () => {
    const { labels } = toyVectors();
    const sampler = new BatchSampler({ labels, classes: 4, stream: new Stream(1, 'batches') });
    const drawn = sampler.labels(20_000);
    const roots = [60, 20, 5].map(Math.sqrt);
    const total = roots.reduce((a, b) => a + b, 0);
    roots.forEach((root, label) => {
      const share = drawn.filter((d) => d === label).length / drawn.length;
      expect(share).toBeCloseTo(root / total, 1);
    });
    expect(drawn.includes(3)).toBe(false); // a class without members
    const rows = sampler.members(drawn.slice(0, 500));
    rows.forEach((row, i) => {
      expect(labels[row]).toBe(drawn[i]);
    });
  });

  it('give the classes asked for at least half of a batch', () => {
    const shares = classShares([100, 25, 4, 0], new Set([2]));
    expect(shares[2]).toBeCloseTo(0.5, 10);
    expect(shares[0]! / shares[1]!).toBeCloseTo(2, 10);
    expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 10);
    const plenty = classShares([100, 25, 4, 0], new Set([0, 2]));
    expect(plenty[0]).toBeCloseTo(10 / 17, 10);
  });

  it('cannot be drawn from nothing', () => {
    expect(() => classShares([0, 0])).toThrow(/no training/);
  });
});
