import { describe, expect, it } from 'vitest';
import { classifierSpec } from '../../classifier/spec.ts';
import { chooseTechniques, TECHNIQUES } from '../../classifier/techniques.ts';
import { trainClassifier } from '../../classifier/train.ts';
import type { Examples } from '../../src/dataset/examples.ts';
import { tf } from '../../src/engine/tf.ts';
import { toyExamples } from '../support/toy-examples.ts';

const examples = toyExamples({ counts: [24, 12, 4], size: 16 });
const validation = toyExamples({ counts: [4, 4, 4], size: 16, name: 'validation' });
const spec = classifierSpec(examples, { width: 4 });

/** Cheap settings for techniques that are costly at their defaults. */
const CHEAP: Record<string, string> = {
  crt: 'crt:updates=20',
  'smote-features': 'smote-features:updates=20',
  'borderline-smote-features': 'borderline-smote-features:updates=20',
  ensemble: 'ensemble:members=2:budget=0.5',
  experts: 'experts:budget=0.5',
  'progressive-undersample': 'progressive-undersample:largest=1:factor=0.5',
  active: 'active:start=4:rounds=2',
};

/** Examples that count the rows whose pixels are read. */
function watched(inner: Examples): {
  examples: Examples;
  labelsRead: Set<number>;
  reads: () => number;
} {
  let reads = 0;
  const labelsRead = new Set<number>();
  const images = (rows: ArrayLike<number>) => {
    reads += rows.length;
    for (let i = 0; i < rows.length; i++) labelsRead.add(inner.labels[rows[i]!]!);
    return inner.images(rows);
  };
  return { examples: { ...inner, images }, labelsRead, reads: () => reads };
}

const train = (word: string, given: Partial<Parameters<typeof trainClassifier>[0]> = {}) =>
  trainClassifier({
    examples,
    validation,
    spec,
    techniques: [word],
    updates: 8,
    batch: 12,
    evaluations: 2,
    seed: 3,
    ...given,
  });

describe('the table of techniques', () => {
  it('has one entry a name, with a summary of one line and a source', () => {
    const names = TECHNIQUES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, summary, source } of TECHNIQUES) {
      expect(name).toMatch(/^[a-z-]+$/);
      expect(summary).toMatch(/^\S[^\n]{10,90}$/);
      expect(source.length).toBeGreaterThan(5);
    }
  });
});

describe.each(TECHNIQUES.map(({ name }) => name))('%s', (name) => {
  const word = CHEAP[name] ?? name;

  it('is deterministic, keeps the examples as they are and leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const labels = examples.labels.slice();
    const pixels = examples.images([0, 30]);
    const first = await train(word);
    const second = await train(word);
    expect(second.digest).toBe(first.digest);
    expect(first.seen.materials).toEqual([...examples.materials].sort());
    const probabilities = first.predict(validation);
    expect(probabilities.every((p) => p >= 0 && p <= 1 + 1e-6)).toBe(true);
    first.dispose();
    second.dispose();
    expect(examples.labels).toEqual(labels);
    expect(examples.images([0, 30])).toEqual(pixels);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('learns from every class of the training examples', async () => {
    const { examples: seen, labelsRead } = watched(examples);
    (await train(word, { examples: seen })).dispose();
    expect([...labelsRead].sort()).toEqual([0, 1, 2]);
  });
});

it.each([
  ['focl', 'did you mean "focal"'],
  ['focal:gama=1', 'did you mean "gamma"'],
  ['focal:gamma=high', 'gamma=high is not a number'],
  ['oversample:target=middel', 'did you mean "middle"'],
  ['active:strategy=badg', 'did you mean "badge"'],
  ['tau-norm:tau=9', 'neither auto nor between 0 and 2'],
  ['ensemble:members=1', 'not a whole number of at least 2'],
  ['ensemble:budget=2', 'not above 0 and up to 1'],
])('refuses %s and says what is meant', async (word, message) => {
  await expect(train(word)).rejects.toThrow(message);
});

it.each([
  [['focal', 'class-weights'], 'both set the loss'],
  [['oversample', 'smote'], 'both set the sampler'],
  [['crt', 'tau-norm'], 'both set the head'],
  [['ldam-drw', 'crt'], 'both set the head'],
  [['mixup', 'mixup-drw'], 'both set the mixing'],
  [['mixup-drw', 'logit-adjustment'], 'both set the loss'],
  [['experts', 'ensemble'], 'both set the ensemble'],
  [['flips', 'flips'], 'given twice'],
])('refuses %j together', (words, message) => {
  expect(() => chooseTechniques(words)).toThrow(message);
});

it('takes techniques of different roles together', () => {
  const words = ['plain', 'logit-adjustment:tau=1.5', 'oversample', 'mixup', 'flips', 'dilation'];
  const chosen = chooseTechniques([...words, 'crt', 'ensemble']);
  expect(chosen.map(({ technique }) => technique.name)).toHaveLength(7);
  expect(chosen[0]!.settings).toEqual({ tau: 1.5, synthetic: 0 });
});
