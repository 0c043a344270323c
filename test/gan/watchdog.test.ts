import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { generatorLayout } from '../../gan/codec/networks.ts';
import { GanTrainer } from '../../gan/codec/trainer.ts';
import type { LabelledRows, TrainingVectors } from '../../gan/training/batches.ts';
import type { TrainerState } from '../../gan/training/trainer.ts';
import {
  type Health,
  healthOf,
  heldOut,
  troubleOf,
  Watchdog,
} from '../../gan/training/watchdog.ts';
import { Stream } from '../../src/common/stream.ts';
import { tf } from '../../src/engine/tf.ts';
import { kid } from '../../synthetic/metrics/kid.ts';
import { toyConfig, toyVectors } from '../support/toy-vectors.ts';

const trainers: GanTrainer[] = [];
afterEach(() => {
  for (const made of trainers.splice(0)) made.dispose();
});

function trainerOf(training: TrainingVectors = toyVectors(), generatorRate = 2e-3): GanTrainer {
  const rates = { generatorRate, discriminatorRate: 4e-3, average: 0.98, penalty: 0.5 };
  const made = new GanTrainer(training, toyConfig(rates), new Stream(1, 'watched'));
  trainers.push(made);
  return made;
}

const none = { count: 0, width: 8, values: new Float32Array(0), labels: new Int32Array(0) };
const looking = (training = toyVectors(), held: LabelledRows = none) => ({
  training,
  held,
  distance: kid,
  stream: new Stream(5, 'looks'),
});

/** The state of a training that went well, at a step where the watchdog looks. */
let learned: TrainerState;
beforeAll(() => {
  const trainer = trainerOf();
  update(trainer, 250);
  learned = { ...trainer.state(), step: 500 };
});

function learnedTrainer(): GanTrainer {
  const trainer = trainerOf();
  trainer.restore(learned);
  return trainer;
}

const update = (trainer: GanTrainer, count: number): void => {
  for (let i = 0; i < count; i++) trainer.update();
};

/** Cuts the latent vector off: every sample of a class is the same from here on. */
function collapse(trainer: GanTrainer): void {
  const state = trainer.state();
  const layout = generatorLayout(trainer.shape);
  for (const flat of [state.generator, state.average]) {
    const { offset, length } = placeOf(layout, 'first/kernel');
    const { hidden, latent } = trainer.shape;
    flat.fill(0, offset, offset + Math.min(length, latent * hidden));
  }
  trainer.restore(state);
}

function placeOf(layout: ReturnType<typeof generatorLayout>, wanted: string) {
  let offset = 0;
  for (const { name, shape } of layout.specs) {
    const length = shape.reduce((a, b) => a * b, 1);
    if (name === wanted) return { offset, length };
    offset += length;
  }
  throw new Error(`no ${wanted}`);
}

const well: Health = { step: 500, diversity: 0.8, overfitting: 0.4, distance: 0.02, floor: 0.001 };

describe('the watchdog', () => {
  it('finds a training that learned well diverse and near to the real vectors', () => {
    const trainer = trainerOf();
    const before = healthOf(trainer, looking());
    trainer.restore(learned);
    const health = healthOf(trainer, looking());
    expect(health.diversity).toBeGreaterThan(0.3);
    expect(health.distance).toBeLessThan(before.distance / 4);
    expect(troubleOf(health, null)).toBeNull();
  });

  it('changes nothing by looking, and leaves no tensor', () => {
    const [watched, alone] = [trainerOf(), trainerOf()];
    update(watched, 5);
    const tensors = tf.memory().numTensors;
    healthOf(watched, looking());
    expect(tf.memory().numTensors).toBe(tensors);
    update(watched, 5);
    update(alone, 10);
    expect(watched.averaged()).toEqual(alone.averaged());
  });

  it('sees the same twice', () => {
    const trainer = trainerOf();
    update(trainer, 20);
    expect(healthOf(trainer, looking())).toEqual(healthOf(trainer, looking()));
  });

  it('puts held-out materials at 0 where they look like training ones, at 1 where generated', () => {
    const training = toyVectors();
    const labels = training.labels.slice(0, 80);
    // A generator that learns nothing: its vectors are easily told from training ones.
    const trainer = trainerOf(training, 1e-6);
    update(trainer, 120);
    const alike = { count: 80, width: 8, values: training.values.slice(0, 640), labels };
    const generated = { ...trainer.imagine(labels, new Stream(6, 'held')), labels };
    const [near, far] = [alike, generated].map(
      (held) => healthOf(trainer, looking(training, held)).overfitting!,
    );
    expect(near).toBeLessThan(0.5);
    expect(far).toBeGreaterThan(0.7);
    expect(far).toBeLessThan(1.3);
  });

  it.each([
    [{}, null],
    [{ diversity: 0.1 }, 'collapse'],
    [{ diversity: Number.NaN }, 'collapse'],
    [{ overfitting: 0.95 }, 'overfitting'],
    [{ overfitting: null }, null],
    [{ distance: 0.2 }, 'divergence'],
  ])('says of %o: %s', (change, trouble) => {
    expect(troubleOf({ ...well, ...change }, well)?.[0] ?? null).toBe(trouble);
  });

  it('sets a collapsed training back to its best moment, with more noise, and stops the third time', () => {
    const trainer = learnedTrainer();
    const watchdog = new Watchdog(looking());
    expect(watchdog.check(trainer)).toBeNull();
    const best = trainer.state();
    const noise = trainer.inputNoise;
    for (const turn of [1, 2, 3]) {
      update(trainer, 3);
      collapse(trainer);
      expect(watchdog.check(trainer), 'one bad look may be chance').toBeNull();
      const setback = watchdog.check(trainer)!;
      expect(setback).toMatchObject({ trouble: 'collapse', step: 503, back: 500 });
      expect(trainer.averaged()).toEqual(best.average);
      if (turn === 3) expect(setback.noise).toBeNull();
      else expect(setback.noise).toBeCloseTo(noise * 1.5 ** turn, 9);
    }
    expect(watchdog.state.setbacks).toHaveLength(3);
  });
});

describe('materials held out', () => {
  const labels = Int32Array.from({ length: 300 }, (_, row) => (row < 240 ? 0 : row < 295 ? 1 : 2));
  const materials = Array.from(labels, (label, row) => `${label}/${row >> 1}`);
  const held = heldOut(labels, materials, new Stream(1, 'held'));

  it('are whole materials of classes that have many', () => {
    const names = new Set([...held].map((row) => materials[row]!));
    for (const name of names) {
      const rows = [...materials.keys()].filter((row) => materials[row] === name);
      expect(rows.every((row) => held.has(row))).toBe(true);
    }
    expect([...names].filter((name) => name.startsWith('0/'))).toHaveLength(10);
    expect([...names].filter((name) => name.startsWith('1/'))).toHaveLength(2);
    expect([...names].filter((name) => name.startsWith('2/'))).toHaveLength(0);
  });

  it('are none where they would say nothing', () => {
    const few = Array.from({ length: 12 }, (_, row) => `${row}`);
    expect(heldOut(new Int32Array(12), few, new Stream(1, 'few')).size).toBe(0);
  });
});
